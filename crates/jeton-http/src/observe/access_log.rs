//! One line of the access log.

use serde::Serialize;

/// Where lines go. Called on the reactor: it must neither wait nor fail.
pub trait AccessLog: Send + Sync {
    /// Takes one line, its end included.
    fn write(&self, line: &[u8]);

    /// The lines that were lost since the start.
    fn dropped(&self) -> Dropped;
}

/// Lines that were lost, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Too many waited for the disk.
    pub crowded: u64,
    /// The disk did not take them.
    pub failed: u64,
    /// So little of the disk is free that it is left to the data.
    pub reserved: u64,
    /// When some were seen last to be lost, in seconds.
    pub last_at_seconds: Option<i64>,
}

impl Dropped {
    /// All of them.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.crowded.saturating_add(self.failed).saturating_add(self.reserved)
    }
}

/// One request. The names are a promise: others read them.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    /// When it came.
    pub(super) time: String,
    /// Its method, or `other`.
    pub(super) method: &'static str,
    /// The template of its path, or `none` where it led nowhere.
    pub(super) route: &'a str,
    /// The status of the answer.
    pub(super) status: u16,
    /// From the whole header to the answer's first byte, in microseconds.
    pub(super) duration_us: i64,
    /// The length of the answer's body; none of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// Who administers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor: Option<&'a str>,
    /// The client that proved who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<&'a str>,
    /// How it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<&'static str>,
    /// Where it came from.
    pub(super) network: &'a str,
    /// What sent it: product and major version.
    pub(super) agent: &'a str,
}

impl Line<'_> {
    /// As JSON, ended.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(320);
        // Texts and numbers are written into memory without fail.
        let _ = serde_json::to_writer(&mut line, self);
        line.push(b'\n');
        line
    }
}
