//! Why a store was not opened.

use jeton_service::registry::LoadError;
use jeton_store_sqlite::OpenError;

/// Why the store was not opened, in words for people.
pub(crate) struct Opening(pub(crate) String);

impl From<LoadError> for Opening {
    fn from(error: LoadError) -> Opening {
        Opening(error.to_string())
    }
}

impl From<OpenError> for Opening {
    fn from(error: OpenError) -> Opening {
        Opening(error.to_string())
    }
}
