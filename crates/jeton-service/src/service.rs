//! The token service of one deployment: what every use case works on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use jeton_core::doctor::Met;
use jeton_core::moment::{Moment, Time};
use jeton_core::root_key::RootKeys;
use jeton_oauth::Issuer;
use jeton_store::store::{Fault, Fetch, Store, Submission, Subscriber};
use jeton_token::Prefix;
use tokio::sync::Mutex;

use crate::canary_standing::Canary;
use crate::credential_cache::{CacheUse, CredentialCache};
use crate::cut_offs::CutOffs;
use crate::device_polls::DevicePolls;
use crate::durability::Kept;
use crate::feed::Feed;
use crate::gather::{Gather, Spawn};
use crate::hashing::PasswordHashing;
use crate::key_cache::KeyCache;
use crate::keys::allowances::Allowances;
use crate::keys::leases::Leases;
use crate::last_checkpoint::LastCheckpoint;
use crate::leaks::Leaks;
use crate::leap::last_leap;
use crate::letters_carried::Letters;
use crate::logouts_waiting::Logouts;
use crate::moments::Moments;
use crate::notices_told::Notices;
use crate::posture::Posture;
use crate::publisher::Publisher;
use crate::registry::{LoadError, Registry};
use crate::scatter::Scatter;
use crate::secret_uses::SecretUses;
use crate::sessions::seen::SessionsSeen;
use crate::sign_ins::SignIns;
use crate::snapshot_cache::Snapshots;
use crate::throttles::Throttles;
use crate::usage::keeping::Keeping;
use crate::usage::mixed::Mixing;
use crate::usage::recorder::Recorder;
use crate::usage::reported::Reports;
use crate::usage::subjects::Subjects;

/// The token service of one deployment.
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) credentials: CredentialCache,
    pub(crate) keys: Arc<KeyCache>,
    pub(crate) cut_offs: Arc<CutOffs>,
    pub(crate) logouts: Arc<Logouts>,
    pub(crate) leaks: Leaks,
    pub(crate) allowances: Allowances,
    pub(crate) leases: Leases,
    pub(crate) throttles: Throttles,
    pub(crate) device_polls: DevicePolls,
    pub(crate) sign_ins: SignIns,
    pub(crate) sessions_seen: SessionsSeen,
    pub(crate) snapshots: Arc<Snapshots>,
    pub(crate) canary: Canary,
    pub(crate) checkpoints: LastCheckpoint,
    pub(crate) recorder: Recorder,
    pub(crate) keeping: Keeping,
    pub(crate) secret_uses: SecretUses,
    pub(crate) notices: Notices,
    pub(crate) met: ArcSwapOption<Met>,
    pub(crate) subjects: Subjects,
    pub(crate) mixing: Mixing,
    pub(crate) reports: Reports,
    pub(crate) commits: Gather<Submission>,
    pub(crate) fetches: Gather<Fetch>,
    pub(crate) moments: Moments,
    pub(crate) posture: Posture,
    pub(crate) issuer: Issuer,
    pub(crate) prefix: Prefix,
    /// When it began to watch.
    pub(crate) started_at: Time,
    /// Who keeps elsewhere what is taken away, where it must be there before it is answered.
    pub(crate) durability: OnceLock<Kept>,
    /// Who hashes passwords.
    pub(crate) hashing: OnceLock<Arc<dyn PasswordHashing>>,
    pub(crate) letters: Letters,
    /// Whether it is written down how much work a hash is.
    pub(crate) is_password_cost_kept: AtomicBool,
    /// Held by whoever erases somebody: one at a time.
    pub(crate) erasing: Mutex<()>,
    /// Whether the process is about to end.
    pub(crate) is_ending: AtomicBool,
}

/// What a service is made of.
pub struct Parts {
    /// The issuer: in every token, and the base of every published URL.
    pub issuer: Issuer,
    /// The first part of every opaque token.
    pub prefix: Prefix,
    /// The root key.
    pub root_keys: RootKeys,
    /// Clock and dice.
    pub moments: Moments,
    /// How futures are started beside a request; `None` hands each commit over by itself.
    pub spawn: Option<Spawn>,
    /// How many proven credentials are kept in memory.
    pub cached_credentials: usize,
    /// What [`Service::negatives_image`] gave at the end of the process before, where it was kept.
    pub negatives_image: Option<Vec<u8>>,
    /// What happens when the engine loses its footing: the process must end.
    pub on_lost: Box<dyn Fn(&Fault) + Send + Sync>,
}

impl Service {
    /// The process is about to end: jobs that go over many keys stop where they are, and the next process begins them again.
    pub fn begin_to_end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Opens a store through `open`, reads what decides, and is ready to serve.
    ///
    /// # Errors
    /// What `open` says, or [`LoadError`] in its words.
    pub fn open<E: From<LoadError>>(
        parts: Parts,
        open: impl FnOnce(Arc<dyn Subscriber>) -> Result<Arc<dyn Store>, E>,
    ) -> Result<Service, E> {
        let registry = Arc::new(Registry::new(parts.root_keys));
        let (feed, snapshots) = (Arc::new(Feed::default()), Arc::new(Snapshots::default()));
        let (keys, cut_offs, logouts) = (Arc::new(KeyCache::default()), Arc::new(CutOffs::default()), Arc::new(Logouts::default()));
        let publisher = Publisher {
            registry: registry.clone(),
            feed: feed.clone(),
            snapshots: snapshots.clone(),
            keys: keys.clone(),
            cut_offs: cut_offs.clone(),
            logouts: logouts.clone(),
            scatter: Scatter::new(parts.spawn.as_ref()),
            on_lost: parts.on_lost,
        };
        let store = open(Arc::new(publisher))?;
        let (head, view) = (store.head(), store.view().map_err(LoadError::from)?);
        registry.load(&*view, head.clone(), parts.negatives_image)?;
        keys.load(&*view).map_err(LoadError::from)?;
        let secret_uses = SecretUses::default();
        secret_uses.load(&*view, &registry.clients)?;
        drop(view);
        feed.begin(&head);
        let leap = last_leap(&*store).map_err(LoadError::from)?;
        let started_at = parts.moments.time();
        let posture = Posture::at_start(started_at, head.time, leap);
        let (commits_to, fetches_to) = (store.clone(), store.clone());
        Ok(Service {
            registry,
            feed,
            credentials: CredentialCache::new(parts.cached_credentials),
            keys,
            cut_offs,
            logouts,
            leaks: Leaks::default(),
            allowances: Allowances::default(),
            leases: Leases::default(),
            throttles: Throttles::default(),
            device_polls: DevicePolls::default(),
            sign_ins: SignIns::default(),
            sessions_seen: SessionsSeen::default(),
            snapshots,
            canary: Canary::default(),
            checkpoints: LastCheckpoint::default(),
            recorder: Recorder::default(),
            keeping: Keeping::default(),
            secret_uses,
            notices: Notices::default(),
            met: ArcSwapOption::empty(),
            subjects: Subjects::default(),
            mixing: Mixing::default(),
            reports: Reports::default(),
            commits: Gather::new(parts.spawn.clone(), move |batch| commits_to.submit(batch)),
            fetches: Gather::new(parts.spawn, move |batch| fetches_to.fetch(batch)),
            moments: parts.moments,
            posture,
            issuer: parts.issuer,
            prefix: parts.prefix,
            started_at,
            durability: OnceLock::new(),
            hashing: OnceLock::new(),
            letters: Letters::default(),
            is_password_cost_kept: AtomicBool::new(false),
            erasing: Mutex::default(),
            is_ending: AtomicBool::new(false),
            store,
        })
    }

    /// Clock and dice.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Everything in memory that decides.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What verifiers follow.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The time of a moment, or of the ledger's head where that is later: a clock that goes back brings nothing back.
    #[must_use]
    pub(crate) fn ledger_time(&self, moment: &Moment) -> Time {
        moment.now.max(self.store.head().time)
    }

    /// What the clock allows.
    #[must_use]
    pub fn posture(&self) -> &Posture {
        &self.posture
    }

    /// How the memory of proven tokens is used.
    #[must_use]
    pub fn credential_cache(&self) -> CacheUse {
        self.credentials.used()
    }

    /// The store, to look at.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The negatives as they stand, for [`Parts::negatives_image`] of the next start: it takes them up if nothing is committed until then.
    /// `None` while a commit is on its way.
    #[must_use]
    pub fn negatives_image(&self, moment: &Moment) -> Option<Vec<u8>> {
        self.registry.negatives_image(&self.store.head(), &mut moment.clone())
    }

    /// Drops what nobody can use any more: slices of the store, and negatives in memory. For a schedule.
    ///
    /// # Errors
    /// When the engine cannot write.
    pub fn drop_expired(&self) -> Result<u64, Fault> {
        let now = self.moments.time();
        if !self.posture.may_destroy(now) {
            return Ok(0);
        }
        // Nor beyond the ledger's time, by which tokens are judged: should the clock be set back, what expired stays expired.
        let now = now.min(self.store.head().time);
        self.registry.negatives.forget(now.seconds());
        self.store.drop_expired(now)
    }
}
