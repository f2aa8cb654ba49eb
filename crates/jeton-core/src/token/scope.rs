//! How much of scope goes into a token.

use std::sync::Arc;

use crate::refusal::{Reason, Refusal};

/// The most bytes of scope names in a token: with more of them a JWT outgrows what verifiers take, 8 KiB.
const SCOPE_BYTES: usize = 4_096;

/// The scope, if it fits.
///
/// # Errors
/// `InvalidScope`.
pub fn fitting(scope: Arc<str>) -> Result<Arc<str>, Refusal> {
    if scope.len() <= SCOPE_BYTES {
        return Ok(scope);
    }
    let detail = format!("the scope names take more than {SCOPE_BYTES} bytes, too many for a token: ask for fewer");
    Err(Refusal::new(Reason::InvalidScope, detail))
}
