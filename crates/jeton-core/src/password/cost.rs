//! How much work an argon2 hash is.

use std::fmt::Write as _;

/// The most memory that a hash may ask for, in KiB: a hash must not be a weapon.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// The most passes.
const PASSES_MAX: u32 = 32;
/// The most lanes.
const LANES_MAX: u32 = 16;
/// The most memory times passes, in KiB: 32 passes over 128 MiB.
const WORK_MAX: u64 = 32 * 128 * 1024;

/// How much work a hash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often it is gone over.
    pub passes: u32,
    /// How many lanes it has; they are worked on one after another.
    pub lanes: u32,
}

impl Cost {
    /// Reads `m=65536,t=4,p=1`, if it asks for no more than is given.
    #[must_use]
    pub fn parse(text: &str) -> Option<Cost> {
        Cost::read(text).filter(|cost| cost.is_given())
    }

    /// Reads it, whatever it asks for.
    pub(in crate::password) fn read(text: &str) -> Option<Cost> {
        let mut parts = text.split(',');
        let mut number = |name: &str| {
            let digits = parts.next()?.strip_prefix(name)?;
            let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|number| plain && *number > 0)
        };
        let cost = Cost { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
        // RFC 9106 section 3.1: eight blocks for each lane.
        (parts.next().is_none() && u64::from(cost.memory_kib) >= 8 * u64::from(cost.lanes)).then_some(cost)
    }

    /// Whether one hash may ask for it.
    #[must_use]
    pub fn is_given(self) -> bool {
        self.memory_kib <= MEMORY_KIB_MAX && self.passes <= PASSES_MAX && self.lanes <= LANES_MAX && self.work() <= WORK_MAX
    }

    /// Memory times passes.
    pub(super) fn work(self) -> u64 {
        u64::from(self.memory_kib).saturating_mul(u64::from(self.passes))
    }

    /// The text of it.
    #[must_use]
    pub fn to_text(self) -> String {
        let mut text = String::with_capacity(32);
        // Writing to memory does not fail.
        let _ = write!(text, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes);
        text
    }
}
