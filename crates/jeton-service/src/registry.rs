//! The control plane in memory: everything that decides a request but the credential itself. Fed by the ledger, group by group, before the
//! commits of the group are answered; read without a lock.

pub mod addresses;
pub mod authenticated;
pub mod clients;
pub mod groups;
pub mod keys;
mod latest_cut_offs;
pub mod named;
pub mod people;
mod resumed;
pub mod roles;
mod seen_secrets;
mod subject_image;
pub mod suspended;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use jeton_core::api::{self, Api};
use jeton_core::canary;
use jeton_core::client::{self, Client, secret::ClientSecret};
use jeton_core::commit::{Sequence, Write};
use jeton_core::event::CutOffSubject;
use jeton_core::gap::{self, Fence, Gap};
use jeton_core::key::{self, SigningKeyRecord};
use jeton_core::moment::Moment;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::exception::{self, PolicyException};
use jeton_core::policy::rule::{self, PolicyRule};
use jeton_core::record::{Key, Malformed, Row, Table, Value, Versioned};
use jeton_core::root_key::{RootKeyError, RootKeys};
use jeton_core::session::latest;
use jeton_core::token::negative::{self, Negative, Says};
use jeton_store::ledger::Head;
use jeton_store::store::{Fault, FaultKind, View};
use jeton_verify::negatives::{Negatives, Subject};
use papaya::HashMap;

use crate::negatives_image;
use authenticated::Authenticated;
use clients::Clients;
use keys::KeyRing;
use latest_cut_offs::LatestCutOffs;
use people::People;
use resumed::Resumed;
use suspended::{Since, Suspended};

/// Everything in memory that decides.
pub struct Registry {
    apis: HashMap<Arc<str>, Arc<Versioned<Api>>>,
    audiences: HashMap<Arc<str>, Arc<Versioned<Api>>>,
    /// The clients with their secrets and keys.
    pub clients: Clients,
    /// The people with their groups and roles.
    pub people: People,
    /// When each of them last proved who they are.
    pub authenticated: Authenticated,
    /// What is no longer, or not now, accepted.
    pub negatives: Negatives,
    latest_cut_offs: LatestCutOffs,
    resumed: Resumed,
    suspended: Suspended,
    keys: ArcSwap<KeyRing>,
    root_keys: ArcSwap<RootKeys>,
    head: ArcSwapOption<Head>,
    policies: ArcSwap<Policies>,
    rights_generation: AtomicU64,
    /// A gap that nobody accepted yet.
    gap: ArcSwapOption<Gap>,
    /// Since when every one-time mark is known, in seconds; 0: since ever.
    marks_known_from: AtomicI64,
    /// Since when it is known which sessions ended, in seconds; 0: since ever.
    sessions_known_from: AtomicI64,
}

/// Why a store cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The engine cannot read, or a row is damaged.
    Fault(Fault),
    /// A row is not of its table.
    Malformed(Malformed),
    /// A signing key does not open under this root key.
    RootKey(RootKeyError),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Fault(fault) => fault.fmt(formatter),
            LoadError::Malformed(malformed) => malformed.fmt(formatter),
            LoadError::RootKey(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<Fault> for LoadError {
    fn from(fault: Fault) -> LoadError {
        LoadError::Fault(fault)
    }
}

impl From<Malformed> for LoadError {
    fn from(malformed: Malformed) -> LoadError {
        LoadError::Malformed(malformed)
    }
}

impl From<RootKeyError> for LoadError {
    fn from(error: RootKeyError) -> LoadError {
        LoadError::RootKey(error)
    }
}

impl Registry {
    /// An empty registry under this root key.
    #[must_use]
    pub fn new(root_keys: RootKeys) -> Registry {
        Registry {
            apis: HashMap::new(),
            audiences: HashMap::new(),
            clients: Clients::default(),
            people: People::default(),
            authenticated: Authenticated::default(),
            negatives: Negatives::default(),
            latest_cut_offs: LatestCutOffs::default(),
            resumed: Resumed::default(),
            suspended: Suspended::default(),
            keys: ArcSwap::from_pointee(KeyRing::default()),
            root_keys: ArcSwap::from_pointee(root_keys),
            head: ArcSwapOption::empty(),
            policies: ArcSwap::from_pointee(Policies::default()),
            rights_generation: AtomicU64::new(0),
            gap: ArcSwapOption::empty(),
            marks_known_from: AtomicI64::new(0),
            sessions_known_from: AtomicI64::new(0),
        }
    }

    /// Reads everything once, at the start; the negatives, which `image` may have been left of, last.
    ///
    /// # Errors
    /// [`LoadError`]: then nothing may be served.
    pub fn load(&self, view: &dyn View, head: Arc<Head>, image: Option<Vec<u8>>) -> Result<(), LoadError> {
        let tables = [
            &api::TABLE,
            &client::TABLE,
            &client::secret::TABLE,
            &key::TABLE,
            &exception::TABLE,
            &rule::TABLE,
            &gap::TABLE,
            &latest::TABLE,
        ];
        for table in tables.into_iter().chain(people::TABLES) {
            let mut result = Ok(());
            view.scan(table, &mut |row| {
                result = self.put(table, row.version, &row.record);
                result.is_ok()
            })?;
            result?;
        }
        if image.and_then(|mut image| self.take_up(&mut image, &head)).is_none() {
            self.load_negatives(view)?;
        }
        self.reached(head);
        Ok(())
    }

    /// Takes up an image of the negatives; `None`, and nothing is taken up, where it was not left at this head.
    fn take_up(&self, image: &mut [u8], head: &Head) -> Option<()> {
        let (resumed, image) = part_of(negatives_image::open(image, head, &self.root_keys())?)?;
        let (suspended, negatives) = part_of(image)?;
        // All, or nothing: what cannot be taken up is read from the rows.
        self.resumed.take_image(resumed)?;
        self.suspended.take_image(suspended)?;
        self.negatives.take_image(negatives)?;
        self.negatives.for_each_cut_off(|subject, before_seconds| self.latest_cut_offs.note(subject, before_seconds));
        Some(())
    }

    /// Slices come in the order of `until`. A revocation is final whatever is said before or after it, and they are nearly all there is:
    /// each is folded as it comes. Of what else is said the last statement counts: there the order of the ledger is restored.
    fn load_negatives(&self, view: &dyn View) -> Result<(), LoadError> {
        let (mut ordered, mut malformed) = (vec![], None);
        view.scan(&negative::TABLE, &mut |row| {
            match Negative::from_row(&row.record) {
                Ok(negative) if matches!(negative.says, Says::Revoked(..)) => self.fold(&negative, row.version),
                Ok(negative) => ordered.push((row.version, negative)),
                Err(error) => malformed = Some(error),
            }
            malformed.is_none()
        })?;
        if let Some(malformed) = malformed {
            return Err(malformed.into());
        }
        ordered.sort_unstable_by_key(|(version, negative)| (*version, negative.id));
        ordered.iter().for_each(|(version, negative)| self.fold(negative, *version));
        Ok(())
    }

    /// Follows one commit.
    ///
    /// # Errors
    /// [`LoadError`] when a row is not of its table: a fault of the program.
    pub fn apply(&self, version: Sequence, writes: &[Write]) -> Result<(), LoadError> {
        for write in writes {
            match write {
                Write::Put { table, row } => self.put(table, version, row)?,
                Write::Delete { table, key } => self.delete(table, key)?,
            }
        }
        if writes.iter().any(decides_rights) {
            // After the writes: who judged between them judges once more.
            self.rights_generation.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Grows with every change of what owners of keys may do: what was judged under another one is judged again.
    #[must_use]
    pub fn rights_generation(&self) -> u64 {
        self.rights_generation.load(Ordering::Acquire)
    }

    /// How many entries of the ledger were followed.
    pub(crate) fn followed(&self) -> Sequence {
        self.head.load().as_ref().map_or(0, |head| head.size)
    }

    /// A group was followed to its end, and this is the ledger's head after it.
    pub(crate) fn reached(&self, head: Arc<Head>) {
        self.head.store(Some(head));
    }

    /// The negatives as they stand, sealed for a start that finds the ledger at this head. `None` while a group is on its way.
    pub(crate) fn negatives_image(&self, head: &Head, moment: &mut Moment) -> Option<Vec<u8>> {
        let is_reached = || self.head.load().as_deref() == Some(head);
        // What comes meanwhile may be in the image or not; it is durable before it comes, so no start finds this head then.
        let image = is_reached().then(|| negatives_image::seal(&self.image()?, head, &self.root_keys(), moment))?;
        image.filter(|_| is_reached())
    }

    /// The negatives with what is known of resumptions and suspensions before them, each after its length.
    fn image(&self) -> Option<Vec<u8>> {
        let mut image = vec![];
        for part in [self.resumed.to_image(), self.suspended.to_image()] {
            image.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            image.extend_from_slice(&part);
        }
        image.extend_from_slice(&self.negatives.to_image());
        Some(image)
    }

    /// Since when everything of a subject is suspended; `None`: it is not.
    #[must_use]
    pub fn suspended_since(&self, subject: CutOffSubject, name: &Arc<str>) -> Option<Since> {
        self.suspended.since(judged(subject), name)
    }

    /// When everything of a subject was last accepted again after a suspension, in seconds; the earliest time there is where it never was.
    #[must_use]
    pub fn last_resumed(&self, subject: Subject, name: &str) -> i64 {
        self.resumed.last(subject, name)
    }

    /// Every subject that is suspended.
    #[must_use]
    pub fn suspended_subjects(&self) -> Vec<(Subject, Arc<str>, Since)> {
        self.suspended.all()
    }

    /// An API by its id.
    #[must_use]
    pub fn api(&self, id: &str) -> Option<Arc<Versioned<Api>>> {
        self.apis.pin().get(id).cloned()
    }

    /// An API by its audience.
    #[must_use]
    pub fn api_of_audience(&self, audience: &str) -> Option<Arc<Versioned<Api>>> {
        self.audiences.pin().get(audience).cloned()
    }

    /// Every API.
    #[must_use]
    pub fn apis(&self) -> Vec<Arc<Versioned<Api>>> {
        self.apis.pin().values().cloned().collect()
    }

    /// The signing keys as they stand.
    #[must_use]
    pub fn keys(&self) -> arc_swap::Guard<Arc<KeyRing>> {
        self.keys.load()
    }

    /// The root key's epochs as they stand.
    #[must_use]
    pub fn root_keys(&self) -> arc_swap::Guard<Arc<RootKeys>> {
        self.root_keys.load()
    }

    /// The lifetimes of credentials as they are set.
    #[must_use]
    pub fn policies(&self) -> arc_swap::Guard<Arc<Policies>> {
        self.policies.load()
    }

    /// A gap that nobody accepted yet.
    #[must_use]
    pub fn gap(&self) -> Option<Arc<Gap>> {
        self.gap.load_full()
    }

    /// What a gap that nobody accepted holds back.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.gap.load().as_ref().map_or(Fence::NONE, |gap| Fence::of(gap))
    }

    /// Since when every one-time mark is known, in seconds; 0 where this was never restored: since ever.
    #[must_use]
    pub fn marks_known_from(&self) -> i64 {
        self.marks_known_from.load(Ordering::Acquire)
    }

    /// Since when it is known which sessions ended, in seconds; 0: since ever.
    #[must_use]
    pub fn sessions_known_from(&self) -> i64 {
        self.sessions_known_from.load(Ordering::Acquire)
    }

    /// Takes up a root key with another epoch.
    pub fn replace_root_keys(&self, root_keys: RootKeys) {
        self.root_keys.store(Arc::new(root_keys));
    }

    /// The latest cut-off over any token of a subject, in seconds; an API is named by its audience.
    #[must_use]
    pub fn latest_cut_off(&self, subject: CutOffSubject, name: &str) -> i64 {
        let subject = judged(subject);
        self.negatives.before(subject, name).max(self.latest_cut_offs.of_others(subject))
    }

    fn put(&self, table: &'static Table, version: Sequence, row: &Row) -> Result<(), LoadError> {
        if std::ptr::eq(table, &api::TABLE) {
            let api = Arc::new(Versioned { version, record: Api::from_row(row)? });
            self.audiences.pin().insert(api.record.audience.clone(), api.clone());
            self.apis.pin().insert(api.record.id.0.clone(), api);
        } else if std::ptr::eq(table, &client::TABLE) {
            self.clients.put(Versioned { version, record: Client::from_row(row)? });
        } else if std::ptr::eq(table, &client::secret::TABLE) {
            self.clients.put_secret(Versioned { version, record: ClientSecret::from_row(row)? });
        } else if std::ptr::eq(table, &key::TABLE) {
            let record = SigningKeyRecord::from_row(row)?;
            let ring = self.keys.load().with(Versioned { version, record }, &self.root_keys.load())?;
            self.keys.store(Arc::new(ring));
        } else if std::ptr::eq(table, &rule::TABLE) {
            let rule = Versioned { version, record: PolicyRule::from_row(row)? };
            self.policies.store(Arc::new(Policies::clone(&self.policies.load()).with(rule)));
        } else if std::ptr::eq(table, &exception::TABLE) {
            let exception = Versioned { version, record: PolicyException::from_row(row)? };
            self.policies.store(Arc::new(Policies::clone(&self.policies.load()).with_exception(exception)));
        } else if std::ptr::eq(table, &gap::TABLE) {
            match gap::Kept::from_row(row)? {
                gap::Kept::Gap(gap) => self.gap.store(Some(Arc::new(gap))),
                gap::Kept::MarksKnownFrom(seconds) => self.marks_known_from.store(seconds, Ordering::Release),
                gap::Kept::SessionsKnownFrom(seconds) => self.sessions_known_from.store(seconds, Ordering::Release),
            }
        } else if std::ptr::eq(table, &latest::TABLE) {
            self.authenticated.put(version, row)?;
        } else if std::ptr::eq(table, &negative::TABLE) {
            self.fold(&Negative::from_row(row)?, version);
        } else if std::ptr::eq(table, &canary::TABLE) {
            self.fold(&canary::negative_of_row(row)?, version);
        } else {
            self.people.put(table, version, row)?;
        }
        Ok(())
    }

    fn delete(&self, table: &'static Table, key: &Key) -> Result<(), LoadError> {
        if std::ptr::eq(table, &rule::TABLE) {
            let (kind, subject) = rule::of_key(key)?;
            self.policies.store(Arc::new(Policies::clone(&self.policies.load()).without(kind, &subject)));
            return Ok(());
        }
        if std::ptr::eq(table, &gap::TABLE) {
            self.gap.store(None);
            return Ok(());
        }
        if std::ptr::eq(table, &latest::TABLE) {
            self.authenticated.remove(key);
            return Ok(());
        }
        if people::TABLES.iter().any(|kept| std::ptr::eq(*kept, table)) {
            return Ok(self.people.delete(table, key)?);
        }
        let Some(key) = key.first().and_then(Value::as_text) else { return Ok(()) };
        if std::ptr::eq(table, &api::TABLE) {
            if let Some(api) = self.api(key) {
                self.audiences.pin().remove(&api.record.audience);
            }
            self.apis.pin().remove(key);
        } else if std::ptr::eq(table, &client::TABLE) {
            self.clients.remove(key);
        } else if std::ptr::eq(table, &client::secret::TABLE) {
            self.clients.remove_secret(key);
        } else if std::ptr::eq(table, &key::TABLE) {
            let ring = self.keys.load().without(key, &self.root_keys.load())?;
            self.keys.store(Arc::new(ring));
        } else if std::ptr::eq(table, &exception::TABLE) {
            self.policies.store(Arc::new(Policies::clone(&self.policies.load()).without_exception(key)));
        }
        Ok(())
    }

    fn fold(&self, negative: &Negative, version: Sequence) {
        let until = negative.until;
        match &negative.says {
            Says::Revoked(token, _) => self.negatives.revoke(token.0, until),
            Says::Suspended(token, _) => self.negatives.suspend(token.0, until),
            Says::Resumed(token, _) => self.negatives.resume(token.0, until),
            Says::CutOff(subject, name, before) => {
                // First: whoever decides under the cut-off must not be overlooked by the next one.
                self.latest_cut_offs.note(judged(*subject), *before);
                self.negatives.cut_off(judged(*subject), name, *before, until);
            }
            Says::SubjectSuspended(subject, name) => {
                self.suspended.note(judged(*subject), name, Since { at_seconds: negative.said_at().seconds(), version });
                self.negatives.suspend_subject(judged(*subject), name);
            }
            Says::SubjectResumed(subject, name) => {
                // First: whoever sees that it is resumed must see when.
                self.resumed.note(judged(*subject), name, negative.said_at().seconds());
                self.negatives.resume_subject(judged(*subject), name);
                self.suspended.forget(judged(*subject), name);
            }
            Says::Lifetime(audience, seconds, before) => self.negatives.limit_lifetime(audience, *seconds, *before, until),
            Says::KeyRevoked(key) => self.negatives.revoke_key(key.as_str(), until),
            // For those who remember answers: here the key itself is read.
            Says::ApiKeyChanged(..) => {}
        }
    }
}

/// A part of an image behind its length, and what comes after it.
fn part_of(image: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, image) = image.split_first_chunk()?;
    image.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Whether a write may change what the owners of keys may do.
fn decides_rights(write: &Write) -> bool {
    let (Write::Put { table, .. } | Write::Delete { table, .. }) = write;
    [&api::TABLE, &client::TABLE].into_iter().chain(people::TABLES).any(|decides| std::ptr::eq(*table, decides))
}

pub(crate) fn judged(subject: CutOffSubject) -> Subject {
    match subject {
        CutOffSubject::Client => Subject::Client,
        CutOffSubject::User => Subject::User,
        CutOffSubject::Session => Subject::Session,
        CutOffSubject::Family => Subject::Family,
        CutOffSubject::Api => Subject::Api,
        CutOffSubject::Key => Subject::Key,
        CutOffSubject::Group => Subject::Group,
        CutOffSubject::Everything => Subject::Everything,
    }
}

/// A row that cannot be read is damage.
impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Fault {
        match error {
            LoadError::Fault(fault) => fault,
            other => Fault::new(FaultKind::Damaged, other.to_string()),
        }
    }
}
