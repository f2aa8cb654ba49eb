use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::FromRef;
use jeton_core::doctor::Surroundings;
use jeton_core::root_key::RootKeys;
use jeton_service::Service;
use tokio::sync::Mutex;

use super::backup_port::Backups;
use super::integrity::Integrity;
use crate::observe::Observer;

/// What the management API works on.
#[derive(Clone)]
pub struct Management {
    /// The token service.
    pub service: Arc<Service>,
    /// The user who may use the socket, beside root: the one that this process runs as.
    pub owner_uid: u32,
    /// Where the root key lies.
    pub root_file: Arc<RootFile>,
    /// Looks over the data folder.
    pub integrity: Arc<dyn Integrity>,
    /// Looks at what lies around the process, on a thread that may block.
    pub surroundings: Arc<dyn Fn() -> Surroundings + Send + Sync>,
    /// The backups; `None`: there are none.
    pub backups: Option<Arc<dyn Backups>>,
    /// Where requests are noted.
    pub observer: Arc<Observer>,
}

/// Routers hold it once for all requests; a handler that may take its time takes the parts that it works on with it.
impl FromRef<Arc<Management>> for Management {
    fn from_ref(shared: &Arc<Management>) -> Management {
        Management::clone(shared)
    }
}

/// Where the root key lies, and gets its epochs: one at a time.
pub struct RootFile {
    /// Where it lies: whoever gets another epoch must save it anew.
    pub(super) path: PathBuf,
    pub(super) add_epoch: AddEpoch,
    /// Held from the writing of an epoch until it is taken up: of two that are written at once, one would be lost.
    pub(super) turn: Mutex<()>,
}

/// Adds an epoch to the root file, which must hold what the server holds, and reads all of it; an error is a sentence for the operator.
type AddEpoch = Box<dyn Fn(&RootKeys) -> Result<RootKeys, String> + Send + Sync>;

impl RootFile {
    /// A root file at this path that gets its epochs by `add_epoch`, which is given what the server holds; where it fails, nothing was written.
    pub fn new(path: impl Into<PathBuf>, add_epoch: impl Fn(&RootKeys) -> Result<RootKeys, String> + Send + Sync + 'static) -> RootFile {
        RootFile { path: path.into(), add_epoch: Box::new(add_epoch), turn: Mutex::default() }
    }
}
