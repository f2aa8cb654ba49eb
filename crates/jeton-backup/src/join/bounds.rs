//! How much is joined, and how much of it at a time.

/// How much is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many segments, the newest, stay as they were shipped.
    pub apart: usize,
    /// How many are joined at least: fewer are not worth it.
    pub least: usize,
    /// How many at most.
    pub most: usize,
    /// How many bytes before they are packed.
    pub bytes: usize,
    /// From the first entry to the last, in seconds: what is joined leaves the target together.
    pub seconds: i64,
    /// How many bytes one has at most, as it is kept, that is joined with others.
    pub small: u64,
    /// How many are made at a time.
    pub objects: usize,
    /// How many names are listed at a time.
    pub listed: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            apart: 600,
            least: 16,
            most: 4_096,
            bytes: 4 * 1024 * 1024,
            seconds: 3_600,
            small: 256 * 1024,
            objects: 8,
            listed: 200_000,
        }
    }
}
