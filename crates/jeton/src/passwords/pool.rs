//! The threads that hash passwords: a few, with less right to the cores than what answers everybody else, and a queue that ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use std::{io, thread};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use jeton_core::password::cost::Cost;
use jeton_core::password::hash::{Argon2 as Argon2Variant, Hash, How};
use jeton_core::password::parse::parse;
use jeton_service::passwords::{Compared, Hashing, PasswordHashing};
use jeton_token::Secret;
use rustix::process::setpriority_process;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::compare::is_of_others;
use super::cost;
use super::floor::{Floor, Kind};
use super::known::KnownPasswords;

/// How many jobs wait at most: with more, who comes last would wait longer than people do.
const WAITING_MAX: usize = 64;
/// How long a job waits at most, in microseconds; one that waited longer is not done: its answer would come too late.
const WAIT_MICROS: u64 = 5_000_000;
const HASH_BYTES: usize = 32;
/// Of how little weight the threads are.
const NICE: i32 = 10;
/// What a password is hashed with that is compared with nothing.
const NOBODYS_SALT: [u8; 16] = [0x6a; 16];

/// The threads, and what they share.
pub(crate) struct Pool {
    jobs: SyncSender<Waiting>,
    clock: fn() -> u64,
    known: Option<KnownPasswords>,
    floor: Arc<Floor>,
    cost: Arc<Measured>,
}

/// How much work a hash is.
#[derive(Default)]
struct Measured {
    cost: OnceLock<Cost>,
    /// Whether it was measured here: nobody said it.
    is_new: AtomicBool,
}

/// What is done on a thread, and answers by itself; nothing is done where it waited for too long.
type Work = Box<dyn FnOnce(Option<&mut Worker<'_>>) + Send>;

/// One job.
struct Waiting {
    since_micros: u64,
    job: Work,
}

/// What a thread has.
struct Worker<'s> {
    shared: &'s Shared,
    memory: Vec<Block>,
}

/// What all threads know.
struct Shared {
    jobs: Mutex<Receiver<Waiting>>,
    clock: fn() -> u64,
    cost: Arc<Measured>,
}

impl Pool {
    /// Begins so many threads, timed by this clock in microseconds. Memory is taken with the first job, which measures the cost where none is said.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn begin(threads: usize, cost: Option<Cost>, clock: fn() -> u64) -> io::Result<Pool> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let cost = Arc::new(Measured { cost: cost.map(OnceLock::from).unwrap_or_default(), ..Measured::default() });
        let shared = Arc::new(Shared { jobs: Mutex::new(waiting), clock, cost: cost.clone() });
        for _ in 0..threads.max(1) {
            let shared = shared.clone();
            thread::Builder::new().name("jeton-password".into()).spawn(move || shared.work())?;
        }
        Ok(Pool { jobs, clock, known: None, floor: Arc::default(), cost })
    }

    /// The same, with a list of passwords that others know.
    pub(crate) fn knowing(self, known: Option<KnownPasswords>) -> Pool {
        Pool { known, ..self }
    }

    /// Does this in its turn; nothing where too much waits.
    fn in_turn<T: Send + 'static>(&self, work: impl FnOnce(&mut Worker<'_>) -> Option<T> + Send + 'static) -> Hashing<T> {
        let (answer, done) = oneshot::channel();
        let job = Box::new(move |worker: Option<&mut Worker<'_>>| {
            // Who went away meanwhile is waited for by nobody.
            if !answer.is_closed() {
                let _ = answer.send(worker.and_then(work));
            }
        });
        let waiting = Waiting { since_micros: (self.clock)(), job };
        // A job that has no place is dropped, and whoever waits for it is told.
        drop(self.jobs.try_send(waiting));
        Box::pin(async { done.await.ok().flatten() })
    }
}

impl PasswordHashing for Pool {
    fn make(&self, password: Secret, salt: [u8; 16]) -> Hashing<String> {
        self.in_turn(move |worker| worker.make(&password, &salt).map(|hash| hash.to_string()))
    }

    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>, salt: [u8; 16]) -> Hashing<Compared> {
        let (clock, floor) = (self.clock, self.floor.clone());
        let compared = self.in_turn(move |worker| {
            let begun = clock();
            let hash = hash.as_deref().and_then(|text| parse(text).ok());
            let kind = hash.as_ref().map_or(Kind::OWN, |hash| worker.kind_of(hash));
            let is_it = worker.is_of(&password, hash.as_ref())?;
            let refused_until = begun.saturating_add(floor.note(kind, clock().saturating_sub(begun)));
            let is_weak = is_it && hash.is_some_and(|hash| hash.is_to_be_made_anew(worker.cost()));
            let anew = if is_weak { worker.make(&password, &salt) } else { None };
            Some((Compared { is_it, anew }, refused_until))
        });
        Box::pin(async move {
            let (compared, refused_until) = compared.await?;
            if !compared.is_it {
                tokio::time::sleep(Duration::from_micros(refused_until.saturating_sub(clock()))).await;
            }
            Some(compared)
        })
    }

    fn measured(&self) -> Option<Cost> {
        self.cost.cost.get().copied().filter(|_| self.cost.is_new.load(Ordering::Acquire))
    }

    fn is_known(&self, password: &str) -> io::Result<bool> {
        self.known.as_ref().map_or(Ok(false), |known| known.has(password))
    }
}

impl Shared {
    /// Does one job after another until nobody can send any more.
    fn work(&self) {
        // On Linux it is the calling thread's. Where it is refused, the work is done all the same.
        let _ = setpriority_process(None, NICE);
        let mut worker = Worker { shared: self, memory: Vec::new() };
        loop {
            let next = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(Waiting { since_micros, job }) = next else { return };
            let is_late = (self.clock)().saturating_sub(since_micros) > WAIT_MICROS;
            job(if is_late { None } else { Some(&mut worker) });
        }
    }
}

impl Worker<'_> {
    /// The cost of a new hash: measured by the first job of a deployment, on the thread that does it.
    fn cost(&mut self) -> Cost {
        let shared = self.shared;
        *shared.cost.cost.get_or_init(|| {
            let one_pass = Cost { memory_kib: cost::MEMORY_KIB, passes: 1, lanes: 1 };
            let mut pass = || {
                let begun = (shared.clock)();
                let _ = self.hash(&Secret::from("measured"), &NOBODYS_SALT, (Argon2Variant::Id, one_pass), HASH_BYTES);
                (shared.clock)().saturating_sub(begun)
            };
            // The first takes the memory from the system, which the ones after it have.
            let (_, second, third) = (pass(), pass(), pass());
            shared.cost.is_new.store(true, Ordering::Release);
            cost::of_a_pass(second.min(third))
        })
    }

    /// The text of a new hash.
    fn make(&mut self, password: &Secret, salt: &[u8]) -> Option<Zeroizing<String>> {
        let cost = self.cost();
        let hash = self.hash(password, salt, (Argon2Variant::Id, cost), HASH_BYTES)?;
        Some(Hash::argon2id(cost, salt, &hash))
    }

    /// Which comparisons take as long as one with this.
    fn kind_of(&mut self, hash: &Hash) -> Kind {
        match hash.how {
            How::Argon2 { variant: Argon2Variant::Id, cost, .. } if cost == self.cost() => Kind::OWN,
            _ => Kind::of(&hash.how),
        }
    }

    /// Whether a password is of a hash. The same work is done for a name that nobody has.
    fn is_of(&mut self, password: &Secret, hash: Option<&Hash>) -> Option<bool> {
        let Some(Hash { how, hash }) = hash else {
            let cost = self.cost();
            let _ = self.hash(password, &NOBODYS_SALT, (Argon2Variant::Id, cost), HASH_BYTES);
            return Some(false);
        };
        match how {
            How::Argon2 { variant, cost, salt } => {
                let given = self.hash(password, salt, (*variant, *cost), hash.0.len())?;
                Some(verify_slices_are_equal(&given, &hash.0).is_ok())
            }
            _ => is_of_others(password.expose(), how, hash),
        }
    }

    /// The hash of a password; `None` where argon2 refuses the cost.
    fn hash(
        &mut self,
        password: &Secret,
        salt: &[u8],
        (variant, cost): (Argon2Variant, Cost),
        length: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(length)).ok()?;
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::new());
        }
        let mut out = Zeroizing::new(vec![0; length]);
        let algorithm = match variant {
            Argon2Variant::Id => Algorithm::Argon2id,
            Argon2Variant::I => Algorithm::Argon2i,
        };
        let argon2 = Argon2::new(algorithm, Version::V0x13, params);
        let memory = self.memory.get_mut(..blocks)?;
        argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut out, memory).ok()?;
        // What somebody else's hash asked for beyond our own is given back.
        let own = usize::try_from(cost::MEMORY_KIB).unwrap_or(usize::MAX);
        if self.memory.len() > own {
            self.memory.truncate(own);
            self.memory.shrink_to_fit();
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::uptime_micros;

    fn begin(cost: &str) -> Pool {
        Pool::begin(1, Cost::parse(cost), uptime_micros).unwrap()
    }

    async fn check(pool: &Pool, password: &str, kept: Option<&str>) -> bool {
        pool.check(password.into(), kept.map(|text| Zeroizing::new(text.to_owned())), [6; 16]).await.unwrap().is_it
    }

    #[tokio::test]
    async fn a_password_is_right_or_wrong() {
        let pool = begin("m=64,t=2,p=1");
        let kept = pool.make("correct horse".into(), [5; 16]).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=64,t=2,p=1$BQUFBQUFBQUFBQUFBQUFBQ$"), "{kept}");
        assert!(check(&pool, "correct horse", Some(&kept)).await);
        for wrong in ["", "correct horsf", "Correct horse", "correct horse "] {
            assert!(!check(&pool, wrong, Some(&kept)).await, "{wrong}");
        }
        assert!(!check(&pool, "correct horse", None).await);
        assert!(!check(&pool, "correct horse", Some("no hash")).await);
    }

    #[tokio::test]
    async fn what_argon2_s_reference_made_is_right() {
        let pool = begin("m=64,t=2,p=1");
        // Of the test vectors of the reference implementation (test.c): password, somesalt, t=2, m=2^8, p=2.
        let kept = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
        assert!(check(&pool, "password", Some(kept)).await);
        assert!(!check(&pool, "passwore", Some(kept)).await);
    }

    #[tokio::test]
    async fn what_others_made_is_right_and_made_anew_once() {
        let pool = begin("m=64,t=2,p=1");
        // Made by Django 5.2, passlib 1.7.4, Werkzeug 3.1 and crypt(3).
        for kept in [
            "pbkdf2_sha256$1000$NaCl2025salt$H5l7RTh69KKg4Dl7JTvVBFxvrk5d3vN3xUGdCKFY/Ec=",
            "pbkdf2_sha1$1000$NaCl2025salt$rw6ITKmGXptBwWUHo+CEWfrtnbc=",
            "scrypt$1024$NaCl2025salt$8$5$2dB0m71jrCJ/SlzrelqIccfQlMpNYrmc20On5LuZtPEqJ+wvAAryjabmW05XBRJKkSBF62Zq1teHCZ8NlzXGzg==",
            "bcrypt_sha256$$2b$04$4ZEma79.fIVof.hK0FxhXe5DAIGmK7CwLBf7HA5bLRbl/QrisB/Hy",
            "bcrypt$$2b$04$TdiV4lvar6cNyM/2xoupOuXhDZf6T.TSvGVbstR3sGFaH9FhY8riK",
            "$2y$04$9zrIkTL.tD2ercRgIPAW6.u56QtsVFKXcAKXcLPsoGUIV5e/DD5yy",
            "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            "$scrypt$ln=8,r=8,p=1$g7D23vs/R+g9B0AI4bx37g$FoWPhrXnMD/UAJJcMVDUD7aXSiFXvTNkWi194QSCrOs",
            "$pbkdf2$1000$KEVI6R2j1Pr/v1fqnZOSUg$w9o4qZz.xx9mZyr4J24srblbDc0",
            "$pbkdf2-sha256$1000$RKiVEsLYO8e4d44RYizF.A$HyuXHGPolRsbSuw1E/IBi3VjU3KGaWc/hVgEEe.BRFM",
            "$pbkdf2-sha512$1000$IaQU4hzj/H/vPcc459xbKw$JyyrCa5PWBALFSUffmphymxpgn7IGMT6jVopN0Bi/pPjVYZkQ23ya.p6ip8qYlXiq2LiA9Ms1WmmdC5YeJSYng",
            "$argon2i$v=19$m=64,t=2,p=1$rVUqBQDgHIMw5tw7x9gbgw$XYPbXOeuNFlaQHrnRkejsYsV5XfrsJ5zeY26uiKG5Pg",
            "scrypt:1024:8:1$Y4pvHneoWo8qlwgY$2f77805713313a5ec101ab03a4425c05459abe85c3fd0eed4f0cbb681a5c942027722524573f3d6d40f8831dd11ec977df4f7ed3a99518b767e39b60f1f8adbc",
            "pbkdf2:sha256:1000$8wrANGtYtJH4PmGt$1169d6f9dfbde293bf42c6074c383261a3eaec940694e7fc57c615a7244605e0",
            "pbkdf2:sha512:1000$XAU5KCcvJfvzLab7$e4d313abb7c8690da1ceb3802927cbcf5415d17114767cd99558a28489d0939837e371fd528d9266dfeb6049df8a4b49d20b3f3f98f40d9d0cc4b63b59dd6497",
            "pbkdf2:sha1:1000$4eDhotr6xgXNNImI$dc2ec83d46d5abf238b48f7f81e1de4d0fc5595b",
            "$argon2id$v=19$m=64,t=1,p=1$8V5LqdVaa03JOWcMgbCWUg$rlGG0ajkzsJxSCApTDbz3mcFnnZytdBhMcZ/ZtgULak",
        ] {
            let again = |password: &str, kept: &str| pool.check(password.into(), Some(Zeroizing::new(kept.to_owned())), [6; 16]);
            let refused = again("correct horsf", kept).await.unwrap();
            assert!(!refused.is_it && refused.anew.is_none(), "{kept}");
            let right = again("correct horse", kept).await.unwrap();
            let anew = right.anew.filter(|_| right.is_it).unwrap_or_else(|| panic!("{kept}"));
            assert!(anew.starts_with("$argon2id$v=19$m=64,t=2,p=1$BgYGBgYGBgYGBgYGBgYGBg$"), "{}", *anew);
            let own = again("correct horse", &anew).await.unwrap();
            assert!(own.is_it && own.anew.is_none(), "{kept}");
        }
        // Django's argon2id with two lanes, which is as much work as ours.
        let lanes = "argon2$argon2id$v=19$m=64,t=2,p=2$ejhJMVZ6ZzdveXpKQ3VqbWl1SzZsSQ$ECSGo7cErboRVvyt8AF/GRlGTTTvWmB0mFi7JHbLpjI";
        assert!(check(&pool, "correct horse", Some(lanes)).await);
        // Bcrypt looks at 72 bytes; whoever hashed a digest instead looks at all.
        let [all, some] = [
            "bcrypt_sha256$$2b$04$BMJfdpbkDOlZXYawukGf/O/wAIsjbGFiaPRorfdf10KG/P01pCDfa",
            "$2b$04$a5Uzlva6gH4GdJQlYm35meIoy9i0jBxh/fcFtrWt/Rv.3l0lbDmQi",
        ];
        assert!(check(&pool, &"x".repeat(100), Some(all)).await && !check(&pool, &"x".repeat(99), Some(all)).await);
        assert!(check(&pool, &"y".repeat(72), Some(some)).await && !check(&pool, &"y".repeat(71), Some(some)).await);
        let letters = "$2a$04$2rw6VloUSyp0Hb9Lr/c1wuPzrUxMcV2.P9lnDc2RX6Tpazc8WAXha";
        assert!(check(&pool, "\u{ff}\u{e4}\u{e9} unicode", Some(letters)).await && !check(&pool, "", Some(letters)).await);
    }

    fn cost_of(kept: &str) -> Cost {
        match parse(kept).unwrap().how {
            How::Argon2 { cost, .. } => cost,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_queue_ends() {
        let (jobs, waiting) = sync_channel(1);
        let pool = Pool { jobs, clock: uptime_micros, known: None, floor: Arc::default(), cost: Arc::default() };
        let first = pool.make("a".into(), [0; 16]);
        assert_eq!(pool.make("b".into(), [0; 16]).await, None, "there is no place");
        drop(waiting);
        assert_eq!(first.await, None, "nobody is left to do it");
    }

    #[tokio::test]
    async fn a_job_that_waited_for_too_long_is_not_done() {
        let (jobs, waiting) = sync_channel(2);
        let pool = Pool { jobs, clock: || 0, known: None, floor: Arc::default(), cost: Arc::default() };
        let late = pool.make("a".into(), [0; 16]);
        let shared = Shared { jobs: Mutex::new(waiting), clock: || WAIT_MICROS + 1, cost: Arc::default() };
        drop(pool);
        shared.work();
        assert_eq!(late.await, None);
    }

    #[tokio::test]
    async fn the_cost_is_measured_once() {
        let pool = Pool::begin(1, None, uptime_micros).unwrap();
        assert_eq!(pool.measured(), None);
        let cost = cost_of(&pool.make("a".into(), [5; 16]).await.unwrap());
        assert!(cost.memory_kib == cost::MEMORY_KIB && (1..=32).contains(&cost.passes));
        assert_eq!(pool.measured(), Some(cost));
        let told = Cost { memory_kib: 64, passes: 2, lanes: 1 };
        let pool = Pool::begin(1, Some(told), uptime_micros).unwrap();
        assert_eq!((cost_of(&pool.make("a".into(), [5; 16]).await.unwrap()), pool.measured()), (told, None), "nothing is to be kept");
    }
}
