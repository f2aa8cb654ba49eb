//! However the negatives come into memory, they decide alike: followed group by group, read row by row, or taken up from an image.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by them, and prints what it saw")]

use std::sync::Arc;

use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId, KeyId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Key, Row, Table, Versioned};
use jeton_core::root_key::RootKeys;
use jeton_core::token::negative::{self, Negative, Says};
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::registry::{LoadError, Registry};
use jeton_service::{Parts, Service};
use jeton_store::find::Find;
use jeton_store::memory::MemoryStore;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, FaultKind, Store as _, Submission, View};
use jeton_token::Prefix;
use jeton_verify::negatives::{Described, Judgement, Negatives};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const NAMES: [&str; 3] = ["one", "two", "https://three.example"];
const SUBJECTS: [CutOffSubject; 7] = [
    CutOffSubject::Client,
    CutOffSubject::User,
    CutOffSubject::Session,
    CutOffSubject::Family,
    CutOffSubject::Api,
    CutOffSubject::Key,
    CutOffSubject::Everything,
];

/// Choices from a seed.
struct Dice(Moment);

impl Dice {
    fn new(seed: u64) -> Dice {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Dice(Moment::new(Time::from_seconds(NOW), bytes))
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(u64::from_be_bytes(self.0.draw()) % limit as u64).unwrap()
    }

    fn seconds(&mut self, limit: usize) -> i64 {
        i64::try_from(self.below(limit)).unwrap()
    }

    fn name(&mut self) -> Arc<str> {
        Arc::from(NAMES[self.below(NAMES.len())])
    }
}

/// A token of which something may be said: few, so that several things are said of each.
fn token(number: usize) -> CredentialId {
    CredentialId([u8::try_from(number).unwrap(); 16])
}

const TOKENS: usize = 12;

/// What is said, and the event that is told of it. Suspensions and resumptions are the most: only their order counts.
fn statement(dice: &mut Dice) -> (Says, i64, Event) {
    let (token, name) = (token(dice.below(TOKENS)), dice.name());
    let until_seconds = NOW + dice.seconds(9 * 86_400);
    let (actor, api, client) = (Actor::system(), ApiId(name.clone()), ClientId::from("c"));
    let (says, event) = match dice.below(10) {
        0 => (Says::Revoked(token, name), Event::TokenRevoked { actor, api, client, token, until_seconds, why: None }),
        1..=3 => (Says::Suspended(token, name), Event::TokenSuspended { actor, api, client, token, until_seconds, why: None }),
        4..=6 => (Says::Resumed(token, name), Event::TokenResumed { actor, api, client, token, until_seconds }),
        7 => {
            let (subject, before_seconds) = (SUBJECTS[dice.below(SUBJECTS.len())], NOW - dice.seconds(90));
            let event = Event::CutOff { actor, subject, name: name.clone(), before_seconds, until_seconds, why: None };
            (Says::CutOff(subject, name, before_seconds), event)
        }
        8 => {
            let (seconds, before_seconds) = (1 + dice.seconds(90), NOW - dice.seconds(90));
            let event = Event::ApiLifetimeLowered { actor, api, seconds, before_seconds, until_seconds };
            (Says::Lifetime(name, seconds, before_seconds), event)
        }
        _ => {
            let key = KeyId(name);
            (Says::KeyRevoked(key.clone()), Event::SigningKeyRevoked { actor, key, until_seconds, why: None })
        }
    };
    (says, until_seconds, event)
}

/// A service that follows what is said, and its store.
struct Following {
    service: Service,
    store: Arc<MemoryStore>,
}

impl Following {
    fn start(dice: &mut Dice) -> Following {
        let mut opened = None;
        let (entropy, seed) = (dice.0.draw(), dice.0.draw());
        let parts = Parts {
            issuer: Issuer::parse("https://issuer.example").unwrap(),
            prefix: Prefix::default(),
            root_keys: root_keys(7),
            moments: Moments::new(|| Time::from_seconds(NOW), move || entropy),
            spawn: None,
            cached_credentials: 8,
            negatives_image: None,
            on_lost: Box::new(|fault| panic!("{fault}")),
        };
        let service = Service::open::<LoadError>(parts, |subscriber| {
            let store = MemoryStore::new(&SCHEMA, seed, subscriber);
            opened = Some(store.clone());
            Ok(store)
        });
        Following { service: service.unwrap(), store: opened.unwrap() }
    }

    fn say(&self, dice: &mut Dice) {
        let mut commit = Commit::new(&mut dice.0);
        for place in 0..=dice.below(2) {
            let (says, until, event) = statement(dice);
            // No decision says two things of one token, and their order within a commit would be nobody's.
            if place == 0 || !matches!(says, Says::Suspended(..) | Says::Resumed(..)) {
                commit = commit.put(&negative::TABLE, Negative::new(says, until, &mut dice.0).row()).tell(event);
            }
        }
        let (reply, answer) = oneshot::channel();
        self.store.submit(vec![Submission { commit, owner: Arc::from(""), reply }]);
        answer.blocking_recv().unwrap().unwrap();
    }

    fn image(&self) -> Option<Vec<u8>> {
        self.service.negatives_image(&self.service.moments().now())
    }

    /// What a start reads with this image.
    fn load(&self, image: Option<Vec<u8>>, rows: Rows, root: u8) -> Result<Registry, LoadError> {
        let registry = Registry::new(root_keys(root));
        let view = Watched { view: self.store.view().unwrap(), rows };
        registry.load(&view, self.store.head(), image)?;
        Ok(registry)
    }

    #[track_caller]
    fn check(&self, loaded: &Registry, what: &str) {
        let followed = self.service.registry();
        check_alike(&loaded.negatives, &followed.negatives, what);
        for (subject, name) in SUBJECTS.into_iter().flat_map(|subject| NAMES.map(|name| (subject, name))) {
            let latest = |registry: &Registry| registry.latest_cut_off(subject, name);
            assert_eq!(latest(loaded), latest(followed), "{what}: {subject:?} {name}");
        }
    }
}

fn root_keys(byte: u8) -> RootKeys {
    RootKeys::new([(1, Zeroizing::new([byte; 32]))]).unwrap()
}

/// How tokens that can be told apart are judged, at times around all that was said.
fn decisions(negatives: &Negatives) -> Vec<(String, Judgement)> {
    let mut decisions = vec![];
    let optional = |name: &'static str| [None, Some(name)];
    for number in 0..=TOKENS {
        for name in NAMES {
            for issued_at in [NOW - 70, NOW - 30] {
                for (user, key) in optional(name).into_iter().zip(optional(name)) {
                    let described = Described {
                        token: token(number).0,
                        issued_at,
                        client: name,
                        audience: name,
                        user,
                        session: user,
                        family: user,
                        signing_key: key,
                    };
                    for now in [NOW - 40, NOW, NOW + 60] {
                        let judgement = negatives.judge(&described, now);
                        decisions.push((format!("token {number} of {name} at {now}, {} s old, key {key:?}", now - issued_at), judgement));
                    }
                }
            }
        }
    }
    decisions
}

#[track_caller]
fn check_alike(loaded: &Negatives, followed: &Negatives, what: &str) {
    assert_eq!(loaded.tokens(), followed.tokens(), "{what}");
    for name in NAMES {
        assert_eq!(loaded.not_before(name, name), followed.not_before(name, name), "{what}: {name}");
    }
    for (loaded, followed) in decisions(loaded).iter().zip(&decisions(followed)) {
        assert_eq!(loaded, followed, "{what}");
    }
}

/// Whether the rows of negatives can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    Readable,
    Unreadable,
}

struct Watched<'v> {
    view: Box<dyn View + 'v>,
    rows: Rows,
}

impl View for Watched<'_> {
    fn as_of(&self) -> Sequence {
        self.view.as_of()
    }

    fn get(&self, table: &'static Table, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        self.view.get(table, key)
    }

    fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        self.view.range(table, index, prefix, after, limit)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
        self.view.find(find)
    }

    fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        self.view.starting_with(table, prefix, limit)
    }

    fn walk(&self, table: &'static Table, above: Option<&Key>, after: Option<&Row>, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        self.view.walk(table, above, after, limit)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        if self.rows == Rows::Unreadable && std::ptr::eq(table, &negative::TABLE) {
            return Err(Fault::new(FaultKind::Damaged, "the rows were asked for"));
        }
        self.view.scan(table, each)
    }
}

#[test]
fn rows_in_any_order_decide_as_the_ledger_does() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let following = Following::start(&mut dice);
        for _ in 0..1 + dice.below(120) {
            following.say(&mut dice);
        }
        following.check(&following.load(None, Rows::Readable, 7).unwrap(), &format!("seed {seed}"));
    }
}

#[test]
fn an_image_is_taken_up_where_it_was_left_and_nowhere_else() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let following = Following::start(&mut dice);
        for _ in 0..dice.below(60) {
            following.say(&mut dice);
        }
        let image = following.image().unwrap();
        following.check(&following.load(Some(image.clone()), Rows::Unreadable, 7).unwrap(), &format!("seed {seed}, taken up"));
        let unread = |image: Vec<u8>, root, what: &str| {
            assert!(following.load(Some(image.clone()), Rows::Unreadable, root).is_err(), "seed {seed}, {what}: taken up");
            following.check(&following.load(Some(image), Rows::Readable, root).unwrap(), &format!("seed {seed}, {what}"));
        };
        let mut damaged = image.clone();
        let byte = dice.below(damaged.len());
        damaged[byte] ^= 1 << dice.below(8);
        unread(damaged, 7, &format!("byte {byte} changed"));
        unread(image[..dice.below(image.len())].to_vec(), 7, "cut");
        unread(image.clone(), 8, "of another root key");
        following.say(&mut dice);
        unread(image, 7, "stale");
    }
}

#[test]
fn what_is_read_ends_after_its_days_as_what_was_followed() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let following = Following::start(&mut dice);
        for _ in 0..80 {
            following.say(&mut dice);
        }
        let (read, taken_up) = (following.load(None, Rows::Readable, 7), following.load(following.image(), Rows::Unreadable, 7));
        for (what, loaded) in [("read", read.unwrap()), ("taken up", taken_up.unwrap())] {
            let followed = following.load(None, Rows::Readable, 7).unwrap();
            let later = NOW + dice.seconds(9) * DAY;
            followed.negatives.forget(later);
            loaded.negatives.forget(later);
            check_alike(&loaded.negatives, &followed.negatives, &format!("seed {seed}, {what}"));
        }
    }
}
