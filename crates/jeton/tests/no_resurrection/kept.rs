//! Where the backups of a history go, how the history ends, and what is made of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use jeton_backup::failure::Failure;
use jeton_backup::identity::Identity;
use jeton_backup::join::Joining;
use jeton_backup::join::bounds::Bounds;
use jeton_backup::leaving::leave;
use jeton_backup::names::{Segment, SnapshotId};
use jeton_backup::open::Opening;
use jeton_backup::restore::{Narrowing, Restore, Restored as Found, segments};
use jeton_backup::seal::Sealing;
use jeton_backup::snapshot::{Beside, Snapshot, tables};
use jeton_backup::tail::{Mode, Shipper};
use jeton_backup::target::Target;
use jeton_backup::unshipped::Unshipped;
use jeton_core::claim::{Compared, claim};
use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::gap::{GoingOn, Known};
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_core::record::{Row, Versioned};
use jeton_core::root_key::RootKeys;
use jeton_service::durability::{Durability, Keeps};
use jeton_service::restored::Restored;
use jeton_store::ledger::Hash;
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::line::{Change, RowLine};
use jeton_store::load::Load as _;
use jeton_store::memory::MemoryLoader;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Group, Store as _, Subscriber};
use jeton_store_sqlite::{Loader, Options, SqliteStore};
use jeton_testkit::world::World;
use jeton_token::TokenId;
use zeroize::Zeroizing;

use crate::dice::Dice;

/// How a history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// In order; all of the tail is there.
    Nothing,
    /// The end of the tail is lost, all of it, or one segment of it.
    TheEnd,
    AllOfIt,
    OneOfIt,
    /// In the midst of it: whatever was not shipped is lost.
    Killed,
    /// The same where what takes away is answered once it is shipped.
    KilledInSync,
    /// In order; an earlier time is asked for.
    UntilThen,
    /// The target is not the one that was shipped to last.
    LeftForAnother,
    /// The data folder is one of before.
    PutBack,
}

/// Those that take nothing from the target.
pub(crate) const OF_SERVERS: [Loss; 3] = [Loss::Nothing, Loss::Killed, Loss::KilledInSync];

/// All of them; the one before which no thief had come, more often.
pub(crate) const LOSSES: [Loss; 9] = [
    Loss::Nothing,
    Loss::TheEnd,
    Loss::AllOfIt,
    Loss::OneOfIt,
    Loss::Killed,
    Loss::KilledInSync,
    Loss::UntilThen,
    Loss::UntilThen,
    Loss::UntilThen,
];

/// Ships, and is waited for where everything is to be there.
struct Ships {
    shipper: tokio::sync::Mutex<Shipper>,
    is_sync: bool,
    /// Whether disks take turns that are said to: what is shipped says nothing of the end.
    rotates: bool,
    /// From where on the tail had no hole when a snapshot was made, or when it began.
    unbroken_from: AtomicU64,
}

impl Ships {
    async fn of(world: &World, target: &Target, sealing: &Sealing, (is_sync, rotates): (bool, bool)) -> Arc<Ships> {
        let shipper = begun(world, target, sealing, is_sync && !rotates).await.unwrap();
        let unbroken_from = AtomicU64::new(shipper.unbroken_from());
        let ships = Arc::new(Ships { shipper: tokio::sync::Mutex::new(shipper), is_sync, rotates, unbroken_from });
        let weak: Weak<Ships> = Arc::downgrade(&ships);
        world.service().narrow_durably(weak, is_sync);
        ships
    }

    async fn ship(&self, is_final: bool) -> Sequence {
        let mode = Mode { sync: self.is_sync && !self.rotates, is_final: is_final && !self.rotates };
        self.shipper.lock().await.ship(mode).await.unwrap()
    }

    /// Whether the tail has a hole that no snapshot is behind yet.
    async fn has_hole(&self) -> bool {
        self.shipper.lock().await.unbroken_from() > self.unbroken_from.load(Ordering::Relaxed)
    }
}

async fn begun(world: &World, target: &Target, sealing: &Sealing, is_sync: bool) -> Result<Shipper, Failure> {
    let (store, unshipped) = (world.service().store().clone(), Arc::new(Unshipped::default()));
    Shipper::begin(store, &SCHEMA, target.clone(), sealing.clone(), unshipped, is_sync).await
}

impl Durability for Ships {
    fn reached(&self, sequence: Sequence) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move { self.ship(false).await > sequence })
    }

    fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(true))
    }

    fn keeps(&self) -> Keeps {
        Keeps::Everything
    }
}

pub(crate) struct Kept {
    /// That which is shipped to, and the other one.
    target: Target,
    other: Target,
    /// Whether the other one was shipped to, too.
    pub(crate) has_turned: bool,
    pub(crate) rotates: bool,
    /// What verifiers kept of the ledger.
    notes: Vec<Note>,
    sealing: Sealing,
    opening: Opening,
    ships: Arc<Ships>,
    folder: tempfile::TempDir,
}

/// A checkpoint that somebody kept.
#[derive(Clone, Copy)]
struct Note {
    incarnation: [u8; 16],
    size: Sequence,
    root: Hash,
    time: Time,
}

/// A data folder as it was once.
pub(crate) struct Copied {
    loader: MemoryLoader,
    incarnation: [u8; 16],
    pub(crate) size: Sequence,
}

impl Copied {
    /// Serves it beside the one that it was copied from.
    pub(crate) async fn served_beside(self, world: &World) -> World {
        world.copied(self.loader, self.incarnation).await
    }
}

/// A deployment that was made of a backup.
pub(crate) struct Made {
    pub(crate) world: World,
    pub(crate) known: Known,
    /// How many entries of the ledger it knows.
    pub(crate) size: u64,
    /// Whether the target has entries that it does not come from.
    pub(crate) has_others: bool,
    /// Whether a checkpoint shows that entries are missing.
    pub(crate) checkpoint_has_more: bool,
    /// Whether it is of before by its nature, and knows nobody who was erased since: a folder that was put back, or of a target that was left.
    pub(crate) is_of_before: bool,
}

impl Kept {
    pub(crate) async fn new(world: &World, is_sync: bool, rotates: bool) -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let (identity, target) = (Identity::generate(), Target::folder(&folder.path().join("one")).unwrap());
        let other = Target::folder(&folder.path().join("other")).unwrap();
        let root_keys = RootKeys::new([(1, Zeroizing::new([7; 32]))]).unwrap();
        let recipients = vec![identity.recipient()];
        let sealing = Sealing { recipients, root_keys: root_keys.clone(), issuer: world.issuer().into(), schema: SCHEMA.version };
        let ships = Ships::of(world, &target, &sealing, (is_sync, rotates)).await;
        let opening = Opening { identity, root_keys };
        Kept { target, other, has_turned: false, rotates, notes: Vec::new(), sealing, opening, ships, folder }
    }

    /// The same target, for a deployment that was made of what is there.
    pub(crate) async fn of_next(self, world: &World, is_sync: bool, rotates: bool) -> Kept {
        let ships = Ships::of(world, &self.target, &self.sealing, (is_sync, rotates)).await;
        // A server has put a first segment before it acknowledges anything.
        ships.ship(false).await;
        Kept { ships, rotates, ..self }
    }

    /// The server is started again, after it stopped in order or did not, and goes on with the other target: what this one says of its end
    /// must not hold then.
    pub(crate) async fn turn(&mut self, world: &World, is_in_order: bool) {
        if is_in_order {
            self.ship(true).await;
        }
        if !self.rotates {
            leave(world.service().store().clone(), &SCHEMA, &self.target, self.sealing.clone(), &self.opening).await.unwrap();
        }
        std::mem::swap(&mut self.target, &mut self.other);
        let shipper = begun(world, &self.target, &self.sealing, self.ships.is_sync && !self.rotates).await.unwrap();
        *self.ships.shipper.lock().await = shipper;
        self.has_turned = true;
        world.advance(1);
        // There is none, or a hole behind the last.
        self.snapshot(world).await;
    }

    /// A verifier keeps what it saw last.
    pub(crate) fn note(&mut self, world: &World) {
        let head = world.service().store().head();
        let (size, root) = (head.frontier.size(), head.frontier.root());
        self.notes.push(Note { incarnation: head.incarnation, size, root, time: world.moment().now });
    }

    /// Somebody copies the data folder.
    pub(crate) fn copy(world: &World) -> Copied {
        let (store, mut loader) = (world.service().store(), MemoryLoader::begin(&SCHEMA));
        loader.append(&store.tail(0, usize::MAX).unwrap()).unwrap();
        for table in tables(&SCHEMA) {
            let mut rows = Vec::new();
            let line = |row: &Versioned<Row>| RowLine { table, version: row.version, row: row.record.clone() };
            store.view().unwrap().scan(table, &mut |row| each(&mut rows, line(row))).unwrap();
            loader.put(&rows).unwrap();
        }
        let head = store.head();
        Copied { loader, incarnation: head.incarnation, size: head.size }
    }

    /// And puts it back: a start finds so where the target has more, and one that must go on does it behind a fence.
    pub(crate) async fn put_back(&self, world: &World, copied: Copied) -> Made {
        let Copied { loader, incarnation, size } = copied;
        let world = world.copied(loader, incarnation).await;
        if segments(&self.target, incarnation).await.unwrap().iter().any(|segment| segment.to > size) {
            let refused = begun(&world, &self.target, &self.sealing, true).await.map(drop);
            assert!(matches!(refused, Err(Failure::Parted(_))), "{refused:?}");
        }
        let moment = world.moment();
        world.service().go_on_put_back(&Actor::system(), &moment).await.unwrap();
        Made { world, known: Known::MayLack, size, has_others: false, checkpoint_has_more: false, is_of_before: true }
    }

    pub(crate) async fn snapshot(&self, world: &World) {
        let mut moment = world.moment();
        let id = SnapshotId::new(moment.now, moment.draw());
        let (store, now) = (world.service().store().clone(), moment.now);
        let snapshot = Snapshot {
            store,
            schema: &SCHEMA,
            target: &self.target,
            sealing: &self.sealing,
            id,
            beside: Beside::default(),
            progress: &|_| {},
        };
        let made = snapshot.make(now, || now).await.unwrap();
        // As a server tells it, and ships it within a second.
        let (bytes, sequence, snapshot) = (made.bytes(), made.head.size, made.snapshot.as_str().into());
        world.service().tell_of_backups(Event::BackupCompleted { actor: Actor::system(), bytes, sequence, snapshot }).await.unwrap();
        self.ship(false).await;
        let unbroken_from = self.ships.shipper.lock().await.unbroken_from();
        self.ships.unbroken_from.store(unbroken_from, Ordering::Relaxed);
    }

    pub(crate) async fn ship(&self, is_final: bool) {
        self.ships.ship(is_final).await;
    }

    /// What left before it was shipped is a hole: a server makes a snapshot at once then.
    pub(crate) async fn end_hole(&self, world: &World) {
        if self.ships.has_hole().await {
            world.advance(1);
            self.snapshot(world).await;
        }
    }

    /// Joins what there is of the tail, but for the last of it.
    pub(crate) async fn join(&self, world: &World) {
        let (store, target, sealing, opening) = (world.service().store().clone(), &self.target, &self.sealing, &self.opening);
        let bounds = Bounds { apart: 1, least: 2, most: 5, ..Bounds::default() };
        let joined = Joining { store, target, sealing, opening, bounds }.run(0, true).await.unwrap();
        assert_eq!((joined.problems, joined.kept), (vec![], None));
    }

    /// Takes away what is lost of the tail.
    pub(crate) async fn lose(&self, world: &World, loss: Loss, dice: &mut Dice) {
        let all = segments(&self.target, world.service().store().head().incarnation).await.unwrap();
        let lost: Vec<Segment> = match loss {
            Loss::TheEnd => all[all.len() - (all.len() / 2 + 1)..].to_vec(),
            Loss::AllOfIt => all,
            Loss::OneOfIt => vec![dice.one_of(&all).unwrap()],
            Loss::Nothing | Loss::Killed | Loss::KilledInSync | Loss::UntilThen | Loss::LeftForAnother | Loss::PutBack => vec![],
        };
        for segment in lost {
            self.target.delete(&segment.name()).await.unwrap();
        }
    }

    /// Restores the target that is shipped to.
    pub(crate) async fn restore(&self, world: &World, until: Option<Time>, engine: Engine, with_note: Option<u64>) -> Made {
        self.restore_of(&self.target, world, until, engine, with_note).await
    }

    /// Restores the other one.
    pub(crate) async fn restore_left(&self, world: &World, with_note: Option<u64>) -> Made {
        Made { is_of_before: true, ..self.restore_of(&self.other, world, None, Engine::Memory, with_note).await }
    }

    async fn restore_of(&self, target: &Target, world: &World, until: Option<Time>, engine: Engine, with_note: Option<u64>) -> Made {
        let mut loader = MemoryLoader::begin(&SCHEMA);
        let restore = Restore { target, opening: &self.opening, schema: &SCHEMA, until, incarnation: None, progress: &|_| {} };
        let found = restore.run(&mut loader).await.unwrap();
        if engine == Engine::Sqlite {
            let folder = self.folder.path().join("made");
            loader = through_sqlite(&restore, &loader, &folder).await;
            std::fs::remove_dir_all(folder).unwrap();
        }
        let (known, checkpoint_has_more) = self.claimed(&found, with_note);
        let taken_since = found.narrowing.iter().map(taken).collect();
        let on = GoingOn {
            previous: TokenId::from_bytes(found.incarnation).to_string().into(),
            size: found.size,
            found: found.size + found.left_behind,
            root: hexadecimal(&found.root).into(),
            known,
        };
        let world = world.restored(loader, found.incarnation, &Restored { on, taken_since }).await;
        Made { world, known, size: found.size, has_others: !found.others.is_empty(), checkpoint_has_more, is_of_before: false }
    }

    /// What is claimed, with one of the notes or without: never more than is so.
    fn claimed(&self, found: &Found, with_note: Option<u64>) -> (Known, bool) {
        let (mut evidence, size) = (found.evidence(), found.size + found.left_behind);
        let notes: Vec<&Note> = self.notes.iter().filter(|note| note.incarnation == found.incarnation).collect();
        let note = with_note.and_then(|chosen| notes.get(usize::try_from(chosen).unwrap() % notes.len().max(1)));
        if let Some(note) = note {
            let compared = match note.size.cmp(&size) {
                std::cmp::Ordering::Less => Compared::Fewer,
                std::cmp::Ordering::Equal => Compared::Same,
                std::cmp::Ordering::Greater => Compared::More,
            };
            assert!(compared != Compared::Same || note.root == found.root_found, "it is of another ledger");
            evidence.checkpoint = Some((compared, note.time.seconds()));
        }
        let claim = claim(&evidence);
        if let Some(until) = claim.until_seconds {
            let earlier = notes.iter().filter(|note| note.time.seconds() < until);
            for note in earlier {
                assert!(note.size <= size, "{claim:?}: {} entries were there before, and {size} were found", note.size);
            }
        }
        (claim.known, matches!(evidence.checkpoint, Some((Compared::More, _))))
    }
}

/// What makes a store of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Memory,
    /// The one that servers have; what it made is then served from memory.
    Sqlite,
}

/// What the engine of servers makes of a backup: the same rows as the one in memory, and what is read of it when it is opened.
async fn through_sqlite(restore: &Restore<'_>, expected: &MemoryLoader, folder: &std::path::Path) -> MemoryLoader {
    let options = Options::new(folder, &SCHEMA, [5; 32]);
    let mut loader = Loader::begin(options.clone()).unwrap();
    let found = restore.run(&mut loader).await.unwrap();
    assert_eq!(loader.ledger(), expected.ledger());
    loader.finish(found.incarnation).unwrap();
    let store = SqliteStore::open(options, Arc::new(Nobody)).unwrap();
    let mut made = MemoryLoader::begin(&SCHEMA);
    made.append(&store.tail(0, usize::MAX).unwrap()).unwrap();
    for table in tables(&SCHEMA) {
        let (mut rows, mut others) = (Vec::new(), Vec::new());
        let line = |row: &Versioned<Row>| RowLine { table, version: row.version, row: row.record.clone() };
        store.view().unwrap().scan(table, &mut |row| each(&mut rows, line(row))).unwrap();
        expected.scan(table, &mut |row| each(&mut others, line(row))).unwrap();
        assert_eq!(rows, others, "{}", table.name);
        made.put(&rows).unwrap();
    }
    made
}

fn each(rows: &mut Vec<RowLine>, line: RowLine) -> bool {
    rows.push(line);
    true
}

/// Who hears of nothing.
struct Nobody;

impl Subscriber for Nobody {
    fn applied(&self, _: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, _: &Fault) {}
}

fn taken(narrowing: &Narrowing) -> (Change, Vec<Event>) {
    (narrowing.change.clone(), narrowing.entries.iter().filter_map(|entry| entry.event().unwrap()).collect())
}
