//! A file read a piece at a time, never as a whole: as many lines as fit, or what is no text as it comes.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

/// How many bytes a piece has at most.
const PIECE_BYTES: usize = 4 * 1024 * 1024;

/// A file that is read.
pub(crate) struct Pieces {
    file: File,
    /// How many bytes are left of what it had when it was opened.
    left: u64,
    /// Whether the rest of a line that is being written is left out.
    ends_with_a_line: bool,
    read: Vec<u8>,
}

/// A piece of it.
pub(crate) struct Piece {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether they are lines; the last of the file may lack its end.
    pub(crate) is_text: bool,
}

impl Pieces {
    /// Opens a file; `None` where there is none of this name any more.
    pub(crate) fn open(path: &Path, ends_with_a_line: bool) -> io::Result<Option<(Pieces, Metadata)>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let pieces = Pieces { file, left: metadata.len(), ends_with_a_line, read: Vec::new() };
        Ok(Some((pieces, metadata)))
    }

    /// The next piece; `None` at the end of what it had when it was opened.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        let room = (PIECE_BYTES - self.read.len().min(PIECE_BYTES)) as u64;
        let asked = self.left.min(room);
        let found = (&mut self.file).take(asked).read_to_end(&mut self.read)? as u64;
        // Somebody may have shortened it.
        self.left = if found < asked { 0 } else { self.left - found };
        let is_last = self.left == 0;
        let end = self.read.iter().rposition(|byte| *byte == b'\n').map(|place| place + 1);
        let end = match end {
            Some(end) if !is_last || self.ends_with_a_line => end,
            None if is_last && self.ends_with_a_line => 0,
            _ => self.read.len(),
        };
        let rest = self.read.split_off(end);
        let bytes = std::mem::replace(&mut self.read, if is_last { Vec::new() } else { rest });
        if bytes.is_empty() {
            return Ok(None);
        }
        let is_text = (is_last || bytes.ends_with(b"\n")) && std::str::from_utf8(&bytes).is_ok();
        Ok(Some(Piece { bytes, is_text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8], ends_with_a_line: bool) -> Vec<Piece> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        let (mut pieces, _) = Pieces::open(&path, ends_with_a_line).unwrap().unwrap();
        // What comes after it was opened is not read.
        std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| io::Write::write_all(&mut file, b"later\n")).unwrap();
        std::iter::from_fn(|| pieces.next().unwrap()).collect()
    }

    #[test]
    fn lines_stay_whole_and_what_is_no_text_is_told_apart() {
        let line = [&[b'x'; 1_023][..], b"\n"].concat();
        let long = [&line.repeat(5_000)[..], b"no end"].concat();
        let check = |content: &[u8], ends_with_a_line, expected: &[(usize, bool)]| {
            let pieces = read(content, ends_with_a_line);
            let found: Vec<(usize, bool)> = pieces.iter().map(|piece| (piece.bytes.len(), piece.is_text)).collect();
            assert_eq!(found, expected);
            let taken = pieces.iter().flat_map(|piece| piece.bytes.clone()).collect::<Vec<u8>>();
            assert!(content.starts_with(&taken));
        };
        check(b"", false, &[]);
        check(b"a\nb", false, &[(3, true)]);
        check(b"a\nb", true, &[(2, true)]);
        check(b"half a line", true, &[]);
        check(b"a\r\n\xff\n", false, &[(5, false)]);
        check(&long, false, &[(4_096 * 1_024, true), (904 * 1_024 + 6, true)]);
        check(&long, true, &[(4_096 * 1_024, true), (904 * 1_024, true)]);
        // One line that is longer than a piece is cut where it must be.
        check(&[b'y'; PIECE_BYTES + 1], false, &[(PIECE_BYTES, false), (1, true)]);
    }

    #[test]
    fn what_is_gone_is_gone_and_a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Pieces::open(&folder.path().join("gone"), false).unwrap().is_none());
        assert!(Pieces::open(folder.path(), false).is_err());
    }
}
