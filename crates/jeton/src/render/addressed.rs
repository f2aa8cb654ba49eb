//! Commands in what is told, with the data folder that they are about: whoever copies one must reach the server that it was told of.

/// What ends a command within what a shell reads: the data folder is named before it.
const ENDS: [&str; 6] = [" | ", " > ", " < ", " && ", "    #", " \\"];

/// A text in which every command names this folder, a word of a shell: those between backticks, and those that have a line of their own.
pub(crate) fn addressed(text: &str, data: &str) -> String {
    let lines = text.split('\n').map(|line| match line.trim_start() {
        command if command.starts_with("jeton ") && line.starts_with("  ") => {
            format!("{}{}", &" ".repeat(line.len() - command.len()), named(command, data))
        }
        command if command.starts_with("command  jeton ") => named(line, data),
        _ => between_backticks(line, data),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn between_backticks(line: &str, data: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    // What is behind the last one, of an odd number, is not closed.
    let closed = parts.len() - 1 + parts.len() % 2;
    let is_command = |place: usize, part: &str| place % 2 == 1 && place < closed && part.starts_with("jeton ");
    let parts = parts.iter().enumerate().map(|(place, part)| if is_command(place, part) { named(part, data) } else { (*part).to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

/// A command that names the folder; one that says where it goes, or only asks for help, stays as it is.
fn named(command: &str, data: &str) -> String {
    let says = |word: &str| {
        command.split_whitespace().any(|said| said == word || said.strip_prefix(word).is_some_and(|rest| rest.starts_with('=')))
    };
    let is_everywhere = ["jeton jwt ", "jeton version", "jeton completions"].iter().any(|one| command.contains(one));
    if is_everywhere || command.contains('…') || ["--data", "--server", "--from", "--help"].into_iter().any(says) {
        return command.to_owned();
    }
    let end = ENDS.iter().filter_map(|end| command.find(end)).min().unwrap_or(command.len());
    let (before, behind) = command.split_at(end);
    format!("{before} --data {data}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_folder() {
        for (text, expected) in [
            ("refused until `jeton backup restore accept-gap`.", "refused until `jeton backup restore accept-gap --data r2`."),
            ("`jeton doctor` or `jeton check`, not `c`", "`jeton doctor --data r2` or `jeton check --data r2`, not `c`"),
            ("Make one:\n  jeton key create --owner x\n", "Make one:\n  jeton key create --owner x --data r2\n"),
            ("  jeton role create \\\n      --scope a", "  jeton role create --data r2 \\\n      --scope a"),
            ("`jeton audit checkpoint > kept.txt`", "`jeton audit checkpoint --data r2 > kept.txt`"),
            ("command  jeton api update a:b", "command  jeton api update a:b --data r2"),
            ("`jeton serve --data=other`, `jeton --help`", "`jeton serve --data=other`, `jeton --help`"),
            ("`jeton jwt decode -`, `jeton … -`", "`jeton jwt decode -`, `jeton … -`"),
            ("`jeton backup verify --from TARGET`", "`jeton backup verify --from TARGET`"),
            ("an open `jeton check", "an open `jeton check"),
            ("jeton serves, says jeton", "jeton serves, says jeton"),
            ("", ""),
        ] {
            assert_eq!(addressed(text, "r2"), expected);
        }
    }
}
