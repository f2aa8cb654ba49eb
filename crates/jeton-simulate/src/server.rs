//! One life of the server's process: the real service on the manual store, until it crashes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::moment::Moment;
use jeton_core::root_key::RootKeys;
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::registry::LoadError;
use jeton_service::{Parts, Service};
use jeton_store::ledger::Head;
use jeton_store::memory::MemoryStore;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Store, Subscriber};
use jeton_token::Prefix;
use zeroize::Zeroizing;

use crate::breakage::Breakage;
use crate::chance::Chance;
use crate::clock::{ProcessClock, Wall};
use crate::executor::Executor;
use crate::sabotage::{Saboteur, Tardy};

/// The issuer of the simulated deployment.
pub(crate) const ISSUER: &str = "https://issuer.example";
/// How many credentials of each kind the service keeps in memory: few, so that it must look others up.
const CACHED_CREDENTIALS: usize = 8;

/// A process that serves.
pub(crate) struct Server {
    /// The service.
    pub(crate) service: Arc<Service>,
    /// Its store, to decide the fate of groups.
    pub(crate) store: Arc<MemoryStore>,
    /// Its clock.
    pub(crate) clock: Arc<ProcessClock>,
    /// What runs in it.
    pub(crate) executor: Executor,
    /// The last image of the negatives that it or a process before it left, and the ledger's head at that time.
    image: Option<(Arc<Head>, Vec<u8>)>,
    lost: Arc<AtomicBool>,
}

impl Server {
    /// Starts on what the process before it left on the disk.
    ///
    /// # Errors
    /// Why the service would not start: that is a finding.
    pub(crate) fn start(
        before: Option<&Server>,
        wall: &Arc<Wall>,
        chance: &mut Chance,
        breakage: Option<Breakage>,
    ) -> Result<Server, String> {
        let (clock, lost, executor) = (Arc::new(ProcessClock::start(wall.clone())), Arc::new(AtomicBool::new(false)), Executor::default());
        let mut parts = parts(clock.clone(), lost.clone(), chance.once_in(2).then(|| executor.spawn()), chance)?;
        let image = before.and_then(|before| before.image.clone());
        parts.negatives_image = image.as_ref().map(|(_, image)| image.clone());
        let seed = chance.seed();
        let mut opened = None;
        let service = Service::open::<LoadError>(parts, |subscriber| {
            let subscriber: Arc<dyn Subscriber> = match breakage {
                Some(Breakage::PublishesLate) => Arc::new(Tardy::new(subscriber)),
                _ => subscriber,
            };
            let store = match before {
                Some(before) => before.store.reopen(seed, subscriber),
                None => MemoryStore::manual(&SCHEMA, seed, subscriber),
            };
            opened = Some(store.clone());
            Ok(match breakage {
                Some(breakage) => Arc::new(Saboteur { store, breakage }),
                None => store as Arc<dyn Store>,
            })
        })
        .map_err(|error| error.to_string())?;
        let store = opened.ok_or("no store was opened")?;
        Ok(Server { service: Arc::new(service), store, clock, executor, image, lost })
    }

    /// Leaves an image of the negatives; the one before stays where there is nothing to be left.
    pub(crate) fn leave_image(&mut self) {
        let head = self.store.head();
        if let Some(image) = self.service.negatives_image(&self.moment()) {
            self.image = Some((head, image));
        }
    }

    /// Whether the image that is left fits what is on the disk.
    #[must_use]
    pub(crate) fn has_fresh_image(&self) -> bool {
        self.image.as_ref().is_some_and(|(head, _)| *head == self.store.head())
    }

    /// Whether the store lost its footing: the process must end.
    #[must_use]
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// The moment of a request that comes now.
    #[must_use]
    pub(crate) fn moment(&self) -> Moment {
        self.service.moments().now()
    }
}

fn parts(
    clock: Arc<ProcessClock>,
    lost: Arc<AtomicBool>,
    spawn: Option<jeton_service::gather::Spawn>,
    chance: &mut Chance,
) -> Result<Parts, String> {
    let dice = Mutex::new(Chance::new(chance.draw()));
    let root_keys = RootKeys::new([(1, Zeroizing::new([7; 32]))]).map_err(|error| error.to_string())?;
    Ok(Parts {
        issuer: Issuer::parse(ISSUER).map_err(|error| error.to_string())?,
        prefix: Prefix::parse("jtn").map_err(|error| error.to_string())?,
        root_keys,
        moments: Moments::new(move || clock.now(), move || dice.lock().unwrap_or_else(PoisonError::into_inner).seed()),
        spawn,
        cached_credentials: CACHED_CREDENTIALS,
        negatives_image: None,
        on_lost: Box::new(move |_| lost.store(true, Ordering::Release)),
    })
}
