//! What the management API of a world works on, which has no folder.

use std::sync::Arc;

use jeton_core::doctor::Surroundings;
use jeton_http::api::{CheckReport, Integrity, LedgerReport, Management, RootFile};
use jeton_http::observe::Observer;
use jeton_service::Service;

/// A world has no folder to look over.
struct NoFolder;

impl Integrity for NoFolder {
    fn verify_ledger(&self, _: &mut dyn FnMut(u64, u64)) -> Result<LedgerReport, String> {
        Err("a world has no folder".to_owned())
    }

    fn check(&self, _: bool, _: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, String> {
        Err("a world has no folder".to_owned())
    }
}

/// What the management API of a world works on: a world has no folder and no root file.
pub(crate) fn management(service: Arc<Service>, observer: Arc<Observer>) -> Management {
    Management {
        service,
        owner_uid: 1000,
        surroundings: Arc::new(Surroundings::default),
        root_file: Arc::new(RootFile::new("root.key", |_| Err("a world has no root file".to_owned()))),
        integrity: Arc::new(NoFolder),
        backups: None,
        observer,
    }
}
