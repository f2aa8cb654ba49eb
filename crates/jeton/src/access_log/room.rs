//! How much of a disk is left to the data.

use std::path::Path;

/// The most that the log leaves free, and the part of a small disk that it does.
const RESERVE_BYTES: u64 = 1 << 30;
const RESERVE_PART: u64 = 10;

/// How much room a disk has, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// What is free, for who may not use what is kept for root.
    pub(super) free: u64,
    /// All of it.
    pub(super) whole: u64,
}

impl Room {
    /// The room of the disk that a folder lies on; `None` where the system does not tell.
    pub(super) fn of(folder: &Path) -> Option<Room> {
        let told = rustix::fs::statvfs(folder).ok()?;
        Some(Room { free: told.f_bavail.saturating_mul(told.f_frsize), whole: told.f_blocks.saturating_mul(told.f_frsize) })
    }

    /// Whether so little is free that it is left to the data. Once it was, an eighth more must be free: it does not change each second.
    pub(super) fn is_short(self, was_short: bool) -> bool {
        let reserve = RESERVE_BYTES.min(self.whole / RESERVE_PART);
        self.free < if was_short { reserve + reserve / 8 } else { reserve }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gibibyte_is_left_or_a_tenth_of_a_small_disk() {
        const MIB: u64 = 1 << 20;
        for (free, whole, was_short, is_short) in [
            (1_024, 1 << 20, false, false),
            (1_023, 1 << 20, false, true),
            (1_024, 1 << 20, true, true),
            (1_152, 1 << 20, true, false),
            (100, 1_000, false, false),
            (99, 1_000, false, true),
            (0, 0, false, false),
        ] {
            assert_eq!(Room { free: free * MIB, whole: whole * MIB }.is_short(was_short), is_short, "{free} of {whole} MiB");
        }
        assert!(Room::of(Path::new("/")).is_some_and(|room| room.whole >= room.free && room.whole > 0));
        assert!(Room::of(Path::new("/no such folder")).is_none());
    }
}
