//! Jeton's own chores: test, tidy, fuzz, bench, crash, dist, simulate.
//!
//! One file per command; [`COMMANDS`] is the list of them. This crate is the first thing a fresh machine builds, so it
//! keeps to the standard library and `toml`: what needs more of Jeton starts it through cargo.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]

mod bench;
mod cargo_deny;
mod crash;
mod dist;
mod failure;
mod foreign;
mod fuzz;
mod process;
mod quickstart;
mod simulate;
mod stopwatch;
mod suite;
mod tally;
mod tidy;
mod workspace;

use std::process::ExitCode;

use failure::Failure;

/// One subcommand: its name, the line in the list of commands, its help, and what it does with the words after its name.
struct Command {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        summary: "everything: formatting, tidy, clippy, tests, fuzz smoke, feature builds, dependencies, simulation, crashes",
        help: suite::HELP,
        run: suite::run,
    },
    Command {
        name: "tidy",
        summary: "the rules that no compiler checks: arrows between crates, circles, lengths, names, links",
        help: tidy::HELP,
        run: tidy::run,
    },
    Command { name: "deny", summary: "licences, bans and sources of the dependencies", help: cargo_deny::HELP, run: cargo_deny::run },
    Command { name: "fuzz", summary: "one fuzz target under libFuzzer", help: fuzz::HELP, run: fuzz::run },
    Command { name: "foreign", summary: "other people's clients and a browser, over https", help: foreign::HELP, run: foreign::run },
    Command {
        name: "quickstart",
        summary: "the tour of `jeton quickstart --exit` in an empty folder",
        help: quickstart::HELP,
        run: quickstart::run,
    },
    Command { name: "bench", summary: "measure against the floor and the raw cryptography", help: bench::HELP, run: bench::run },
    Command {
        name: "crash",
        summary: "kill, cut, fill and freeze a server under traffic; nothing acknowledged may be missing",
        help: crash::HELP,
        run: crash::run,
    },
    Command {
        name: "dist",
        summary: "what a release is made of: binary, unit, image, bill of materials, sums",
        help: dist::HELP,
        run: dist::run,
    },
    Command {
        name: "simulate",
        summary: "seeded simulation of store, clock and feed with faults",
        help: simulate::HELP,
        run: simulate::run,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(words: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = words.split_first() else {
        print!("{}", overview());
        return Err(Failure::usage("No command was given."));
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        let Some(topic) = rest.first() else {
            print!("{}", overview());
            return Ok(());
        };
        print!("{}", find(topic)?.help);
        return Ok(());
    }
    let command = find(name)?;
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        print!("{}", command.help);
        return Ok(());
    }
    (command.run)(rest)
}

fn find(name: &str) -> Result<&'static Command, Failure> {
    COMMANDS.iter().find(|command| command.name == name).ok_or_else(|| {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        Failure::usage(format!("There is no command `{name}`. There are: {}.", names.join(", ")))
    })
}

fn overview() -> String {
    let mut text = String::from("Jeton's own chores.\n\nUsage: cargo xtask COMMAND\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<12}{}\n", command.name, command.summary));
    }
    text.push_str(
        "\nExamples:\n  cargo xtask test                 what a change must pass\n  cargo xtask tidy                 the quick part, seconds\n  cargo xtask help fuzz            more about one command\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        for command in COMMANDS {
            let invocation = format!("cargo xtask {}", command.name);
            assert!(
                command.help.contains("Example") && command.help.matches(&invocation).count() >= 2,
                "the help of `{}` lacks usage or example",
                command.name
            );
            assert!(overview().contains(command.name));
        }
    }

    #[test]
    fn unknown_words_are_usage_errors() {
        for line in ["", "tset", "help tset"] {
            let failure = dispatch(&words(line)).expect_err(line);
            assert_eq!(failure.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn help_is_an_answer() {
        for line in ["help", "--help", "help test", "tidy --help"] {
            assert!(dispatch(&words(line)).is_ok(), "{line}");
        }
    }
}
