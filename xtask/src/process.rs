//! Starts other programs.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::tally::Tally;
use crate::workspace;

/// The cargo that started this program, else the one on the path; runs at the root of the tree.
pub(crate) fn cargo<I, S>(arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Whether `command` starts and ends well, saying nothing.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs `command` in front of the reader; fails unless it ends with 0.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let shown = spell(command);
    println!("$ {shown}");
    let status = command.stdin(Stdio::null()).status().map_err(|error| Failure::could_not(format!("`{shown}` did not start: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::refused(format!("`{shown}` ended with {status}."))) }
}

/// Runs a test command in front of the reader and adds up its closing lines, also when it fails.
pub(crate) fn run_tests(command: &mut Command) -> (Tally, Result<(), Failure>) {
    let mut tally = Tally::default();
    let result = run_and_read(command, |line| tally.read(line));
    (tally, result)
}

/// Runs `command` in front of the reader and hands each line that it prints to `read`, also when it fails.
pub(crate) fn run_and_read(command: &mut Command, mut read: impl FnMut(&str)) -> Result<(), Failure> {
    let shown = spell(command);
    println!("$ {shown}");
    let could_not = |error: std::io::Error| Failure::could_not(format!("`{shown}`: {error}"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(could_not)?;
    if let Some(output) = child.stdout.take() {
        let lines = BufReader::new(output);
        copy_lines(lines, &mut std::io::stdout().lock(), &mut read).map_err(could_not)?;
    }
    let status = child.wait().map_err(could_not)?;
    if status.success() { Ok(()) } else { Err(Failure::refused(format!("`{shown}` ended with {status}."))) }
}

/// Output is bytes: a test may print what is not UTF-8, and that must reach the reader too.
fn copy_lines(mut from: impl BufRead, to: &mut impl Write, read: &mut dyn FnMut(&str)) -> std::io::Result<()> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        read(&String::from_utf8_lossy(&line));
        to.write_all(&line)?;
        line.clear();
    }
    to.flush()
}

/// The command as one would type it.
fn spell(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    for (name, value) in command.get_envs().filter(|(_, value)| value.is_some()) {
        let value = value.unwrap_or_default().to_string_lossy();
        words.insert(0, format!("{}={value}", name.to_string_lossy()));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/some/where/cargo");
        command.args(["test", "--locked"]).env("SEED", "7");
        assert_eq!(spell(&command), "SEED=7 cargo test --locked");
    }

    #[test]
    fn a_failing_program_is_a_failure() {
        assert!(run(&mut cargo(["--version"])).is_ok());
        let failure = run(&mut Command::new("false")).expect_err("it ends with 1");
        assert_eq!(failure.exit_code(), 1);
        let failure = run(&mut Command::new("no-such-program")).expect_err("it is not there");
        assert_eq!(failure.exit_code(), 3);
    }

    #[test]
    fn lines_that_are_not_utf8_are_copied_and_counted() {
        let output: &[u8] = b"\xff\xfe\ntest result: ok. 2 passed; 0 failed; 0 ignored";
        let (mut copy, mut tally) = (Vec::new(), Tally::default());
        copy_lines(output, &mut copy, &mut |line| tally.read(line)).expect("copying to memory");
        assert_eq!((copy.as_slice(), tally.passed), (output, 2));
    }
}
