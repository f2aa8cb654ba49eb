//! How much work a hash is: measured once, so that it takes about a quarter of a second, and kept in the data folder, so that it takes as long for
//! names that nobody has as for those that somebody has.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jeton_core::password::cost::Cost;

/// How much memory a hash takes, in KiB: what a thief with many small cores has not (OWASP: at least 46 MiB).
pub(super) const MEMORY_KIB: u32 = 64 * 1024;
/// How long a hash shall take, in microseconds.
const TAKES_MICROS: u64 = 250_000;
const PASSES_MAX: u64 = 32;

/// The cost where one pass takes so many microseconds.
pub(super) fn of_a_pass(micros: u64) -> Cost {
    let passes = TAKES_MICROS.checked_div(micros).unwrap_or(PASSES_MAX).clamp(1, PASSES_MAX);
    Cost { memory_kib: MEMORY_KIB, passes: u32::try_from(passes).unwrap_or(1), lanes: 1 }
}

/// The cost that is kept in a data folder; `None`: none was measured.
pub(super) fn read(data: &Path) -> Option<Cost> {
    Cost::parse(fs::read_to_string(path(data)).ok()?.trim_end())
}

/// Keeps it.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn write(data: &Path, cost: Cost) -> io::Result<()> {
    let (path, fresh) = (path(data), data.join("jeton.password-cost.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    writeln!(file, "{}", cost.to_text())?;
    fs::rename(&fresh, &path)
}

fn path(data: &Path) -> PathBuf {
    data.join("jeton.password-cost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_follows_the_machine() {
        for (micros, passes) in [(0, 32), (1, 32), (7_900, 31), (60_000, 4), (62_500, 4), (62_501, 3), (250_000, 1), (3_000_000, 1)] {
            assert_eq!(of_a_pass(micros), Cost { memory_kib: MEMORY_KIB, passes, lanes: 1 }, "{micros}");
        }
    }

    #[test]
    fn it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let cost = of_a_pass(60_000);
        write(folder.path(), cost).unwrap();
        assert_eq!(read(folder.path()), Some(cost));
        fs::write(path(folder.path()), "m=1").unwrap();
        assert_eq!(read(folder.path()), None, "what cannot be read is measured anew");
    }
}
