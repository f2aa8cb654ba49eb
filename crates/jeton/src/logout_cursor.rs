//! How far the ledger was worked off for telling applications who signed out: in the data folder, of no harm when it is lost.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jeton_core::commit::Sequence;

const NAME: &str = "jeton.logouts";

/// The entry to go on with; `None`: nothing was kept, or in another run of the ledger.
pub(crate) fn read(data: &Path, incarnation: [u8; 16]) -> Option<Sequence> {
    let text = fs::read_to_string(data.join(NAME)).ok()?;
    let (of, sequence) = text.trim_end().split_once('.')?;
    (of == hexadecimal(incarnation)).then(|| sequence.parse().ok()).flatten()
}

/// Writes it beside its place and moves it there.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(data: &Path, incarnation: [u8; 16], sequence: Sequence) -> io::Result<()> {
    let fresh = data.join("jeton.logouts.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    writeln!(file, "{}.{sequence}", hexadecimal(incarnation))?;
    file.sync_data()?;
    fs::rename(&fresh, data.join(NAME))
}

fn hexadecimal(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_one_run_of_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert_eq!(read(data, [1; 16]), None);
        write(data, [1; 16], 7).unwrap();
        write(data, [1; 16], 42).unwrap();
        assert_eq!((read(data, [1; 16]), read(data, [2; 16])), (Some(42), None));
        for broken in ["", "7", ".7", "0101.7", "x"] {
            fs::write(data.join(NAME), broken).unwrap();
            assert_eq!(read(data, [1; 16]), None, "{broken}");
        }
    }
}
