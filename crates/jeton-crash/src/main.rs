//! `jeton-crash`: the real server under traffic and faults; nothing acknowledged may be missing, nothing revoked active.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]

mod check;
mod clock;
mod control;
mod deployment;
mod failure;
mod fault;
mod full_disk;
mod http;
mod journal;
mod load;
mod losses;
mod lost_disk;
mod report;
mod round;
mod secret_search;
mod secrets;
mod server;
mod shim;
mod tally;
mod undo;
mod wrong_clock;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use jeton_simulate::chance::Chance;

use failure::{Doing, Failure};
use fault::Fault;
use full_disk::WayApart;
use report::Report;
use round::Campaign;
use tally::Tally;

/// How many power cuts may pass before one finds out a disk that lies.
const LYING_ROUNDS: u64 = 15;

/// Crashes the server under traffic, and looks whether it kept its word.
#[derive(Parser)]
#[command(name = "jeton-crash")]
struct Arguments {
    /// The server: the program `jeton`.
    #[arg(long)]
    program: PathBuf,
    /// How many rounds, shared among the faults.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// Which fault.
    #[arg(long, default_value = "all", value_parser = PossibleValuesParser::new(["all", "kill", "power", "full", "fsync", "stop", "clock", "lost"]))]
    fault: String,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many tokens are revoked in each round with a full disk.
    #[arg(long, default_value_t = 10_000)]
    revocations: u64,
    /// How many tokens live in the store beside those that are looked at.
    #[arg(long, default_value_t = 0)]
    live_tokens: u64,
    /// This process has a mount namespace of its own.
    #[arg(long, hide = true)]
    inside: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.inside { inside(&arguments) } else { crash(&arguments) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(if matches!(failure, Failure::Finding(_)) { 1 } else { 3 })
        }
    }
}

fn crash(arguments: &Arguments) -> Result<(), Failure> {
    let program = arguments.program.canonicalize().doing("looking for the server's program")?;
    let folder = tempfile::tempdir().doing("making a folder")?;
    let (library, way_apart) = (shim::compile(folder.path()), full_disk::way_apart());
    let obstacle = |fault| match fault {
        Fault::Power | Fault::Fsync | Fault::Clock => library.as_ref().err(),
        Fault::Full => way_apart.as_ref().err(),
        Fault::Kill | Fault::Stop | Fault::Lost => None,
    };
    let mut run = Run {
        program,
        seed: arguments.seed,
        revocations: arguments.revocations,
        live_tokens: arguments.live_tokens,
        library: library.as_deref().ok(),
        way_apart: way_apart.as_ref().ok(),
        report: Report::default(),
    };
    for (fault, rounds) in shares(&arguments.fault, arguments.rounds) {
        match obstacle(fault) {
            None => run.rounds(fault, rounds)?,
            // Asked for alone, it is what the run is for.
            Some(obstacle) if arguments.fault == fault.name() => return Err(Failure::CouldNot(obstacle.what().to_owned())),
            Some(obstacle) => println!("not run: {} ({})", fault.name(), obstacle.what()),
        }
    }
    println!("\n{}", run.report);
    Ok(())
}

/// A run of rounds.
struct Run<'a> {
    program: PathBuf,
    seed: u64,
    revocations: u64,
    live_tokens: u64,
    library: Option<&'a Path>,
    way_apart: Option<&'a WayApart>,
    report: Report,
}

impl Run<'_> {
    fn rounds(&mut self, fault: Fault, rounds: u64) -> Result<(), Failure> {
        if rounds == 0 {
            return Ok(());
        }
        if fault == Fault::Power {
            self.find_lying_disk()?;
        }
        if fault == Fault::Full {
            return self.rounds_on_full_disk(rounds);
        }
        if fault == Fault::Lost {
            return self.rounds_with_lost_disks(rounds);
        }
        let mut campaign = Campaign::begin(&self.program, self.library, self.seed)?.with_live_tokens(self.live_tokens);
        let mut done = Ok(());
        for round in 1..=rounds {
            let mut tally = Tally::default();
            done = campaign.round(fault, &mut tally);
            if done.is_ok() && round == rounds {
                done = campaign.close(&mut tally);
            }
            self.report.add(fault, &tally);
            if done.is_err() {
                break;
            }
            self.tell(fault, round, rounds, &tally);
        }
        let seen = self.report.rounds(fault);
        done.map_err(|failure| match failure {
            Failure::Finding(what) => {
                let folder = campaign.keep();
                Failure::Finding(format!(
                    "{} round {}, seed {}: {what}\nits folder stays: {}",
                    fault.name(),
                    seen + 1,
                    self.seed,
                    folder.display()
                ))
            }
            Failure::CouldNot(what) => Failure::CouldNot(format!("{} round {}, seed {}: {what}", fault.name(), seen + 1, self.seed)),
        })
    }

    fn rounds_on_full_disk(&mut self, rounds: u64) -> Result<(), Failure> {
        let way = self.way_apart.ok_or_else(|| Failure::CouldNot("there is no file system to fill".to_owned()))?;
        for round in 1..=rounds {
            let tally = way.round(&self.program, self.seed + round - 1, self.revocations)?;
            self.report.add(Fault::Full, &tally);
            self.tell(Fault::Full, round, rounds, &tally);
        }
        Ok(())
    }

    /// Every second one of a server that waits for the target.
    fn rounds_with_lost_disks(&mut self, rounds: u64) -> Result<(), Failure> {
        for round in 1..=rounds {
            let is_sync = round % 2 == 0;
            let mut tally = Tally::default();
            let lost = lost_disk::round(&self.program, (self.seed + round, is_sync), self.live_tokens, &mut tally)?;
            self.report.add(Fault::Lost, &tally);
            println!("lost {round}/{rounds}: {lost}");
            self.report.lost(lost);
        }
        Ok(())
    }

    fn tell(&self, fault: Fault, round: u64, rounds: u64, tally: &Tally) {
        let Tally { issued, revoked, worst_ready_millis, .. } = tally;
        println!("{} {round}/{rounds}: {issued} issued, {revoked} revoked, ready after {worst_ready_millis} ms", fault.name());
    }

    /// That power cuts find what they are there for: with a planted fault, one of a few must lose something.
    fn find_lying_disk(&self) -> Result<(), Failure> {
        let mut campaign = Campaign::begin(&self.program, self.library, self.seed)?;
        campaign.plant_lying_disk()?;
        for round in 1..=LYING_ROUNDS {
            match campaign.round(Fault::Power, &mut Tally::default()) {
                Ok(()) => {}
                Err(Failure::Finding(_)) => {
                    println!("a disk whose fsync covers nothing is found out in {round} power cuts");
                    return Ok(());
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::CouldNot(format!("{LYING_ROUNDS} power cuts did not find out a disk whose fsync covers nothing")))
    }
}

/// A round with a full disk, told in one line to the process that started this one.
fn inside(arguments: &Arguments) -> Result<(), Failure> {
    let tally = full_disk::round(&arguments.program, &mut Chance::new(arguments.seed), arguments.revocations)?;
    println!("{}", tally.line());
    Ok(())
}

/// The faults with their shares of the rounds: kills and power cuts find the most.
fn shares(fault: &str, rounds: u64) -> Vec<(Fault, u64)> {
    if let Some((_, fault)) = Fault::ALL.iter().find(|(name, _)| *name == fault) {
        return vec![(*fault, rounds)];
    }
    let weights = [5, 5, 1, 3, 2, 2, 2];
    let mut shares: Vec<(Fault, u64)> = Fault::ALL.iter().zip(weights).map(|((_, fault), weight)| (*fault, rounds * weight / 20)).collect();
    let missing = rounds.saturating_sub(shares.iter().map(|(_, share)| share).sum());
    if let Some((_, first)) = shares.first_mut() {
        *first += missing;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rounds_are_shared_out() {
        for rounds in [1, 6, 20, 21, 999] {
            assert_eq!(shares("all", rounds).iter().map(|(_, share)| share).sum::<u64>(), rounds);
            assert_eq!(shares("fsync", rounds), [(Fault::Fsync, rounds)]);
        }
        assert!(shares("all", 20).iter().all(|(_, share)| *share > 0));
    }
}
