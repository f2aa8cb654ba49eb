//! The threads that hash passwords: a few, with less right to the cores than what answers everybody else, and a queue that ends.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{io, thread};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use jeton_service::passwords::{Hashing, PasswordHashing};
use jeton_token::Secret;
use rustix::process::setpriority_process;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::cost;
use super::known::KnownPasswords;
use super::phc::{Cost, Hash};

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
    data: PathBuf,
    cost: OnceLock<Cost>,
}

impl Pool {
    /// Begins so many threads, timed by this clock in microseconds; the cost is kept in the data folder. Memory is taken with the first job.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn begin(threads: usize, data: PathBuf, clock: fn() -> u64) -> io::Result<Pool> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let cost = cost::read(&data).map(OnceLock::from).unwrap_or_default();
        let shared = Arc::new(Shared { jobs: Mutex::new(waiting), clock, data, cost });
        for _ in 0..threads.max(1) {
            let shared = shared.clone();
            thread::Builder::new().name("jeton-password".into()).spawn(move || shared.work())?;
        }
        Ok(Pool { jobs, clock, known: None })
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
        self.in_turn(move |worker| {
            let cost = worker.cost();
            let hash = worker.hash(&password, &salt, cost, HASH_BYTES)?;
            Some(Hash { cost, salt: salt.to_vec(), hash }.to_text().to_string())
        })
    }

    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>) -> Hashing<bool> {
        self.in_turn(move |worker| match hash.as_deref().and_then(|text| Hash::parse(text)) {
            Some(kept) => {
                let given = worker.hash(&password, &kept.salt, kept.cost, kept.hash.len())?;
                Some(verify_slices_are_equal(&given, &kept.hash).is_ok())
            }
            None => {
                // The same work for a name that nobody has.
                let cost = worker.cost();
                let _ = worker.hash(&password, &NOBODYS_SALT, cost, HASH_BYTES);
                Some(false)
            }
        })
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
    /// The cost of a new hash: measured by the first job of a data folder, on the thread that does it.
    fn cost(&mut self) -> Cost {
        let shared = self.shared;
        *shared.cost.get_or_init(|| {
            let one_pass = Cost { memory_kib: cost::MEMORY_KIB, passes: 1, lanes: 1 };
            let mut pass = || {
                let begun = (shared.clock)();
                let _ = self.hash(&Secret::from("measured"), &NOBODYS_SALT, one_pass, HASH_BYTES);
                (shared.clock)().saturating_sub(begun)
            };
            // The first takes the memory from the system, which the ones after it have.
            let (_, second, third) = (pass(), pass(), pass());
            let measured = cost::of_a_pass(second.min(third));
            if let Err(error) = cost::write(&shared.data, measured) {
                tracing::warn!(%error, "how much work a password is cannot be kept in the data folder: it is measured at each start");
            }
            measured
        })
    }

    /// The hash of a password; `None` where argon2 refuses the cost.
    fn hash(&mut self, password: &Secret, salt: &[u8], cost: Cost, length: usize) -> Option<Zeroizing<Vec<u8>>> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(length)).ok()?;
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::new());
        }
        let mut out = Zeroizing::new(vec![0; length]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
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

    fn begin(folder: &tempfile::TempDir, cost: &str) -> Pool {
        std::fs::write(folder.path().join("jeton.password-cost"), cost).unwrap();
        Pool::begin(1, folder.path().to_owned(), uptime_micros).unwrap()
    }

    async fn check(pool: &Pool, password: &str, kept: Option<&str>) -> bool {
        pool.check(password.into(), kept.map(|text| Zeroizing::new(text.to_owned()))).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_is_right_or_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let pool = begin(&folder, "m=64,t=2,p=1");
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
        let folder = tempfile::tempdir().unwrap();
        let pool = begin(&folder, "m=64,t=2,p=1");
        // Of the test vectors of the reference implementation (test.c): password, somesalt, t=2, m=2^8, p=2.
        let kept = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
        assert!(check(&pool, "password", Some(kept)).await);
        assert!(!check(&pool, "passwore", Some(kept)).await);
    }

    #[tokio::test]
    async fn a_queue_ends() {
        let (jobs, waiting) = sync_channel(1);
        let pool = Pool { jobs, clock: uptime_micros, known: None };
        let first = pool.make("a".into(), [0; 16]);
        assert_eq!(pool.make("b".into(), [0; 16]).await, None, "there is no place");
        drop(waiting);
        assert_eq!(first.await, None, "nobody is left to do it");
    }

    #[tokio::test]
    async fn a_job_that_waited_for_too_long_is_not_done() {
        let (jobs, waiting) = sync_channel(2);
        let pool = Pool { jobs, clock: || 0, known: None };
        let late = pool.make("a".into(), [0; 16]);
        let folder = tempfile::tempdir().unwrap();
        let cost = OnceLock::from(Cost { memory_kib: 64, passes: 1, lanes: 1 });
        let shared = Shared { jobs: Mutex::new(waiting), clock: || WAIT_MICROS + 1, data: folder.path().to_owned(), cost };
        drop(pool);
        shared.work();
        assert_eq!(late.await, None);
    }

    #[tokio::test]
    async fn the_cost_is_measured_once() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::begin(1, folder.path().to_owned(), uptime_micros).unwrap();
        let kept = pool.make("a".into(), [5; 16]).await.unwrap();
        let cost = Hash::parse(&kept).unwrap().cost;
        assert!(cost.memory_kib == cost::MEMORY_KIB && (1..=32).contains(&cost.passes));
        assert_eq!(cost::read(folder.path()), Some(cost));
    }
}
