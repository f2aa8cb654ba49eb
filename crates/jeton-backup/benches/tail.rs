//! What a restore of a long tail takes, before its segments are joined and after: one segment a second for a day, or as many as the first
//! argument says, in a folder.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure ends")]

use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use jeton_backup::identity::Identity;
use jeton_backup::join::Joining;
use jeton_backup::join::bounds::Bounds;
use jeton_backup::names::SnapshotId;
use jeton_backup::open::Opening;
use jeton_backup::restore::{Restore, Restored, segments};
use jeton_backup::seal::Sealing;
use jeton_backup::segments::segments_from;
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::tail::{Mode, Shipper};
use jeton_backup::target::Target;
use jeton_backup::unshipped::Unshipped;
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::Value;
use jeton_core::root_key::RootKeys;
use jeton_core::token;
use jeton_core::token::negative;
use jeton_store::memory::MemoryStore;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Group, Store, Submission, Subscriber};
use jeton_store_sqlite::{Loader, Options};
use object_store::local::LocalFileSystem;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

const BEGAN: i64 = 1_800_000_000;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env::current_dir().unwrap()).unwrap();
    let bench = Bench::new(folder.path());
    let count = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(86_400);
    let (shipped, micros) = timed(bench.ship(count)).await;
    println!("{shipped} segments shipped in {} ms", micros / 1_000);
    let (listed, micros) = timed(segments_from(&bench.target, bench.incarnation(), 0)).await;
    println!("{} segments listed in {} ms", listed.unwrap().len(), micros / 1_000);
    let (apart, micros) = timed(bench.restore(&folder.path().join("apart"))).await;
    println!("restore of {} entries: {} ms; {}", apart.size, micros / 1_000, resident());
    let (made, micros) = timed(bench.join()).await;
    let left = segments(&bench.target, bench.incarnation()).await.unwrap().len();
    println!("joined into {made} in {} ms; {left} segments are there now; {}", micros / 1_000, resident());
    let (joined, micros) = timed(bench.restore(&folder.path().join("joined"))).await;
    println!("restore of {} entries: {} ms; {}", joined.size, micros / 1_000, resident());
    assert_eq!((apart.root, apart.claim().is_complete()), (joined.root, joined.claim().is_complete()));
}

struct Bench {
    store: Arc<MemoryStore>,
    unshipped: Arc<Unshipped>,
    target: Target,
    sealing: Sealing,
    opening: Opening,
}

impl Bench {
    fn new(folder: &std::path::Path) -> Bench {
        let unshipped = Arc::new(Unshipped::default());
        let store = MemoryStore::new(&SCHEMA, [7; 32], Arc::new(Ear(unshipped.clone())));
        let place = folder.join("backups");
        fs::create_dir(&place).unwrap();
        // Without an fsync of each: to make the tail is not what is measured.
        let objects = LocalFileSystem::new_with_prefix(&place).unwrap();
        let target = Target::over(Arc::new(objects), "a folder", Duration::from_secs(60));
        let (identity, root_keys) = (Identity::generate(), RootKeys::new([(1, Zeroizing::new([1; 32]))]).unwrap());
        let recipients = vec![Identity::generate().recipient(), identity.recipient()];
        let sealing = Sealing { recipients, root_keys: root_keys.clone(), issuer: "https://id.example".into(), schema: SCHEMA.version };
        Bench { store, unshipped, target, sealing, opening: Opening { identity, root_keys } }
    }

    fn incarnation(&self) -> [u8; 16] {
        self.store.head().incarnation
    }

    /// A snapshot, and behind it a token and a revocation for each second, each in a segment of its own.
    async fn ship(&self, count: u64) -> u64 {
        let mut moment = Moment::new(Time::from_seconds(BEGAN), [1; 32]);
        let (store, target, sealing) = (self.store.clone(), self.target.clone(), self.sealing.clone());
        let mut shipper = Shipper::begin(store, &SCHEMA, target, sealing, self.unshipped.clone(), false).await.unwrap();
        self.second(&mut moment);
        shipper.ship(Mode { sync: false, is_final: false }).await.unwrap();
        let (store, id): (Arc<dyn Store>, _) = (self.store.clone(), SnapshotId::new(moment.now, [1; 4]));
        let (target, sealing, beside) = (&self.target, &self.sealing, Beside::default());
        let snapshot = Snapshot { store, schema: &SCHEMA, target, sealing, id, beside, progress: &|_| {} };
        snapshot.make(moment.now, || Time::from_seconds(BEGAN)).await.unwrap();
        for place in 1..=count {
            self.second(&mut moment);
            shipper.ship(Mode { sync: false, is_final: place == count }).await.unwrap();
        }
        count
    }

    fn second(&self, moment: &mut Moment) {
        moment.now = moment.now.plus_seconds(1);
        let (seconds, text) = (moment.now.seconds(), |text: &str| Value::text(text));
        let id = CredentialId::draw(moment);
        let issued = vec![
            Value::Id(id.0),
            text("c_0123456789abcdefghij"),
            text("a_0123456789abcdefghij"),
            text("orders:read orders:write"),
            Value::Int(seconds),
            Value::Int(seconds + 3_600),
            Value::Hash(moment.draw()),
            Value::Int(1),
        ];
        let issue = Commit::new(moment).put(&token::TABLE, issued);
        let until_seconds = seconds + 90_000;
        let mut row = vec![Value::Id(moment.draw_time_ordered()), Value::Int(1), Value::Id(id.0), text("https://orders.example")];
        row.resize(negative::TABLE.columns.len() - 1, Value::Null);
        row.push(Value::Int(until_seconds));
        let (api, client) = (ApiId::from("a_0123456789abcdefghij"), ClientId::from("c_0123456789abcdefghij"));
        let actor = Actor::from("client:c_0123456789abcdefghij");
        let told = Event::TokenRevoked { actor, api, client, token: id, until_seconds, why: None };
        for commit in [issue, Commit::new(moment).put(&negative::TABLE, row).tell(told)] {
            let (reply, mut answer) = oneshot::channel();
            self.store.submit(vec![Submission { commit, owner: Arc::from(""), reply }]);
            answer.try_recv().unwrap().unwrap();
        }
    }

    async fn restore(&self, folder: &std::path::Path) -> Restored {
        let mut loader = Loader::begin(Options::new(folder, &SCHEMA, [9; 32])).unwrap();
        let restore =
            Restore { target: &self.target, opening: &self.opening, schema: &SCHEMA, until: None, incarnation: None, progress: &|_| {} };
        let restored = restore.run(&mut loader).await.unwrap();
        loader.finish(restored.incarnation).unwrap();
        restored
    }

    async fn join(&self) -> usize {
        let (mut from, mut made) = (0, 0);
        loop {
            let store: Arc<dyn Store> = self.store.clone();
            let (target, sealing, opening, bounds) = (&self.target, &self.sealing, &self.opening, Bounds::default());
            let joined = Joining { store, target, sealing, opening, bounds }.run(from, true).await.unwrap();
            assert_eq!((&joined.problems[..], &joined.kept), (&[][..], &None));
            (from, made) = (joined.from, made + joined.made);
            if !joined.is_more {
                return made;
            }
        }
    }
}

struct Ear(Arc<Unshipped>);

impl Subscriber for Ear {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        self.0.hear(group);
        Ok(())
    }

    fn lost(&self, fault: &Fault) {
        println!("lost: {fault}");
    }
}

/// How much memory the process has now, and how much it had at most.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let named = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    format!("{} {}", named("VmRSS"), named("VmHWM"))
}

#[expect(clippy::disallowed_methods, reason = "a bench reads a clock")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, u128) {
    let began = std::time::Instant::now();
    let done = work.await;
    (done, began.elapsed().as_micros())
}
