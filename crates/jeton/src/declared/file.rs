use std::fmt::Write as _;
use std::path::PathBuf;

use jeton_core::pasted::holds_credential;

use super::{Client, Declared, Role, Thing};
use crate::commands::failure::Failure;
use crate::commands::input;

const TABLES: &str = "the tables are [[api]], [[client]], [[group]], [[role]] and [[policy]]; see what `jeton export` prints";

/// Reads files and folders of files, `*.toml`, as one declaration.
///
/// # Errors
/// Where one cannot be read or is no declaration, with the place; where two say something of the same thing.
pub(crate) fn read(sources: &[PathBuf]) -> Result<Declared, Failure> {
    let mut whole = Declared::default();
    let mut named: Vec<(Thing, String)> = Vec::new();
    for source in sources.iter().map(files).collect::<Result<Vec<_>, _>>()?.iter().flatten() {
        let name = source.display().to_string();
        let declared = parse(&input::text(source, "the declaration")?, &name)?;
        let faults = declared.role.iter().find_map(Role::fault).or_else(|| declared.client.iter().find_map(Client::fault));
        if let Some(fault) = faults {
            return Err(Failure::usage(format!("{name}: {fault}"), TABLES));
        }
        for thing in declared.things() {
            if let Some((_, other)) = named.iter().find(|(known, _)| known.noun == thing.noun && known.key == thing.key) {
                let place = if *other == name { format!("{name} says it twice") } else { format!("{other} and {name} both do") };
                return Err(Failure::usage(
                    format!("who declares the {} {}? {place}", thing.noun.name(), thing.name()),
                    "one table for each thing: put what they say into one of them",
                ));
            }
            named.push((thing, name.clone()));
        }
        whole.api.extend(declared.api);
        whole.client.extend(declared.client);
        whole.group.extend(declared.group);
        whole.role.extend(declared.role);
        whole.policy.extend(declared.policy);
    }
    Ok(whole)
}

/// A declaration as a file.
///
/// # Errors
/// When it cannot be written as TOML.
pub(crate) fn write(declared: &Declared) -> Result<String, Failure> {
    let mut text = String::from("# What `jeton export` found. `jeton diff FILE` compares, `jeton apply FILE` makes it so.\n");
    let tables = toml::to_string_pretty(&declared.without_empty_claims());
    let tables =
        tables.map_err(|error| Failure::could_not(format!("this cannot be written as a file: {error}"), "use `jeton request GET …`"))?;
    // Writing into a text cannot fail.
    let _ = write!(text, "\n{tables}");
    Ok(text)
}

/// Reads the text of a file of this name.
///
/// # Errors
/// Where it is no declaration, with the place.
pub(crate) fn parse(text: &str, name: &str) -> Result<Declared, Failure> {
    // Before it is read: what is declared is shown, and kept.
    if let Some(line) = text.lines().position(holds_credential) {
        let sentence = format!("{name}, line {}: there is a token, key or secret in it: it would be kept for good, and shown", line + 1);
        return Err(Failure::usage(sentence, "take it out, and end it: whoever has the file knows it"));
    }
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}, line {line}"));
        Failure::usage(format!("{place}: {}", error.message()), TABLES)
    })
}

/// A file, or those of a folder by name.
fn files(source: &PathBuf) -> Result<Vec<PathBuf>, Failure> {
    if !source.is_dir() {
        return Ok(vec![source.clone()]);
    }
    let unread = |error: std::io::Error| Failure::could_not(format!("{} cannot be read: {error}", source.display()), "name another folder");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(source).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::usage(
            format!("there is no *.toml in {}", source.display()),
            "`jeton export --file FOLDER/jeton.toml` makes one",
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, text).unwrap();
        let failure = read(&[path]).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        let said = failure.to_string().replace(&format!("{}/", folder.path().display()), "");
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        refused("[[api]]\naudience = 'a:b'\ncolour = 'red'\n", "a.toml, line 3: unknown field `colour`");
        refused("[[apis]]\naudience = 'a:b'\n", "a.toml, line 1: unknown field `apis`");
        refused("[[api]]\nname = 'x'\n", "a.toml, line 1: missing field `audience`");
        refused("[[role]]\nname = 'x'\n", "a.toml: missing field `audience` of a role");
        refused("[[role]]\nbuilt_in = 'owner'\nscope = []\n", "a.toml: a role with `built_in` has `groups`, and nothing else");
        refused(
            "[[role]]\nbuilt_in = 'owner'\n[[role]]\nbuilt_in = 'owner'\n",
            "who declares the role owner of Jeton? a.toml says it twice",
        );
        refused("[[group]]\nname = 'x'\n[[group]]\nname = 'x'\n", "who declares the group x? a.toml says it twice");
        for owner in ["user:ada", "group:", "external:acme", ""] {
            refused(&format!("[[client]]\nname = 'x'\nowner = '{owner}'\n"), "a.toml: the `owner` of a client is a group here");
        }
        refused("[[client]]\nname = 'x'\nclient_secret = 'y'\n", "a.toml, line 3: unknown field `client_secret`");
    }

    #[test]
    fn a_folder_is_all_of_its_files() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b.toml", "[[group]]\nname = 'b'\n"), ("a.toml", "[[group]]\nname = 'a'\n"), ("c.txt", "no")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let declared = read(&[folder.path().to_owned()]).unwrap();
        assert_eq!(declared.group.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let written = write(&declared).unwrap();
        assert_eq!(toml::from_str::<Declared>(&written).unwrap(), declared);
        std::fs::write(folder.path().join("d.toml"), "[[group]]\nname = 'a'\n").unwrap();
        let failure = read(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(failure.contains("a.toml") && failure.contains("d.toml both do"), "{failure}");
    }
}
