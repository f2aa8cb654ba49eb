//! How the management API looks over the data folder: the engine's checks, in its words.

use std::sync::Arc;

use jeton_http::api::{CheckReport, Finding, Integrity, LedgerReport};
use jeton_service::Service;
use jeton_store_sqlite::SqliteStore;

/// The store that is served.
pub struct StoreIntegrity {
    /// The service, for the last checkpoint.
    pub service: Arc<Service>,
    /// Its store.
    pub store: Arc<SqliteStore>,
}
