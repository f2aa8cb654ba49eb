use crate::commands::failure::Failure;
use crate::commands::input;

/// Where keys are, in the management API.
pub(super) const PATH: &str = "/api/v1/keys";

/// Where one is.
///
/// # Errors
/// When this is no id: what is not sent cannot be read on the way. A key that somebody took for its id is a secret.
pub(super) fn path(key: &str) -> Result<String, Failure> {
    Ok(format!("{PATH}/{}", input::key_id(key)?))
}
