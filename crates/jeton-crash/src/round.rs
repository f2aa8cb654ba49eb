//! Rounds: traffic, a fault in the midst of it, a start, and a look at everything that was acknowledged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_simulate::chance::Chance;
use rustix::process::Signal;

use crate::check::{self, Thoroughness};
use crate::clock;
use crate::control::{Control, Word};
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::load::{self, Progress};
use crate::secret_search;
use crate::server::Server;
use crate::tally::Tally;
use crate::undo::cut_power;

/// After so many rounds a deployment makes room for a fresh one, so that no look at its ledger takes long.
const ROUNDS_EACH: u64 = 25;
/// The most acknowledged requests before a fault.
const TRAFFIC_MAX: u64 = 300;
/// The most in one of eight rounds, in which the log is copied into the database meanwhile.
const LONG_TRAFFIC_MAX: u64 = 4_000;
/// How long an fsync takes where the power may go, so that it goes in the midst of one.
const SYNC_TAKES_MICROS: i64 = 3_000;
/// Each fsync fails.
const EACH_FAILS: i64 = 1;
/// An fsync of the database file fails.
const DATABASE_FAILS: i64 = 2;

/// A deployment under its faults.
pub(crate) struct Campaign {
    program: PathBuf,
    library: Option<PathBuf>,
    pub(crate) chance: Chance,
    deployment: Deployment,
    server: Option<(Mode, Server)>,
    rounds: u64,
    disk_lies: bool,
    /// How many tokens live in each deployment beside those that are looked at.
    live_tokens: u64,
}

/// What stands between the server and its disk and clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing.
    Bare,
    /// The clock may be wrong.
    Clock,
    /// What no fsync covers can be taken back.
    Power,
}

impl Campaign {
    /// Begins with a fresh deployment; without the shim's library, what needs the shim cannot be held.
    pub(crate) fn begin(program: &Path, library: Option<&Path>, seed: u64) -> Result<Campaign, Failure> {
        Ok(Campaign {
            deployment: Deployment::new(program, library, None)?,
            program: program.to_owned(),
            library: library.map(Path::to_owned),
            chance: Chance::new(seed),
            server: None,
            rounds: 0,
            disk_lies: false,
            live_tokens: 0,
        })
    }

    /// Issues so many tokens in each deployment before anything happens to it.
    pub(crate) fn with_live_tokens(self, live_tokens: u64) -> Campaign {
        Campaign { live_tokens, ..self }
    }

    /// Plants a fault that must be found: from now on an fsync covers nothing.
    pub(crate) fn plant_lying_disk(&mut self) -> Result<(), Failure> {
        let server = self.server(Mode::Bare, &mut Tally::default())?;
        self.server = Some((Mode::Bare, server));
        self.disk_lies = true;
        Ok(())
    }

    /// One round of a fault.
    pub(crate) fn round(&mut self, fault: Fault, tally: &mut Tally) -> Result<(), Failure> {
        if self.rounds == ROUNDS_EACH {
            self.renew(tally)?;
        }
        self.rounds += 1;
        match fault {
            Fault::Kill => self.kill(tally)?,
            Fault::Power => self.power(tally)?,
            Fault::Fsync => self.fsync(tally)?,
            Fault::Stop => self.stop(tally)?,
            Fault::Clock => self.clock(tally)?,
            Fault::Full | Fault::Lost => {
                return Err(Failure::CouldNot("a disk that is full or lost needs a campaign of its own".to_owned()));
            }
        }
        tally.rounds += 1;
        Ok(())
    }

    /// Ends the deployment: a last look at everything, then an abort, then a search for secrets in all that is left.
    pub(crate) fn close(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        if let Some((_, server)) = self.server.take() {
            self.look(Thoroughness::All, tally)?;
            server.signal(Signal::ABORT)?;
            server.ended()?;
        }
        tally.searched(secret_search::search(&self.deployment)?);
        Ok(())
    }

    /// Ends the deployment and begins with a fresh one.
    pub(crate) fn renew(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        self.close(tally)?;
        self.deployment = Deployment::new(&self.program, self.library.as_deref(), None)?;
        self.rounds = 0;
        Ok(())
    }

    /// Leaves the deployment's folder where it is, for whoever looks into a finding.
    pub(crate) fn keep(self) -> PathBuf {
        drop(self.server);
        self.deployment.keep()
    }

    /// The deployment.
    pub(crate) fn deployment(&mut self) -> &mut Deployment {
        &mut self.deployment
    }

    /// A server that runs in this mode; the one that runs already, where it fits.
    pub(crate) fn server(&mut self, mode: Mode, tally: &mut Tally) -> Result<Server, Failure> {
        match self.server.take() {
            Some((running, server)) if running == mode => return Ok(server),
            Some((_, server)) => {
                server.signal(Signal::TERM)?;
                server.ended()?;
            }
            None => {}
        }
        let server = self.start(mode, &[], tally)?;
        if self.deployment.holders.is_empty() {
            self.deployment.declare()?;
            if self.live_tokens > 0 {
                load::fill(&self.deployment, self.live_tokens)?;
            }
        }
        Ok(server)
    }

    /// Starts a server, with more words on its command line.
    pub(crate) fn start(&mut self, mode: Mode, words: &[&str], tally: &mut Tally) -> Result<Server, Failure> {
        let deployment = &self.deployment;
        deployment.control.set(Word::SyncsAreSkipped, i64::from(mode == Mode::Power))?;
        deployment.control.set(Word::SyncTakesMicros, if mode == Mode::Power { SYNC_TAKES_MICROS } else { 0 })?;
        deployment.control.set(Word::DiskLies, i64::from(self.disk_lies))?;
        // What an earlier life left undone was kept by the system all the same.
        let _ = std::fs::remove_file(&deployment.undo);
        let shim = if mode == Mode::Bare { None } else { Some(deployment.shim(mode == Mode::Power)?) };
        let mut server = deployment.place.start_with(words, shim.as_ref())?;
        tally.started(server.ready()?);
        Ok(server)
    }

    /// Looks at what was acknowledged.
    pub(crate) fn look(&mut self, thoroughness: Thoroughness, tally: &mut Tally) -> Result<(), Failure> {
        tally.looked(check::all(&mut self.deployment, thoroughness)?);
        Ok(())
    }

    /// Traffic up to so many good answers.
    pub(crate) fn traffic_of(&mut self, target: u64, tally: &mut Tally) -> Result<(), Failure> {
        self.traffic(tally, |progress, _| progress.reach(target))
    }

    /// Traffic, with a fault in its midst.
    fn traffic(&mut self, tally: &mut Tally, fault: impl FnOnce(&Progress, &Control) -> Result<(), Failure>) -> Result<(), Failure> {
        let control = Control::open(&self.deployment.control.path)?;
        let acknowledged = load::run(&mut self.deployment, &mut self.chance, |progress| fault(progress, &control))?;
        tally.acknowledged(acknowledged);
        Ok(())
    }

    /// How many good answers there shall be before a fault.
    fn target(&mut self) -> u64 {
        let most = if self.chance.once_in(8) { LONG_TRAFFIC_MAX } else { TRAFFIC_MAX };
        self.chance.below(most)
    }

    /// A moment that is not right behind an answer each time.
    fn moment(&mut self, micros: u64) -> Duration {
        Duration::from_micros(self.chance.below(micros))
    }

    /// Starts again, and looks at what was acknowledged.
    fn recover(&mut self, mode: Mode, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.start(mode, &[], tally)?;
        self.server = Some((mode, server));
        self.look(Thoroughness::Fresh, tally)
    }

    fn kill(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Bare, tally)?;
        let (target, moment) = (self.target(), self.moment(3_000));
        self.traffic(tally, |progress, _| {
            progress.reach(target)?;
            clock::pause(moment);
            progress.none_refused()?;
            server.kill()
        })?;
        if self.chance.once_in(6) {
            // Once more, while it starts.
            let again = self.deployment.place.start(None)?;
            clock::pause(self.moment(60_000));
            again.kill()?;
        }
        self.recover(Mode::Bare, tally)
    }

    fn power(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        if self.chance.once_in(8) {
            self.cut_first_start(tally)?;
        }
        let server = self.server(Mode::Power, tally)?;
        if self.chance.once_in(5) {
            let moment = self.moment(20_000);
            self.traffic(tally, |progress, control| {
                until_log_is_copied(progress, control)?;
                clock::pause(moment);
                progress.none_refused()?;
                server.kill()
            })?;
        } else {
            let (target, moment) = (self.target(), self.moment(3_000));
            self.traffic(tally, |progress, _| {
                progress.reach(target)?;
                clock::pause(moment);
                progress.none_refused()?;
                server.kill()
            })?;
        }
        self.cut(tally)?;
        if self.chance.once_in(6) {
            // Once more, while it recovers.
            let again = self.deployment.place.start(Some(&self.deployment.shim(true)?))?;
            clock::pause(self.moment(120_000));
            again.kill()?;
            if self.deployment.undo.exists() {
                self.cut(tally)?;
            }
        }
        self.recover(Mode::Power, tally)
    }

    /// The power goes while a data folder is made.
    fn cut_first_start(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        self.renew(tally)?;
        self.deployment.control.set(Word::SyncsAreSkipped, 1)?;
        self.deployment.control.set(Word::SyncTakesMicros, SYNC_TAKES_MICROS)?;
        let first = self.deployment.place.start(Some(&self.deployment.shim(true)?))?;
        clock::pause(self.moment(150_000));
        first.kill()?;
        if self.deployment.undo.exists() { self.cut(tally) } else { Ok(()) }
    }

    fn cut(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        tally.uncovered_writes += cut_power(&self.deployment.place.data, &self.deployment.undo, &mut self.chance)? as u64;
        Ok(())
    }

    fn fsync(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Power, tally)?;
        let (target, which) = (self.target(), if self.chance.once_in(4) { DATABASE_FAILS } else { EACH_FAILS });
        self.traffic(tally, |progress, control| {
            progress.reach(target)?;
            progress.none_refused()?;
            control.set(Word::SyncFails, which)?;
            let status = server.ended()?;
            if status.code() != Some(3) || control.get(Word::SyncsFailed)? == 0 {
                return Err(Failure::finding(format!("after a failed fsync the server ended with {status}")));
            }
            // Copying the log fails beside the groups, and right behind one of them nobody waits.
            if which == EACH_FAILS { progress.refused_at_the_end() } else { Ok(()) }
        })?;
        self.deployment.control.set(Word::SyncFails, 0)?;
        self.deployment.control.set(Word::SyncsFailed, 0)?;
        // What a failed fsync did not cover may be gone, as after a power cut.
        self.cut(tally)?;
        self.recover(Mode::Power, tally)
    }

    fn stop(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Bare, tally)?;
        let (target, more) = (self.target(), self.chance.below(100));
        let duration = self.moment(1_500_000);
        self.traffic(tally, |progress, _| {
            progress.reach(target)?;
            server.signal(Signal::STOP)?;
            clock::pause(duration);
            server.signal(Signal::CONT)?;
            progress.reach(progress.acknowledged() + more)?;
            progress.none_refused()?;
            match progress.gone() {
                0 => Ok(()),
                lost => Err(Failure::finding(format!("{lost} connections were lost though the server only stood still"))),
            }
        })?;
        self.look(Thoroughness::Fresh, tally)?;
        server.kill()?;
        self.recover(Mode::Bare, tally)
    }
}

/// Waits, under traffic, until the log is copied into the database.
fn until_log_is_copied(progress: &Progress, control: &Control) -> Result<(), Failure> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let start = clock::now();
    let before = control.get(Word::DatabaseWrites)?;
    while control.get(Word::DatabaseWrites)? == before {
        if start.elapsed() > PATIENCE {
            return Err(Failure::finding(format!("after {} answers the log is not copied into the database", progress.acknowledged())));
        }
        clock::pause(Duration::from_micros(200));
    }
    Ok(())
}
