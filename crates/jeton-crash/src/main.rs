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
mod report;
mod round;
mod secret_search;
mod secrets;
mod server;
mod shim;
mod tally;
mod undo;
mod wrong_clock;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use jeton_simulate::chance::Chance;

use failure::Failure;
use fault::Fault;
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
    #[arg(long, default_value = "all", value_parser = PossibleValuesParser::new(["all", "kill", "power", "full", "fsync", "stop", "clock"]))]
    fault: String,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many tokens are revoked in the first round with a full disk.
    #[arg(long, default_value_t = 10_000)]
    revocations: u64,
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
    if matches!(arguments.fault.as_str(), "all" | "power") {
        let rounds = find_lying_disk(arguments)?;
        println!("a disk whose fsync covers nothing is found out in {rounds} power cuts");
    }
    let mut report = Report::default();
    let mut campaign = Campaign::begin(&arguments.program, arguments.seed, false)?;
    for (fault, rounds) in shares(&arguments.fault, arguments.rounds) {
        for round in 0..rounds {
            let tally = match fault {
                Fault::Full => {
                    // The first takes as many revocations as a full disk must; the others are there for the crashes.
                    let revocations = if round == 0 { arguments.revocations } else { arguments.revocations / 20 };
                    full_disk::rounds_apart(&arguments.program, arguments.seed + round, 1, revocations)?
                }
                fault => campaign.round(fault).map_err(|failure| told(failure, fault, round, arguments.seed))?,
            };
            report.add(fault, &tally);
            println!("{} {}/{rounds}: ready after {} ms", fault.name(), round + 1, tally.worst_ready_millis);
        }
    }
    let searched = secret_search::search(&mut campaign)?;
    println!(
        "\n{report}\n{} secrets searched for in {} bytes of data folder, logs and crash output: none found",
        searched.secrets, searched.bytes
    );
    Ok(())
}

/// That power cuts find what they are there for: with a planted fault, one of a few must lose something.
fn find_lying_disk(arguments: &Arguments) -> Result<u64, Failure> {
    let mut campaign = Campaign::begin(&arguments.program, arguments.seed, true)?;
    for round in 1..=LYING_ROUNDS {
        match campaign.round(Fault::Power) {
            Ok(_) => {}
            Err(Failure::Finding(_)) => return Ok(round),
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::CouldNot(format!("{LYING_ROUNDS} power cuts did not find out a disk whose fsync covers nothing")))
}

fn told(failure: Failure, fault: Fault, round: u64, seed: u64) -> Failure {
    let place = format!("{} round {}, seed {seed}", fault.name(), round + 1);
    match failure {
        Failure::Finding(what) => Failure::Finding(format!("{place}: {what}")),
        Failure::CouldNot(what) => Failure::CouldNot(format!("{place}: {what}")),
    }
}

/// Rounds with a full disk, told in one line to the process that started this one.
fn inside(arguments: &Arguments) -> Result<(), Failure> {
    let mut chance = Chance::new(arguments.seed);
    let mut total = Tally::default();
    for _ in 0..arguments.rounds {
        total = total.plus(&full_disk::round(&arguments.program, &mut chance, arguments.revocations)?);
    }
    println!("{}", total.line());
    Ok(())
}

/// The faults with their shares of the rounds: kills and power cuts find the most.
fn shares(fault: &str, rounds: u64) -> Vec<(Fault, u64)> {
    if let Some((_, fault)) = Fault::ALL.iter().find(|(name, _)| *name == fault) {
        return vec![(*fault, rounds)];
    }
    let weights = [7, 5, 1, 3, 2, 2];
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
