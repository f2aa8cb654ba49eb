//! Searches files for secrets, in every spelling they could have got there.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How many bytes of a spelling are looked up first.
const KEY_BYTES: usize = 8;

/// Secrets to search for.
#[derive(Default)]
pub(crate) struct Secrets {
    /// Spellings by their first bytes; each with the number of its secret's name.
    spellings: HashMap<[u8; KEY_BYTES], Vec<(Vec<u8>, usize)>>,
    /// Which second and third bytes begin any spelling, so that most places are passed by at once.
    begins: Vec<bool>,
    names: Vec<String>,
}

/// A secret that was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What it is.
    pub(crate) name: String,
    /// In which file.
    pub(crate) path: PathBuf,
    /// Where in it.
    pub(crate) offset: usize,
}

impl Secrets {
    /// Adds a secret by its bytes: they are searched for as they are, in hexadecimal, and within base64 of either alphabet at each of the
    /// three places where they can begin.
    pub(crate) fn add(&mut self, name: &str, secret: &[u8]) {
        let number = self.names.len();
        self.names.push(name.to_owned());
        let lower: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut spellings = vec![secret.to_vec(), lower.to_uppercase().into_bytes(), lower.into_bytes()];
        for alignment in 0..3 {
            let shifted = [vec![0; alignment], secret.to_vec()].concat();
            for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
                // The characters at the ends hold bits of what stands beside the secret.
                let (first, last) = (alignment.div_ceil(3) + alignment, usize::from(shifted.len() % 3 != 0));
                let inner = text.as_bytes().get(first..text.len() - last).unwrap_or_default();
                spellings.push(inner.to_vec());
            }
        }
        spellings.sort();
        spellings.dedup();
        for spelling in spellings {
            self.add_spelling(spelling, number);
        }
    }

    fn add_spelling(&mut self, spelling: Vec<u8>, number: usize) {
        let Some(key) = spelling.first_chunk::<KEY_BYTES>().copied() else { return };
        self.begins.resize(1 << 16, false);
        if let Some(begins) = self.begins.get_mut(place(key[0], key[1])) {
            *begins = true;
        }
        self.spellings.entry(key).or_default().push((spelling, number));
    }

    /// How many secrets there are.
    pub(crate) fn count(&self) -> usize {
        self.names.len()
    }

    /// Searches every file below a path, but those that `leaves_out` names.
    pub(crate) fn search(&self, path: &Path, leaves_out: &dyn Fn(&Path) -> bool, found: &mut Vec<Found>) -> io::Result<u64> {
        if leaves_out(path) {
            return Ok(0);
        }
        let kind = fs::symlink_metadata(path)?.file_type();
        if kind.is_dir() {
            let mut bytes = 0;
            for entry in fs::read_dir(path)? {
                bytes += self.search(&entry?.path(), leaves_out, found)?;
            }
            return Ok(bytes);
        }
        if !kind.is_file() {
            return Ok(0);
        }
        let content = fs::read(path)?;
        self.search_bytes(&content, path, found);
        Ok(content.len() as u64)
    }

    fn search_bytes(&self, content: &[u8], path: &Path, found: &mut Vec<Found>) {
        for (offset, window) in content.windows(KEY_BYTES).enumerate() {
            let [first, second, ..] = window else { continue };
            if !self.begins.get(place(*first, *second)).copied().unwrap_or(false) {
                continue;
            }
            let Some(candidates) = window.first_chunk::<KEY_BYTES>().and_then(|key| self.spellings.get(key)) else { continue };
            for (spelling, number) in candidates {
                if content.get(offset..).is_some_and(|rest| rest.starts_with(spelling)) {
                    let name = self.names.get(*number).cloned().unwrap_or_default();
                    found.push(Found { name, path: path.to_owned(), offset });
                }
            }
        }
    }
}

fn place(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"\x01\xfe a secret of thirty-one bytes\xff";

    fn search(content: &[u8]) -> usize {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/file"), content).unwrap();
        let mut secrets = Secrets::default();
        secrets.add("planted", SECRET);
        secrets.add("another", b"something else that is not there");
        let mut found = vec![];
        secrets.search(folder.path(), &|_| false, &mut found).unwrap();
        assert!(found.iter().all(|found| found.name == "planted"));
        found.len()
    }

    #[test]
    fn a_planted_secret_is_found_in_every_spelling() {
        let hexadecimal: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
        for before in 0..7 {
            let around = [vec![b'x'; before], SECRET.to_vec(), vec![b'y'; 5 + before]].concat();
            for content in [around.clone(), STANDARD_NO_PAD.encode(&around).into_bytes(), URL_SAFE_NO_PAD.encode(&around).into_bytes()] {
                assert!(search(&content) > 0, "{before}: {}", String::from_utf8_lossy(&content));
            }
        }
        for content in [hexadecimal.clone(), hexadecimal.to_uppercase()] {
            assert!(search(format!("a{content}b").as_bytes()) > 0);
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for content in [&b"nothing"[..], &SECRET[..SECRET.len() - 1], b""] {
            assert_eq!(search(content), 0);
        }
    }
}
