use crate::commands::percent::segment;

/// Where keys are, in the management API.
pub(super) const PATH: &str = "/api/v1/keys";

/// Where one is.
pub(super) fn path(key: &str) -> String {
    format!("{PATH}/{}", segment(key))
}
