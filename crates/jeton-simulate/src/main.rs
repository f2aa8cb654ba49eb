//! `jeton-simulate`: runs seeds, and tells of the first that finds something.

#![expect(clippy::print_stdout, reason = "a command line tool talks to a terminal")]

use std::process::ExitCode;

use clap::Parser;
use jeton_simulate::breakage::Breakage;
use jeton_simulate::run;
use jeton_simulate::tally::Tally;

/// Simulates the service, its store, clocks and verifiers under seeded faults.
#[derive(Parser)]
#[command(name = "jeton-simulate")]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed; alone, it is run once, and once more to see that it does the same.
    #[arg(long)]
    seed: Option<u64>,
    /// How many steps each takes.
    #[arg(long, default_value_t = run::STEPS)]
    steps: u64,
    /// How many of the last lines are shown before a finding.
    #[arg(long, default_value_t = 60)]
    tail: usize,
    /// A bug to plant.
    #[arg(long = "break", hide = true)]
    breakage: Option<String>,
    /// Go on after a finding, and count them.
    #[arg(long, hide = true)]
    all: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let breakage = match arguments.breakage.as_deref().map(|name| Breakage::named(name).ok_or(name)) {
        None => None,
        Some(Ok(breakage)) => Some(breakage),
        Some(Err(name)) => {
            println!("there is no bug `{name}`");
            return ExitCode::from(2);
        }
    };
    let first = arguments.seed.unwrap_or(1);
    let count = if arguments.seed.is_some() { 1 } else { arguments.seeds };
    let mut total = Tally::default();
    let mut findings = 0_u64;
    for seed in first..first.saturating_add(count) {
        match run::run(seed, arguments.steps, breakage) {
            Ok(passed) => {
                total = total.plus(&passed.tally);
                if arguments.seed.is_some() {
                    println!("seed {seed}: digest {:016x}", passed.digest);
                }
            }
            Err(found) => {
                findings += 1;
                if !arguments.all {
                    let lines = found.tail.lines().count();
                    found.tail.lines().skip(lines.saturating_sub(arguments.tail)).for_each(|line| println!("{line}"));
                }
                println!("seed {seed}, step {}: {}", found.step, found.what);
                if !arguments.all {
                    println!("run it again with: cargo xtask simulate --seed {seed}   (digest {:016x})", found.digest);
                    return ExitCode::from(1);
                }
            }
        }
    }
    println!("{count} seeds of {} steps, {findings} findings\n{total}", arguments.steps);
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
