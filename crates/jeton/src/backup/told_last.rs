//! Which targets a data folder shipped to, and which of them was told last that a server of it runs: a line each in the data folder, which
//! is mounted nowhere else. A target that was told last may say that nothing came after what it has; the others were told better.

use std::fs;
use std::io;
use std::path::Path;

/// The file: the target that was told last is in its last line.
const NAME: &str = "jeton.backup-targets";

/// How many targets are remembered.
const TARGETS: usize = 16;

/// The place of a server that ships nowhere.
pub(super) const NOWHERE: &str = "none";

/// A target that was told of this folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Where it was, in one line.
    pub(super) place: String,
    /// The number of its mark; `None`: an older program began it.
    pub(super) number: Option<String>,
    /// What its end may say.
    pub(super) word: Word,
}

/// What the end of a target may say of what came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// That nothing did.
    Final,
    /// Nothing: it may be taken away at any time.
    Silent,
    /// That nothing did: this folder was made of it, and told it nothing yet.
    MadeOfIt,
}

impl Told {
    /// Whether it is the target of this number, which lies at this place.
    pub(super) fn is(&self, number: &str, place: &str) -> bool {
        self.number.as_deref().map_or(self.place == place, |own| own == number)
    }

    fn parse(line: &str) -> Told {
        let mut parts = line.split('\t');
        let (place, number, word) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let word = match word {
            Some("silent") => Word::Silent,
            Some("made_of_it") => Word::MadeOfIt,
            _ => Word::Final,
        };
        Told { place: absolute(place), number: number.filter(|number| *number != "-").map(str::to_owned), word }
    }

    fn line(&self) -> String {
        let word = match self.word {
            Word::Final => "final",
            Word::Silent => "silent",
            Word::MadeOfIt => "made_of_it",
        };
        format!("{}\t{}\t{word}\n", self.place, self.number.as_deref().unwrap_or("-"))
    }
}

/// A place in one line, whatever folder the process works in.
pub(super) fn absolute(place: &str) -> String {
    let is_folder = !place.contains("://") && place != NOWHERE;
    let whole = is_folder.then(|| std::path::absolute(place).ok()).flatten().map(|path| path.display().to_string());
    whole.as_deref().unwrap_or(place).chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// All that are remembered, the one that was told last as the last.
///
/// # Errors
/// The file is there and cannot be read: which target must hear that another takes its place is not known.
pub(super) fn read(data: &Path) -> io::Result<Vec<Told>> {
    let text = match fs::read_to_string(data.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    Ok(text.lines().filter(|line| !line.is_empty()).map(Told::parse).collect())
}

/// The same, with words for people.
///
/// # Errors
/// In words, with what to do.
pub(super) fn read_or_say(data: &Path) -> Result<Vec<Told>, String> {
    read(data).map_err(|error| {
        format!(
            "{}: {error}. It says which backup target was told last that this folder is served: mend the disk or the file's owner; nothing is \
             served until it can be read",
            data.join(NAME).display()
        )
    })
}

/// Remembers which was told last. It is on the disk then.
///
/// # Errors
/// When it cannot be written: nothing may be acknowledged by that target.
pub(super) fn remember(data: &Path, last: &Told) -> io::Result<()> {
    let mut all = read(data)?;
    if all.last() == Some(last) {
        return Ok(());
    }
    all.retain(|other| other.place != last.place || (other.number.is_some() && other.number != last.number));
    all.push(last.clone());
    let text: String = all.iter().skip(all.len().saturating_sub(TARGETS)).map(Told::line).collect();
    write(data, &text)
}

/// As a whole, or not at all.
fn write(data: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let (path, new) = (data.join(NAME), data.join(format!("{NAME}.new")));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    fs::rename(&new, path)?;
    fs::File::open(data)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(place: &str, number: Option<&str>, word: Word) -> Told {
        Told { place: place.into(), number: number.map(str::to_owned), word }
    }

    #[test]
    fn the_target_that_was_told_last_is_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        // As an older program left it.
        fs::write(data.join(NAME), "s3://a/b\n/mnt/one\n").unwrap();
        assert_eq!(read(data).unwrap(), [told("s3://a/b", None, Word::Final), told("/mnt/one", None, Word::Final)]);
        for (last, expected) in [
            // It gets a number.
            (told("/mnt/one", Some("1"), Word::Final), &["s3://a/b", "/mnt/one 1"][..]),
            // Another disk at one place, and the first again.
            (told("/mnt/one", Some("2"), Word::Silent), &["s3://a/b", "/mnt/one 1", "/mnt/one 2"]),
            (told("/mnt/one", Some("1"), Word::MadeOfIt), &["s3://a/b", "/mnt/one 2", "/mnt/one 1"]),
            (told(NOWHERE, None, Word::Silent), &["s3://a/b", "/mnt/one 2", "/mnt/one 1", "none"]),
            (told(NOWHERE, None, Word::Silent), &["s3://a/b", "/mnt/one 2", "/mnt/one 1", "none"]),
        ] {
            remember(data, &last).unwrap();
            let all = read(data).unwrap();
            assert_eq!(all.last(), Some(&last));
            let shown = |told: &Told| told.number.as_ref().map_or(told.place.clone(), |number| format!("{} {number}", told.place));
            assert_eq!(all.iter().map(shown).collect::<Vec<_>>(), expected);
        }
        for number in 0..40 {
            remember(data, &told(&format!("/mnt/{number}"), Some("7"), Word::Final)).unwrap();
        }
        assert_eq!(read(data).unwrap().len(), TARGETS);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_no_target() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
        fs::write(folder.path().join(NAME), b"/mnt/one\t1\tfinal\n\xff").unwrap();
        assert!(read(folder.path()).is_err() && remember(folder.path(), &told("/mnt/two", None, Word::Final)).is_err());
        assert!(read_or_say(folder.path()).unwrap_err().contains("nothing is served until it can be read"));
    }

    #[test]
    fn a_target_is_known_by_its_number_and_one_of_before_by_its_place() {
        let check = |told: &Told, number: &str, place: &str, expected: bool| assert_eq!(told.is(number, place), expected, "{told:?}");
        let (numbered, former) = (told("/mnt/one", Some("1"), Word::Final), told("/mnt/one", None, Word::Final));
        check(&numbered, "1", "/mnt/elsewhere", true);
        check(&numbered, "2", "/mnt/one", false);
        check(&former, "2", "/mnt/one", true);
        check(&former, "2", "/mnt/two", false);
        assert_eq!(absolute("a\tb/../c"), absolute("a b/../c"));
    }
}
