//! Rounds: traffic, a fault in the midst of it, a start, and a look at everything that was acknowledged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_simulate::chance::Chance;
use rustix::process::Signal;

use crate::check::{self, Thoroughness};
use crate::clock;
use crate::control::Word;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::load::{self, Progress};
use crate::server::Server;
use crate::tally::Tally;
use crate::undo::cut_power;

/// After so many rounds a deployment makes room for a fresh one, so that no look at its ledger takes long.
const ROUNDS_EACH: u64 = 25;
/// The most acknowledged requests before a fault.
const TRAFFIC_MAX: u64 = 300;
/// How long an fsync takes where the power may go, so that it goes in the midst of one.
const SYNC_TAKES_MICROS: i64 = 3_000;
/// After so long without progress, traffic is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// A deployment under its faults.
pub(crate) struct Campaign {
    program: PathBuf,
    pub(crate) chance: Chance,
    deployment: Deployment,
    server: Option<(Mode, Server)>,
    rounds: u64,
    /// The planted fault: an fsync covers nothing.
    disk_lies: bool,
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
    /// Begins with a fresh deployment.
    pub(crate) fn begin(program: &Path, seed: u64, disk_lies: bool) -> Result<Campaign, Failure> {
        let deployment = Deployment::new(program, None)?;
        Ok(Campaign { program: program.to_owned(), chance: Chance::new(seed), deployment, server: None, rounds: 0, disk_lies })
    }

    /// One round of a fault.
    pub(crate) fn round(&mut self, fault: Fault) -> Result<Tally, Failure> {
        if self.rounds == ROUNDS_EACH {
            self.renew()?;
        }
        self.rounds += 1;
        let mut tally = Tally::default();
        tally.rounds += 1;
        match fault {
            Fault::Kill => self.kill(&mut tally)?,
            Fault::Power => self.power(&mut tally)?,
            Fault::Fsync => self.fsync(&mut tally)?,
            Fault::Stop => self.stop(&mut tally)?,
            Fault::Clock => self.clock(&mut tally)?,
            Fault::Full => return Err(Failure::CouldNot("a full disk needs a campaign of its own".to_owned())),
        }
        Ok(tally)
    }

    /// The deployment, with its server running.
    pub(crate) fn running(&mut self) -> Result<&mut Deployment, Failure> {
        let server = self.server(Mode::Bare, &mut Tally::default())?;
        self.server = Some((Mode::Bare, server));
        Ok(&mut self.deployment)
    }

    /// Takes the server, to end it in another way.
    pub(crate) fn take_server(&mut self) -> Option<Server> {
        self.server.take().map(|(_, server)| server)
    }

    /// The deployment.
    pub(crate) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    pub(crate) fn renew(&mut self) -> Result<(), Failure> {
        drop(self.server.take());
        self.deployment = Deployment::new(&self.program, None)?;
        self.rounds = 0;
        Ok(())
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
        let server = self.start(mode, tally)?;
        if self.deployment.holders.is_empty() {
            self.deployment.declare()?;
        }
        Ok(server)
    }

    fn start(&mut self, mode: Mode, tally: &mut Tally) -> Result<Server, Failure> {
        let deployment = &self.deployment;
        deployment.control.set(Word::SyncsAreSkipped, i64::from(mode == Mode::Power))?;
        deployment.control.set(Word::SyncTakesMicros, if mode == Mode::Power { SYNC_TAKES_MICROS } else { 0 })?;
        deployment.control.set(Word::DiskLies, i64::from(self.disk_lies))?;
        // What an earlier life left undone was kept by the system all the same.
        let _ = std::fs::remove_file(&deployment.undo);
        let shim = deployment.shim(mode == Mode::Power);
        let mut server = deployment.place.start((mode != Mode::Bare).then_some(&shim))?;
        tally.started(server.ready()?);
        Ok(server)
    }

    fn check(&mut self, thoroughness: Thoroughness, tally: &mut Tally) -> Result<(), Failure> {
        tally.looked(check::all(&mut self.deployment, thoroughness)?);
        Ok(())
    }

    /// Traffic up to a random number of good answers, then `fault`.
    fn traffic(&mut self, tally: &mut Tally, fault: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let target = self.chance.below(TRAFFIC_MAX);
        let micros = self.chance.below(3_000);
        let acknowledged = load::run(&mut self.deployment, &mut self.chance, |progress| {
            reach(progress, target)?;
            // Not right behind an answer each time.
            clock::pause(Duration::from_micros(micros));
            fault()
        })?;
        tally.acknowledged(acknowledged);
        Ok(())
    }

    fn kill(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Bare, tally)?;
        self.traffic(tally, || server.kill())?;
        if self.chance.once_in(6) {
            // Once more, while it starts.
            let again = self.deployment.place.start(None)?;
            clock::pause(Duration::from_micros(self.chance.below(60_000)));
            again.kill()?;
        }
        let server = self.start(Mode::Bare, tally)?;
        self.server = Some((Mode::Bare, server));
        self.check(Thoroughness::Fresh, tally)
    }

    fn power(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        if self.chance.once_in(8) {
            self.cut_first_start(tally)?;
        }
        let server = self.server(Mode::Power, tally)?;
        self.traffic(tally, || server.kill())?;
        self.cut(tally)?;
        if self.chance.once_in(6) {
            // Once more, while it recovers.
            let again = self.deployment.place.start(Some(&self.deployment.shim(true)))?;
            clock::pause(Duration::from_micros(self.chance.below(120_000)));
            again.kill()?;
            if self.deployment.undo.exists() {
                self.cut(tally)?;
            }
        }
        let server = self.start(Mode::Power, tally)?;
        self.server = Some((Mode::Power, server));
        self.check(Thoroughness::Fresh, tally)
    }

    /// The power goes while a data folder is made.
    fn cut_first_start(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        self.renew()?;
        self.deployment.control.set(Word::SyncsAreSkipped, 1)?;
        self.deployment.control.set(Word::SyncTakesMicros, SYNC_TAKES_MICROS)?;
        let first = self.deployment.place.start(Some(&self.deployment.shim(true)))?;
        clock::pause(Duration::from_micros(self.chance.below(150_000)));
        first.kill()?;
        if self.deployment.undo.exists() { self.cut(tally) } else { Ok(()) }
    }

    fn cut(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        tally.uncovered_writes += cut_power(&self.deployment.place.data, &self.deployment.undo, &mut self.chance)? as u64;
        Ok(())
    }

    fn fsync(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Power, tally)?;
        let target = self.chance.below(TRAFFIC_MAX);
        let control = crate::control::Control::open(&self.deployment.control.path)?;
        let acknowledged = load::run(&mut self.deployment, &mut self.chance, |progress| {
            reach(progress, target)?;
            control.set(Word::SyncFails, 1)?;
            let status = server.ended()?;
            if status.success() || control.get(Word::SyncsFailed)? == 0 {
                return Err(Failure::finding(format!("after a failed fsync the server ended with {status}")));
            }
            Ok(())
        })?;
        tally.acknowledged(acknowledged);
        control.set(Word::SyncFails, 0)?;
        control.set(Word::SyncsFailed, 0)?;
        // What a failed fsync did not cover may be gone, as after a power cut.
        self.cut(tally)?;
        let server = self.start(Mode::Power, tally)?;
        self.server = Some((Mode::Power, server));
        self.check(Thoroughness::Fresh, tally)
    }

    fn stop(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Bare, tally)?;
        let (target, more) = (self.chance.below(TRAFFIC_MAX), self.chance.below(100));
        let millis = self.chance.below(1_500);
        let acknowledged = load::run(&mut self.deployment, &mut self.chance, |progress| {
            reach(progress, target)?;
            server.signal(Signal::STOP)?;
            clock::pause(Duration::from_millis(millis));
            server.signal(Signal::CONT)?;
            let lost = progress.gone();
            reach(progress, progress.acknowledged() + more)?;
            if lost > 0 {
                Err(Failure::finding(format!("{lost} connections were lost though the server only stood still")))
            } else {
                Ok(())
            }
        })?;
        tally.acknowledged(acknowledged);
        self.check(Thoroughness::Fresh, tally)?;
        server.kill()?;
        let server = self.start(Mode::Bare, tally)?;
        self.server = Some((Mode::Bare, server));
        self.check(Thoroughness::Fresh, tally)
    }

    /// Traffic up to so many good answers.
    pub(crate) fn traffic_of(&mut self, target: u64, tally: &mut Tally) -> Result<(), Failure> {
        let acknowledged = load::run(&mut self.deployment, &mut self.chance, |progress| reach(progress, target))?;
        tally.acknowledged(acknowledged);
        Ok(())
    }

    /// Kills the server and starts it again.
    pub(crate) fn restart(&mut self, server: Server, mode: Mode, tally: &mut Tally) -> Result<Server, Failure> {
        server.kill()?;
        self.start(mode, tally)
    }

    /// Looks at everything.
    pub(crate) fn look(&mut self, thoroughness: Thoroughness, tally: &mut Tally) -> Result<(), Failure> {
        self.check(thoroughness, tally)
    }
}

/// Waits until so many answers were good.
fn reach(progress: &Progress, target: u64) -> Result<(), Failure> {
    let start = clock::now();
    while progress.acknowledged() < target {
        if start.elapsed() > PATIENCE || progress.gone() == crate::deployment::HOLDERS as u64 {
            return Err(Failure::finding(format!("traffic stands still at {} of {target} answers", progress.acknowledged())));
        }
        clock::pause(Duration::from_micros(200));
    }
    Ok(())
}
