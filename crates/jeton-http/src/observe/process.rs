//! What the system tells of the process. What it does not tell is left out of the metrics.

/// What the system tells of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessFigures {
    /// When it began, in seconds.
    pub started_at_seconds: Option<i64>,
    /// How long its threads ran, all together, in microseconds.
    pub cpu_micros: Option<u64>,
    /// How much of its memory is in the machine's, in bytes.
    pub resident_bytes: Option<u64>,
    /// How many files it has open, sockets among them.
    pub open_files: Option<u64>,
    /// How many it may have.
    pub open_files_max: Option<u64>,
}
