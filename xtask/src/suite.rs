//! `cargo xtask test`: everything that a change must pass.

use crate::cargo_deny;
use crate::crash;
use crate::failure::Failure;
use crate::foreign;
use crate::process::{self, cargo};
use crate::quickstart;
use crate::simulate;
use crate::stopwatch::{Stopwatch, spell};
use crate::tally::Tally;
use crate::tidy;

pub(crate) const HELP: &str = "\
Runs everything that a change must pass, one step after another, and stops at the first that fails:
formatting, tidy, clippy, all tests, the public vectors, the fuzz smoke, feature builds, ACME, the dependencies, the simulation, the quickstart,
other people's clients and a browser, rounds of crashes.

Needs the Rust toolchain and a C compiler. What is missing beyond these is installed below the build folder,
or the step says how to get it. The last line counts the tests.

Usage: cargo xtask test [--all]

  --all   more seeds, longer fuzzing, more crashes and every client and page, for a quiet evening

Examples:
  cargo xtask test
  cargo xtask test --all
";

/// How much time the seeded steps may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Usual,
    Long,
}

/// What came of a step that did not fail.
enum Done {
    Passed,
    /// Could not be made here; the sentence says how it could.
    Skipped(String),
}

/// One part of the run.
struct Step {
    heading: &'static str,
    run: fn(&mut Run) -> Result<Done, Failure>,
    /// What to do when it fails.
    remedy: &'static str,
}

/// What the steps share.
struct Run {
    effort: Effort,
    tally: Tally,
    skipped: Vec<String>,
}

/// In this order: the quick ones first.
const STEPS: &[Step] = &[
    Step { heading: "formatting", run: formatting, remedy: "Run `cargo fmt --all`." },
    Step { heading: "tidy", run: |_| tidy::run(&[]).map(|()| Done::Passed), remedy: "Mend what is listed, then run `cargo xtask tidy`." },
    Step { heading: "clippy", run: clippy, remedy: "Run `cargo clippy --workspace --all-targets` and mend what it lists." },
    Step { heading: "tests", run: tests, remedy: "Run one again with `cargo test -p CRATE NAME`; a random test prints its seed." },
    Step {
        heading: "vectors",
        run: vectors,
        remedy: "Each vector that failed is listed with its file; `cargo test -p jeton-jose --test vectors` runs them again.",
    },
    Step {
        heading: "fuzz smoke",
        run: fuzz_smoke,
        remedy: "The output names the target, the seed and the round; `JETON_SEED=SEED cargo test -p jeton-fuzz` runs them again.",
    },
    Step {
        heading: "feature builds",
        run: feature_builds,
        remedy: "Code of jeton-verify stands outside the feature that it needs: put it behind `#[cfg(feature = …)]`.",
    },
    Step { heading: "acme", run: acme, remedy: "`cargo test -p jeton --features acme --test acme` runs them again." },
    Step {
        heading: "dependencies",
        run: dependencies,
        remedy: "Read deny.toml: choose another crate, or write the exception with its reason.",
    },
    Step { heading: "simulation", run: simulation, remedy: "The output names the seed: `cargo xtask simulate --seed SEED` runs it again." },
    Step {
        heading: "quickstart",
        run: |_| quickstart::run(&[]).map(|()| Done::Passed),
        remedy: "Run `cargo run -- quickstart --exit` in an empty folder and read where it stops; it needs the ports 8420 and 8421.",
    },
    Step {
        heading: "foreign clients",
        run: foreign_clients,
        remedy: "The output names the client, what it did, and where it stopped: `cargo xtask foreign NAME` runs it again.",
    },
    Step {
        heading: "crashes",
        run: crashes,
        remedy: "The output names the fault, the seed and the folder that it left: `cargo xtask crash --fault FAULT --seed SEED` tries it again.",
    },
];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let effort = match arguments {
        [] => Effort::Usual,
        [all] if all == "--all" => Effort::Long,
        [..] => {
            return Err(Failure::usage("`cargo xtask test` takes `--all` or nothing."));
        }
    };
    let watch = Stopwatch::start();
    let mut run = Run { effort, tally: Tally::default(), skipped: Vec::new() };
    let result = all_steps(&mut run);
    println!();
    for sentence in &run.skipped {
        println!("skipped: {sentence}");
    }
    match &result {
        Ok(()) => println!("every step that ran passed, in {}", spell(watch.elapsed())),
        Err(failure) => println!("{failure}"),
    }
    println!("{}", run.tally.closing_line());
    result.map_err(|_| Failure::refused("`cargo xtask test` did not pass; the reason stands above."))
}

fn all_steps(run: &mut Run) -> Result<(), Failure> {
    for (number, step) in STEPS.iter().enumerate() {
        let heading = format!("{}/{} {}", number + 1, STEPS.len(), step.heading);
        println!("\n=== {heading}");
        let watch = Stopwatch::start();
        let done = (step.run)(run);
        let time = spell(watch.elapsed());
        match done {
            Ok(Done::Passed) => println!("--- {heading}: passed in {time}"),
            Ok(Done::Skipped(sentence)) => {
                println!("--- {heading}: skipped after {time}");
                run.skipped.push(format!("{}. {sentence}", step.heading));
            }
            Err(failure) => {
                return Err(Failure::refused(format!("{heading} failed after {time}. {failure}\n{}", step.remedy)));
            }
        }
    }
    Ok(())
}

fn formatting(_: &mut Run) -> Result<Done, Failure> {
    if !process::works(&mut cargo(["fmt", "--version"])) {
        return Ok(Done::Skipped("This toolchain has no rustfmt; `rustup component add rustfmt` brings it.".to_owned()));
    }
    process::run(&mut cargo(["fmt", "--all", "--check"]))?;
    Ok(Done::Passed)
}

fn clippy(_: &mut Run) -> Result<Done, Failure> {
    if !process::works(&mut cargo(["clippy", "--version"])) {
        return Ok(Done::Skipped("This toolchain has no clippy; `rustup component add clippy` brings it.".to_owned()));
    }
    let words = "clippy --workspace --all-targets --locked -- -D warnings";
    process::run(&mut cargo(words.split(' ')))?;
    Ok(Done::Passed)
}

/// The fuzz smoke passes here in no time; the next step gives it some.
fn tests(run: &mut Run) -> Result<Done, Failure> {
    let words = "test --workspace --locked --no-fail-fast";
    let tries = match run.effort {
        Effort::Usual => "40",
        Effort::Long => "1000",
    };
    count(run, cargo(words.split(' ')).env("JETON_FUZZ_SECONDS", "0").env("JETON_TIMING_TRIES", tries))
}

/// They pass above as well, but say there neither how many they were nor that they were not run.
fn vectors(run: &mut Run) -> Result<Done, Failure> {
    let words = "test --workspace --locked --test vectors -- --nocapture every_vector";
    let (mut tally, mut not_run) = (Tally::default(), false);
    let result = process::run_and_read(&mut cargo(words.split(' ')), |line| {
        tally.read(line);
        not_run |= line.contains("JETON_VECTORS is not set");
    });
    run.tally.add(tally);
    result?;
    if not_run {
        return Ok(Done::Skipped("JETON_VECTORS is not set; set it to the folder that holds the public vectors.".to_owned()));
    }
    Ok(Done::Passed)
}

/// Chosen by its name within the whole workspace, so that no dependency is built again with other features.
fn fuzz_smoke(run: &mut Run) -> Result<Done, Failure> {
    let seconds = match run.effort {
        Effort::Usual => "20",
        Effort::Long => "600",
    };
    let words = "test --workspace --locked --test smoke -- --nocapture no_input_makes";
    count(run, cargo(words.split(' ')).env("JETON_FUZZ_SECONDS", seconds))
}

fn count(run: &mut Run, command: &mut std::process::Command) -> Result<Done, Failure> {
    let (tally, result) = process::run_tests(command);
    run.tally.add(tally);
    result.map(|()| Done::Passed)
}

fn feature_builds(_: &mut Run) -> Result<Done, Failure> {
    for features in ["--no-default-features", "--no-default-features --features network"] {
        let words = format!("check --package jeton-verify --locked {features}");
        process::run(&mut cargo(words.split(' ')))?;
    }
    Ok(Done::Passed)
}

/// What only a program with ACME has. The lints too: clippy above has looked at the default features.
fn acme(run: &mut Run) -> Result<Done, Failure> {
    // Within the whole workspace, so that what is built above is not built again where the feature changes nothing of it.
    let chosen = |verb: &str, rest: &str| cargo(format!("{verb} --workspace --features jeton/acme --locked {rest}").split(' '));
    if process::works(&mut cargo(["clippy", "--version"])) {
        process::run(&mut chosen("clippy", "--lib --bin jeton --test acme -- -D warnings"))?;
    }
    count(run, &mut chosen("test", "--lib acme"))?;
    count(run, &mut chosen("test", "--test acme"))
}

fn simulation(run: &mut Run) -> Result<Done, Failure> {
    let seeds = match run.effort {
        Effort::Usual => "200",
        Effort::Long => "5000",
    };
    simulate::run(&["--seeds".to_owned(), seeds.to_owned()])?;
    Ok(Done::Passed)
}

fn crashes(run: &mut Run) -> Result<Done, Failure> {
    let rounds = match run.effort {
        Effort::Usual => "20",
        Effort::Long => "200",
    };
    let not_run = crash::rounds(&["--rounds".to_owned(), rounds.to_owned()])?;
    // The other faults were tried, and count.
    run.skipped.extend(not_run.into_iter().map(|fault| format!("crashes: {fault}")));
    Ok(Done::Passed)
}

/// One client and one walk through the pages; all of them on a quiet evening.
fn foreign_clients(run: &mut Run) -> Result<Done, Failure> {
    let names: &[&str] = match run.effort {
        Effort::Usual => &["openid_client", "pages_small"],
        Effort::Long => &[],
    };
    let (ran, result) = foreign::clients(names)?;
    run.tally.add(ran.tally);
    run.skipped.extend(ran.skipped.into_iter().map(|sentence| format!("foreign clients: {sentence}")));
    result.map(|()| Done::Passed)
}

fn dependencies(_: &mut Run) -> Result<Done, Failure> {
    match cargo_deny::check()? {
        None => Ok(Done::Passed),
        Some(how_to_get_it) => Ok(Done::Skipped(how_to_get_it)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_usage_errors() {
        for words in [vec!["--al"], vec!["--all", "--all"]] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert_eq!(run(&words).expect_err("usage").exit_code(), 2);
        }
    }

    #[test]
    fn every_step_says_what_to_do_when_it_fails() {
        for step in STEPS {
            assert!(step.remedy.ends_with('.'), "{}", step.heading);
        }
    }
}
