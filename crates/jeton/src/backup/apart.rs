//! A store that is made of a backup in a folder of its own, and the service that goes on with it.

use std::path::Path;
use std::sync::Arc;

use jeton_backup::failure::Failure;
use jeton_backup::open::Opening;
use jeton_backup::restore::{Narrowing, Restore, Restored, Step};
use jeton_backup::target::Target;
use jeton_core::deployment::{self, Deployment};
use jeton_core::event::Event;
use jeton_core::gap::{GoingOn, Known};
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::restored::Restored as GoneOn;
use jeton_service::{Parts, Service};
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::line::Change;
use jeton_store::load::Load as _;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Store};
use jeton_store_sqlite::{Loader, Options, SqliteStore};
use jeton_token::{Prefix, TokenId};

use crate::clock::Clock;
use crate::dice::{Dice, seed};
use crate::opening::Opening as Opened;

/// What a store is made of.
pub(crate) struct Source<'a> {
    /// Where the backups are.
    pub(crate) target: &'a Target,
    /// What opens them.
    pub(crate) opening: &'a Opening,
    /// To which time; `None`: to the end.
    pub(crate) until: Option<Time>,
    /// Which incarnation; `None`: that of the newest snapshot.
    pub(crate) incarnation: Option<[u8; 16]>,
    /// Told how far it is.
    pub(crate) progress: &'a (dyn Fn(Step) + Send + Sync),
}

/// A store that was made, as it was when the backup ended.
pub(crate) struct Apart {
    /// What serves it.
    pub(crate) service: Service,
    /// What was restored.
    pub(crate) restored: Restored,
}

impl Source<'_> {
    /// Makes a store in a folder that is empty, or not there.
    ///
    /// # Errors
    /// [`Failure`]; what is in the folder then is of no use.
    pub(crate) async fn make(&self, folder: &Path) -> Result<Apart, Failure> {
        let options = Options::new(folder, &SCHEMA, seed());
        let mut loader = Loader::begin(options.clone()).map_err(|error| Failure::Refused(error.to_string()))?;
        let Source { target, opening, until, incarnation, progress } = *self;
        let restore = Restore { target, opening, schema: &SCHEMA, until, incarnation, progress };
        let restored = restore.run(&mut loader).await?;
        let deployment = deployment(&loader)?;
        let (incarnation, root_keys) = (restored.incarnation, self.opening.root_keys.clone());
        let opening = tokio::task::spawn_blocking(move || {
            loader.finish(incarnation)?;
            open(&options, root_keys, &deployment)
        });
        let service = opening.await.map_err(|error| Failure::Line(error.to_string()))??;
        Ok(Apart { service, restored })
    }
}

impl Apart {
    /// Writes how the ledger goes on; how many commits that took something away were made again, and how many keys and clients
    /// were stopped by them.
    ///
    /// # Errors
    /// In words for people; the store must not be served then.
    pub(crate) async fn go_on(&self, known: Known) -> Result<(usize, usize), String> {
        let taken_since = taken_since(&self.restored)?;
        let taken_again = taken_since.len();
        let on = GoingOn {
            previous: TokenId::from_bytes(self.restored.incarnation).to_string().into(),
            size: self.restored.size,
            found: self.restored.size + self.restored.left_behind,
            root: hexadecimal(&self.restored.root).into(),
            known,
        };
        let moment = self.service.moments().now();
        let gone_on = self.service.go_on_restored(&GoneOn { on, taken_since }, &Actor::system(), &moment).await;
        let stopped = gone_on.map_err(|error| error.to_string())?;
        Ok((taken_again, stopped))
    }
}

fn open(options: &Options, root_keys: RootKeys, deployment: &Deployment) -> Result<Service, Failure> {
    let refused = |words: String| Failure::Refused(words);
    let (clock, dice) = (Clock::start(), Dice::default());
    let parts = Parts {
        issuer: Issuer::parse(&deployment.issuer).map_err(|error| refused(error.to_string()))?,
        prefix: Prefix::parse(&deployment.token_prefix).map_err(|error| refused(error.to_string()))?,
        root_keys,
        moments: Moments::new(move || clock.now(), move || dice.seed()).with_timer(|duration| Box::pin(tokio::time::sleep(duration))),
        spawn: None,
        cached_credentials: 1,
        negatives_image: None,
        on_lost: Box::new(|fault: &Fault| tracing::error!(%fault, "the folder that is made lost its footing")),
    };
    let options = Options { entropy: seed(), ..options.clone() };
    let service = Service::open::<Opened>(parts, |subscriber| Ok(SqliteStore::open(options, subscriber)? as Arc<dyn Store>));
    service.map_err(|error| refused(error.0))
}

/// Whose it is.
fn deployment(loader: &Loader) -> Result<Deployment, Failure> {
    let mut found = None;
    loader.scan(&deployment::TABLE, &mut |row| {
        found = Some(Deployment::from_row(&row.record));
        false
    })?;
    let found = found.ok_or_else(|| Failure::Refused("the backup does not say whose it is".into()))?;
    found.map_err(|error| Failure::Refused(error.to_string()))
}

/// Of the commits that were left behind, those that took something away, with what they told.
fn taken_since(restored: &Restored) -> Result<Vec<(Change, Vec<Event>)>, String> {
    let events = |narrowing: &Narrowing| {
        let told = narrowing.entries.iter().map(|entry| entry.event().map_err(|error| error.to_string()));
        told.collect::<Result<Vec<_>, _>>().map(|told| told.into_iter().flatten().collect::<Vec<_>>())
    };
    restored.narrowing.iter().map(|narrowing| Ok((narrowing.change.clone(), events(narrowing)?))).collect()
}
