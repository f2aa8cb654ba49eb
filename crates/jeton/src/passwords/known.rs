//! Passwords that others know, in a local file: either their SHA-1 in order, as Have I Been Pwned hands them out, which is searched where it lies,
//! or the passwords themselves, one a line, of which the beginnings of their hashes are kept in memory. Nothing is asked of anybody else.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use jeton_core::password::acceptable::{CHARACTERS_MAX, CHARACTERS_MIN};

/// How many passwords are kept in memory: 32 MiB of them.
const PASSWORDS_MAX: usize = 4_000_000;
/// The longest line that is looked at: a password of the most characters.
const LINE_BYTES_MAX: usize = CHARACTERS_MAX * 4;
/// At how many places of a list of hashes its order is looked at.
const PLACES: u64 = 256;
/// The longest line of a list of hashes: 40 digits, a count and an end.
const HASH_LINE_BYTES: usize = 64;
const HASH_DIGITS: usize = 40;

type Hash = [u8; 20];

/// A list of passwords that others know.
pub(crate) struct KnownPasswords(List);

enum List {
    /// Lines in order, searched in the file.
    Hashes(HashFile),
    /// The beginnings of hashes, in order.
    Beginnings(Vec<u64>),
}

/// A file of lines `SHA1` or `SHA1:COUNT` in the order of their hashes.
struct HashFile {
    file: File,
    bytes: u64,
}

impl KnownPasswords {
    /// Opens a list, and looks whether it is one.
    ///
    /// # Errors
    /// In words for people: what is wrong with it, and what to do.
    pub(crate) fn open(path: &Path) -> Result<KnownPasswords, String> {
        let named = |problem: String| format!("`password_list_file` is {}: {problem}", path.display());
        let unread = |error: io::Error| named(format!("it cannot be read: {error}; name a file that this server may read"));
        let file = File::open(path).map_err(unread)?;
        let about = file.metadata().map_err(unread)?;
        if !about.is_file() {
            return Err(named("it is no file; name one of passwords, or of their SHA-1".to_owned()));
        }
        let mut reader = BufReader::new(&file);
        let first = reader.fill_buf().map_err(unread)?;
        if first.contains(&0) {
            return Err(named("it is no text; unpack it first".to_owned()));
        }
        let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if is_of_other_hashes(line) {
            return Err(named("its hashes are no SHA-1 (of NTLM, say); take the list of SHA-1, ordered by hash".to_owned()));
        }
        let list = if hash_of(line).is_some() {
            let hashes = HashFile { bytes: about.len(), file };
            hashes.look().map_err(|error| named(error.to_string()))?;
            List::Hashes(hashes)
        } else {
            List::Beginnings(beginnings(reader).map_err(|error| named(error.to_string()))?)
        };
        Ok(KnownPasswords(list))
    }

    /// Whether a password is in it.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub(crate) fn has(&self, password: &str) -> io::Result<bool> {
        let wanted = sha1(password.as_bytes());
        match &self.0 {
            List::Hashes(hashes) => hashes.has(&wanted),
            List::Beginnings(known) => Ok(known.binary_search(&beginning(&wanted)).is_ok()),
        }
    }
}

impl HashFile {
    fn has(&self, wanted: &Hash) -> io::Result<bool> {
        // Where it is in the list, its line begins between these.
        let (mut low, mut high) = (0, self.bytes);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.line_from(middle)?.filter(|line| line.begins < high) {
                None => high = middle,
                Some(line) if line.hash == *wanted => return Ok(true),
                Some(line) if line.hash < *wanted => low = line.ends,
                Some(_) => high = middle,
            }
        }
        Ok(false)
    }

    /// Whether it is in order, as far as some of its lines say.
    fn look(&self) -> io::Result<()> {
        let mut before: Option<Hash> = None;
        for place in 0..=PLACES {
            let offset = u64::try_from(u128::from(self.bytes) * u128::from(place) / u128::from(PLACES)).unwrap_or(self.bytes);
            let Some(line) = self.line_from(offset)? else { continue };
            if before.is_some_and(|before| before > line.hash) {
                return Err(io::Error::other("its hashes are not in order; take the list that is ordered by hash, or `LC_ALL=C sort` it"));
            }
            before = Some(line.hash);
        }
        Ok(())
    }

    /// The first line that begins at a place or behind it.
    fn line_from(&self, place: u64) -> io::Result<Option<HashLine>> {
        let mut room = [0; 2 * HASH_LINE_BYTES];
        // The end of the line before shows where one begins.
        let from = place.saturating_sub(1);
        let read = read_at(&self.file, &mut room, from)?;
        let read = room.get(..read).unwrap_or_default();
        let skipped = match place {
            0 => 0,
            _ => match read.iter().position(|byte| *byte == b'\n') {
                Some(end) => end + 1,
                // The rest of the last line, which has no end.
                None if read.len() <= HASH_LINE_BYTES => return Ok(None),
                None => return Err(no_hash(place)),
            },
        };
        let rest = read.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let hash = rest.get(..length).and_then(hash_of).ok_or_else(|| no_hash(place))?;
        let at = |place: usize| from.saturating_add(u64::try_from(place).unwrap_or(u64::MAX));
        Ok(Some(HashLine { hash, begins: at(skipped), ends: at(skipped + length + 1) }))
    }
}

struct HashLine {
    hash: Hash,
    begins: u64,
    ends: u64,
}

fn no_hash(place: u64) -> io::Error {
    io::Error::other(format!("near byte {place} there is a line that is no SHA-1; fetch the list again"))
}

/// As much as there is: a file that ends gives less.
fn read_at(file: &File, mut room: &mut [u8], mut from: u64) -> io::Result<usize> {
    let mut all = 0;
    while !room.is_empty() {
        let read = match file.read_at(room, from) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        (all, from) = (all + read, from.saturating_add(u64::try_from(read).unwrap_or(u64::MAX)));
        room = room.get_mut(read..).unwrap_or_default();
    }
    Ok(all)
}

/// The beginnings of the hashes of passwords, one a line, in any order. What is too short to be taken is passed over: nobody has it.
fn beginnings(mut reader: impl io::BufRead) -> io::Result<Vec<u64>> {
    let (mut known, mut line) = (Vec::new(), Vec::new());
    let mut is_first = true;
    loop {
        line.clear();
        if io::Read::take(&mut reader, u64::try_from(LINE_BYTES_MAX + 2).unwrap_or(u64::MAX)).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.ends_with(b"\n") && line.len() > LINE_BYTES_MAX + 1 {
            // Longer than any password that is taken.
            reader.skip_until(b'\n')?;
            continue;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = if is_first { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        is_first = false;
        if text.len() < CHARACTERS_MIN {
            continue;
        }
        if known.len() >= PASSWORDS_MAX {
            return Err(io::Error::other(
                "it has more than 4,000,000 passwords of 8 characters or more; take its first lines (`head -n 4000000`), or a list of SHA-1 \
                 ordered by hash, which may be as long as it likes",
            ));
        }
        known.push(beginning(&sha1(text)));
    }
    if known.is_empty() {
        return Err(io::Error::other("it has no password of 8 characters or more; write one a line"));
    }
    known.sort_unstable();
    known.dedup();
    known.shrink_to_fit();
    Ok(known)
}

fn beginning(hash: &Hash) -> u64 {
    hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn sha1(text: &[u8]) -> Hash {
    let mut hash = [0; 20];
    hash.iter_mut().zip(digest(&SHA1_FOR_LEGACY_USE_ONLY, text).as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// The hash of a line `SHA1` or `SHA1:COUNT`, with either end.
fn hash_of(line: &[u8]) -> Option<Hash> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (digits, rest) = line.split_at_checked(HASH_DIGITS)?;
    let is_count = |rest: &[u8]| rest.strip_prefix(b":").is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit));
    if !(rest.is_empty() || is_count(rest)) {
        return None;
    }
    let mut hash = [0; 20];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let text = std::str::from_utf8(pair).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(text, 16).ok()?;
    }
    Some(hash)
}

/// Whether a line is a hash of another length, with a count: what is handed out of NTLM.
fn is_of_other_hashes(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut parts = line.split(|byte| *byte == b':');
    let (digits, count) = (parts.next().unwrap_or_default(), parts.next());
    let is_digits = matches!(digits.len(), 32 | 64) && digits.iter().all(u8::is_ascii_hexdigit);
    is_digits && count.is_none_or(|count| count.iter().all(u8::is_ascii_digit)) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn opened(content: &[u8]) -> Result<KnownPasswords, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, content).unwrap();
        KnownPasswords::open(&path)
    }

    fn hashed(passwords: &[&str], end: &str) -> String {
        let mut hashes: Vec<String> = passwords
            .iter()
            .map(|password| {
                sha1(password.as_bytes()).iter().fold(String::new(), |mut text, byte| {
                    let _ = write!(text, "{byte:02X}");
                    text
                })
            })
            .collect();
        hashes.sort();
        hashes.iter().map(|hash| format!("{hash}{end}")).collect()
    }

    #[test]
    fn what_is_in_a_list_is_known_whatever_the_list_looks_like() {
        let passwords: Vec<String> = (0..1_000).map(|number| format!("password {number}")).collect();
        let passwords: Vec<&str> = passwords.iter().map(String::as_str).collect();
        // The hash of `password`, as everybody knows it.
        assert!(hashed(&["password"], "").starts_with("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"));
        for end in [":3\r\n", ":123456789\n", "\n", ":1\n"] {
            for count in [1, 2, 3, 10, 999, 1_000] {
                let text = hashed(&passwords[..count], end);
                for text in [text.clone(), text.to_lowercase(), text.trim_end().to_owned()] {
                    let list = opened(text.as_bytes()).unwrap();
                    assert!(passwords[..count].iter().all(|password| list.has(password).unwrap()), "{count} {end:?}");
                    assert!(!list.has("password").unwrap() && !list.has("").unwrap() && !list.has("password 1000").unwrap());
                }
            }
        }
        for end in ["\n", "\r\n"] {
            let text = passwords.join(end);
            for text in [format!("{text}{end}"), text.clone(), format!("\u{feff}{text}"), format!("short{end}{end}{text}")] {
                let list = opened(text.as_bytes()).unwrap();
                assert!(passwords.iter().all(|password| list.has(password).unwrap()), "{end:?}");
                assert!(!list.has("password").unwrap() && !list.has("short").unwrap() && !list.has("Password 1").unwrap());
            }
        }
        // Not all who wrote lists wrote UTF-8, and some lines are no passwords at all.
        let long = [b"caf\xe9 cafe\n".as_slice(), &[b'x'; 5_000], b"\nlonger than most\n"].concat();
        let list = opened(&long).unwrap();
        assert!(list.has("longer than most").unwrap() && !list.has(&"x".repeat(1_024)).unwrap());
    }

    #[test]
    fn what_is_no_list_says_what_to_do() {
        #[track_caller]
        fn check(content: &[u8], expected: &str) {
            let Err(problem) = opened(content) else { panic!("it is taken") };
            assert!(problem.starts_with("`password_list_file` is ") && problem.contains(expected), "{problem}");
        }
        check(b"", "it has no password of 8 characters or more; write one a line");
        check(b"short\n\n", "write one a line");
        check(b"\x1f\x8b\x08\x00\x00\x00", "unpack it first");
        check(b"8846F7EAEE8FB117AD06BDD830B7586C:9\n0000", "its hashes are no SHA-1");
        let ordered = hashed(&["a", "b", "c", "d", "e", "f"], ":1\n");
        let backwards: String = ordered.lines().rev().flat_map(|line| [line, "\n"]).collect();
        check(backwards.as_bytes(), "not in order");
        check(format!("{ordered}no hash at all\n").as_bytes(), "that is no SHA-1");
        check(format!("{ordered}\n\n").as_bytes(), "that is no SHA-1");
        let folder = tempfile::tempdir().unwrap();
        let problem = |path: &Path| KnownPasswords::open(path).err().unwrap();
        assert!(problem(folder.path()).contains("it is no file"), "{}", problem(folder.path()));
        let missing = folder.path().join("missing");
        assert!(problem(&missing).contains("it cannot be read: No such file"), "{}", problem(&missing));
    }
}
