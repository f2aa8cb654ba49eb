//! How much work a hash is: measured once, so that it takes about a quarter of a second.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_follows_the_machine() {
        for (micros, passes) in [(0, 32), (1, 32), (7_900, 31), (60_000, 4), (62_500, 4), (62_501, 3), (250_000, 1), (3_000_000, 1)] {
            assert_eq!(of_a_pass(micros), Cost { memory_kib: MEMORY_KIB, passes, lanes: 1 }, "{micros}");
        }
    }
}
