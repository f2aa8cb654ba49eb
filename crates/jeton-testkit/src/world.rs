//! One node in one process: the whole server over the engine in memory, without sockets, under a given clock and given dice.
//!
//! Requests go to the same router that the process serves; administration goes to the service, as the management API's handlers do.
//! What goes wrong in here fails the test that asked for it, so it panics with what it saw.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a world is built in tests: what goes wrong in it must fail them, and loudly"
)]

pub mod answer;
pub mod assertion;
mod at_once;
pub mod authenticator;
pub mod browser;
mod counted;
mod each_once;
pub mod follow;
pub mod hands;
pub mod manage;
pub mod management;
mod no_folder;
pub mod people;
pub mod registered;
pub mod request;
pub mod seen_lines;
pub mod telephone;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::record::{Key, Row, Table};
use jeton_core::root_key::RootKeys;
use jeton_core::token;
use jeton_http::api::Place;
use jeton_http::edge::Draining;
use jeton_http::observe::{Observer, Requests};
use jeton_http::router;
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::passwords::PasswordHashing;
use jeton_service::registry::LoadError;
use jeton_service::restored::Restored;
use jeton_service::{Parts, Service};
use jeton_store::memory::{MemoryLoader, MemoryStore};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Store as _};
use jeton_token::Prefix;
use zeroize::Zeroizing;

use crate::in_front::InFront;

use at_once::AtOnce;
use counted::Counted;
use each_once::EachOnce;
use hands::Hands;
use seen_lines::SeenLines;

/// The issuer of a world that names none.
pub const ISSUER: &str = "https://tokens.example";

/// One node, its store, and the hands that move its clock and throw its dice.
pub struct World {
    pub(crate) service: Arc<Service>,
    pub(crate) router: Router,
    pub(crate) draining: Draining,
    pub(crate) hands: Hands,
    pub(crate) observer: Arc<Observer>,
    at_once: AtOnce,
    access_log: Arc<SeenLines>,
    store: Arc<InFront<Counted>>,
    issuer: Issuer,
    root_keys: RootKeys,
    lost: Arc<Mutex<Vec<Fault>>>,
}

impl World {
    /// A fresh deployment of [`ISSUER`].
    pub async fn new() -> World {
        World::of(ISSUER).await
    }

    /// The next process on the same store, after an end in order: all that was counted is in it.
    pub async fn end_and_reopen(self) -> World {
        self.service.end_usage().await.expect("an end in order");
        self.reopen().await
    }

    /// A fresh deployment of this issuer.
    pub async fn of(issuer: &str) -> World {
        let hands = Hands::new(1);
        let issuer = Issuer::parse(issuer).expect("an issuer");
        let root_keys = RootKeys::new([(1, Zeroizing::new([7; 32]))]).expect("a root key");
        let lost = Arc::default();
        let (service, store) =
            start(&hands, &issuer, root_keys.clone(), &lost, |subscriber| MemoryStore::new(&SCHEMA, hands.seed(), subscriber))
                .expect("an empty store can be served");
        World::around(service, store, hands, issuer, root_keys, lost).await
    }

    /// The same store, served by a process that just started: only what is durable is left.
    pub async fn reopen(self) -> World {
        let root_keys = self.root_keys.clone();
        self.reopen_under(root_keys).await.unwrap_or_else(|error| panic!("the store cannot be served: {error}"))
    }

    /// The same store under another root key.
    ///
    /// # Errors
    /// Why it cannot be served.
    pub async fn reopen_under(self, root_keys: RootKeys) -> Result<World, LoadError> {
        let (hands, issuer, lost) = (self.hands.clone(), self.issuer.clone(), Arc::default());
        let (service, store) =
            start(&hands, &issuer, root_keys.clone(), &lost, |subscriber| self.store.0.engine.reopen(hands.seed(), subscriber))?;
        Ok(World::around(service, store, hands, issuer, root_keys, lost).await)
    }

    /// A store that was made of a backup, served at the same time by a process with the same dice; what the restore found is written first.
    pub async fn restored(&self, loader: MemoryLoader, incarnation: [u8; 16], restored: &Restored) -> World {
        let (hands, issuer, root_keys, lost) = (self.hands.clone(), self.issuer.clone(), self.root_keys.clone(), Arc::default());
        let opened = start(&hands, &issuer, root_keys.clone(), &lost, |subscriber| loader.finish(incarnation, hands.seed(), subscriber));
        let (service, store) = opened.expect("the store that was made can be served");
        let moment = service.moments().now();
        service.go_on_restored(restored, &Actor::system(), &moment).await.expect("it goes on");
        World::around(service, store, hands, issuer, root_keys, lost).await
    }

    /// A copy of the store as it was, served at the same time.
    pub async fn copied(&self, loader: MemoryLoader, incarnation: [u8; 16]) -> World {
        let (hands, issuer, root_keys, lost) = (self.hands.clone(), self.issuer.clone(), self.root_keys.clone(), Arc::default());
        let opened = start(&hands, &issuer, root_keys.clone(), &lost, |subscriber| loader.finish(incarnation, hands.seed(), subscriber));
        let (service, store) = opened.expect("a copy can be served");
        World::around(service, store, hands, issuer, root_keys, lost).await
    }

    async fn around(
        service: Service,
        store: Arc<InFront<Counted>>,
        hands: Hands,
        issuer: Issuer,
        root_keys: RootKeys,
        lost: Arc<Mutex<Vec<Fault>>>,
    ) -> World {
        let service = Arc::new(service);
        let at_once = AtOnce::default();
        service.hash_passwords_by(Arc::new(at_once.clone()));
        service.set_up(&service.moments().now()).await.expect("the store belongs to this issuer");
        let draining = Draining::new();
        let access_log = Arc::new(SeenLines::default());
        let clock = hands.clone();
        let requests = Arc::new(Requests::timed_by(move || u64::try_from(clock.time().micros()).unwrap_or(0)));
        let observer = Arc::new(Observer { access_log: Some(access_log.clone()), requests, ..Observer::default() });
        let router = router::public(no_folder::management(service.clone(), observer.clone()), Place::Shared, draining.clone());
        World { at_once, service, router, draining, hands, observer, access_log, store, issuer, root_keys, lost }
    }

    /// The service, for what no helper here does.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// What the process serves on its public listener.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Where requests are noted.
    #[must_use]
    pub fn observer(&self) -> &Arc<Observer> {
        &self.observer
    }

    /// Forgets the lines of the access log, which otherwise are kept as long as the world stands.
    pub fn forget_access_log(&self) {
        self.access_log.forget();
    }

    /// The lines of the access log.
    #[must_use]
    pub fn access_log(&self) -> String {
        self.access_log.text()
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// A fresh moment.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.service.moments().now()
    }

    /// What the clock reads, in seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.hands.now_seconds()
    }

    /// Lets time pass; backwards too.
    pub fn advance(&self, seconds: i64) {
        self.hands.advance(seconds);
    }

    /// Lets less than a second pass; backwards too.
    pub fn advance_micros(&self, micros: i64) {
        self.hands.advance_micros(micros);
    }

    /// The hands that move its clock, for whoever is there while it answers.
    #[must_use]
    pub fn hands(&self) -> Hands {
        self.hands.clone()
    }

    /// How many entries the ledger has.
    #[must_use]
    pub fn ledger_size(&self) -> u64 {
        self.store.head().size
    }

    /// How many commits were made durable.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.store.statistics().commits
    }

    /// How often what is stored was read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.store.0.reads()
    }

    /// Hashes passwords by this from now on.
    pub fn hash_passwords_by(&self, hashing: Arc<dyn PasswordHashing>) {
        self.at_once.hand_to(hashing);
    }

    /// How often a password was compared with what is kept of one, or with nothing.
    #[must_use]
    pub fn passwords_compared(&self) -> u64 {
        self.at_once.compared()
    }

    /// How many access tokens are kept.
    #[must_use]
    pub fn tokens_issued(&self) -> usize {
        let mut count = 0;
        let view = self.store.view().expect("the store reads");
        let counted = view.scan(&token::TABLE, &mut |_| {
            count += 1;
            true
        });
        counted.expect("the store reads");
        count
    }

    /// Whether usage meets a full disk.
    pub fn refuse_notes(&self, is_full: bool) {
        self.store.0.engine.refuse_notes(is_full);
    }

    /// The process ends once so many rows of usage of the next note are on the disk, where there are more.
    pub fn end_in_note(&self, rows: usize) {
        self.store.0.engine.end_in_note(rows);
    }

    /// The row of a key, as it is stored.
    #[must_use]
    pub fn row(&self, table: &'static Table, key: &Key) -> Option<Row> {
        let view = self.store.0.engine.view().expect("the store reads");
        view.get(table, key).expect("the store reads").map(|row| row.record)
    }

    /// Puts a row as damage to a disk would: nobody decided it, and nobody hears of it.
    pub fn damage(&self, table: &'static Table, row: &Row) {
        self.store.0.engine.damage(table, row).expect("a table of the schema");
    }

    /// The store fails after so many more commits, as for a process that is about to be killed.
    pub fn fail_after(&self, commits: u64) {
        self.store.0.fail_after(commits);
    }

    /// The word that the server stops: streams end.
    pub fn drain(&self) {
        self.draining.begin();
    }
}

/// Nothing may be left over: no commit that waits, no engine that lost its footing.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.store.statistics().waiting, 0, "commits are left waiting");
            let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(lost.is_empty(), "the service could not follow its store: {lost:?}");
        }
    }
}

fn start(
    hands: &Hands,
    issuer: &Issuer,
    root_keys: RootKeys,
    lost: &Arc<Mutex<Vec<Fault>>>,
    open: impl FnOnce(Arc<dyn jeton_store::store::Subscriber>) -> Arc<MemoryStore>,
) -> Result<(Service, Arc<InFront<Counted>>), LoadError> {
    let (clock, dice, timer, lost) = (hands.clone(), hands.clone(), hands.clone(), lost.clone());
    let parts = Parts {
        issuer: issuer.clone(),
        prefix: Prefix::default(),
        root_keys,
        moments: Moments::new(move || clock.time(), move || dice.seed()).with_timer(move |duration| timer.pass(duration)),
        spawn: Some(Arc::new(|future| drop(tokio::spawn(future)))),
        cached_credentials: 1_000,
        negatives_image: None,
        on_lost: Box::new(move |fault| lost.lock().unwrap_or_else(PoisonError::into_inner).push(fault.clone())),
    };
    let mut opened = None;
    let service = Service::open(parts, |subscriber| {
        let store = Arc::new(InFront(Counted::new(open(Arc::new(EachOnce::new(subscriber))))));
        opened = Some(store.clone());
        Ok::<_, LoadError>(store)
    })?;
    Ok((service, opened.expect("the service opened its store")))
}
