//! The uses of limited keys: handed out in blocks by a commit, and counted down in memory. A crash loses what was handed out and not used;
//! it never adds any.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::id::ApiKeyId;
use tokio::sync::Mutex as Turn;

/// How many keys' blocks are kept; where there is no room for one more, each of its uses is a commit.
const KEPT: usize = 16_384;
/// A block that nobody used for so long gives way where there is no room, in seconds.
const UNUSED_SECONDS: i64 = 3_600;
/// So many of them at a time, and every so many seconds: what is left of them is written down.
const LEAVING: usize = 64;
const LOOK_SECONDS: i64 = 1;
/// How many keys without a block fetch uses at the same time.
const TURNS: usize = 64;

/// The blocks by key.
pub(crate) struct Leases {
    room: usize,
    blocks: Mutex<Blocks>,
    /// Whose turn it is among the keys that have no block: two uses of one key must not contend.
    turns: [Turn<()>; TURNS],
}

#[derive(Default)]
struct Blocks {
    of: HashMap<ApiKeyId, Arc<Lease>>,
    /// When those that may give way were last looked for, in seconds.
    looked_at: i64,
}

/// What is left of a key's block.
pub(super) struct Lease {
    left: AtomicI64,
    /// How many uses were handed out in all, as far as is known here.
    leased: AtomicI64,
    /// The limit that is known to be used up: of that one nothing is left for ever.
    used_up: AtomicI64,
    /// When it was last asked for, in seconds.
    asked_at: AtomicI64,
    /// Who fetches the next block.
    pub(super) turn: Turn<()>,
}

/// Where a key's uses are counted down.
pub(super) enum Place<'a> {
    /// In memory.
    Block(Arc<Lease>),
    /// Nowhere: there is no room. Whoever has the turn fetches a single use.
    Full(&'a Turn<()>),
}

/// What blocks that gave way had left, by key.
pub(super) type Unused = Vec<(ApiKeyId, i64)>;

impl Default for Leases {
    fn default() -> Leases {
        Leases::with_room(KEPT)
    }
}

impl Leases {
    /// With room for the blocks of so many keys.
    pub(super) fn with_room(room: usize) -> Leases {
        Leases { room, blocks: Mutex::default(), turns: std::array::from_fn(|_| Turn::default()) }
    }

    /// Where the uses of a key are counted down, and what is to be taken back of blocks that gave way for it.
    pub(super) fn of(&self, key: ApiKeyId, now_seconds: i64) -> (Place<'_>, Unused) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = blocks.of.get(&key) {
            lease.asked_at.store(now_seconds, Ordering::Relaxed);
            return (Place::Block(lease.clone()), vec![]);
        }
        let unused = if blocks.of.len() < self.room { vec![] } else { blocks.give_way(now_seconds) };
        if blocks.of.len() < self.room {
            let lease = Arc::new(Lease::new(now_seconds));
            blocks.of.insert(key, lease.clone());
            return (Place::Block(lease), unused);
        }
        drop(blocks);
        // The last bytes of an id are random.
        let place = usize::from(key.0.last().copied().unwrap_or_default()) % TURNS;
        let [first, ..] = &self.turns;
        (Place::Full(self.turns.get(place).unwrap_or(first)), unused)
    }
}

impl Blocks {
    /// Drops the blocks that are used up or that nobody used for long, and says what those had left. Nobody holds them: none of it is used
    /// after this.
    fn give_way(&mut self, now_seconds: i64) -> Unused {
        let mut unused = vec![];
        if (self.looked_at..self.looked_at.saturating_add(LOOK_SECONDS)).contains(&now_seconds) {
            return unused;
        }
        self.looked_at = now_seconds;
        self.of.retain(|key, lease| {
            let left = lease.left.load(Ordering::Acquire);
            let is_old = lease.asked_at.load(Ordering::Relaxed).saturating_add(UNUSED_SECONDS) <= now_seconds;
            if Arc::strong_count(lease) > 1 || (left > 0 && (!is_old || unused.len() == LEAVING)) {
                return true;
            }
            unused.extend((left > 0).then_some((*key, left)));
            false
        });
        unused
    }
}

impl Lease {
    fn new(now_seconds: i64) -> Lease {
        Lease {
            left: AtomicI64::new(0),
            leased: AtomicI64::new(0),
            used_up: AtomicI64::new(-1),
            asked_at: AtomicI64::new(now_seconds),
            turn: Turn::default(),
        }
    }

    /// Takes one use of the block, and says how many are left in all.
    pub(super) fn take(&self, max_uses: i64) -> Option<i64> {
        let before = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| (left > 0).then(|| left - 1)).ok()?;
        Some((max_uses - self.leased.load(Ordering::Acquire)).max(0) + before - 1)
    }

    /// Gives back a use that was taken and not used.
    pub(super) fn give_back(&self) {
        self.left.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether nothing is left of the block.
    pub(super) fn is_empty(&self) -> bool {
        self.left.load(Ordering::Acquire) <= 0
    }

    /// Whether nothing is left of this limit for ever.
    pub(super) fn is_used_up(&self, max_uses: i64) -> bool {
        self.used_up.load(Ordering::Acquire) == max_uses
    }

    pub(super) fn note_used_up(&self, max_uses: i64) {
        self.used_up.store(max_uses, Ordering::Release);
    }

    /// Adds the next block, of which nothing is taken yet.
    pub(super) fn put_by(&self, granted: i64, leased: i64) {
        self.leased.store(leased, Ordering::Release);
        self.left.fetch_add(granted, Ordering::AcqRel);
    }

    /// Adds the next block, whose first use is taken already: says how many are left in all.
    pub(super) fn add(&self, granted: i64, leased: i64, max_uses: i64) -> i64 {
        self.leased.store(leased, Ordering::Release);
        self.left.fetch_add(granted - 1, Ordering::AcqRel);
        (max_uses - leased).max(0) + granted - 1
    }
}
