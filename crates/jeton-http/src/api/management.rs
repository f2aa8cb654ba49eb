use std::sync::Arc;

use jeton_core::root_key::RootKeys;
use jeton_service::Service;

use super::integrity::Integrity;
use crate::observe::Observer;

/// What the management API works on.
#[derive(Clone)]
pub struct Management {
    /// The token service.
    pub service: Arc<Service>,
    /// The user who may use the socket, beside root: the one that this process runs as.
    pub owner_uid: u32,
    /// Adds an epoch to the root file and reads all of it; an error is a sentence for the operator.
    pub add_root_epoch: Arc<dyn Fn() -> Result<RootKeys, String> + Send + Sync>,
    /// Looks over the data folder.
    pub integrity: Arc<dyn Integrity>,
    /// Where requests are noted.
    pub observer: Arc<Observer>,
}
