//! What a path names.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{Problem, ProblemKind};

/// The names in a path, decoded.
pub(super) struct Target<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Target<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Target<T>, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Target(names)).map_err(|_| {
            let detail = "a name in the path is not UTF-8 in percent encoding";
            Problem::new(ProblemKind::NotFound, detail, "write `/` in a name as %2F, and other characters as UTF-8 in percent encoding")
        })
    }
}
