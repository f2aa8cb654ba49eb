//! What is sent and what comes back.

use crate::failure::Failure;

/// What is sent and what comes back.
pub(crate) trait Traffic {
    /// Appends the next request; false when there is none left.
    fn request(&mut self, into: &mut Vec<u8>) -> bool;

    /// Looks at an answer; an error ends the measurement.
    fn answer(&mut self, status: u16, body: &[u8]) -> Result<(), Failure>;
}
