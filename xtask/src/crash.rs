//! `cargo xtask crash`: runs traffic with a journal of acknowledged operations while faults are injected.

use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Runs the real server under traffic, lets something go wrong in the midst of it, starts it again, and looks at all that
was acknowledged: every issued token is there, no revoked one is active, the ledger proves itself. At the end of each data
folder it searches data, logs and what an abort left behind for every secret of the run.

Usage: cargo xtask crash [--rounds N] [--fault FAULT] [--seed S] [--revocations R] [--live-tokens T]

  --rounds N        so many rounds (20), shared among the faults
  --fault FAULT     kill, power, full, fsync, stop, clock or lost alone (all)
  --seed S          where chance begins (1)
  --revocations R   tokens revoked on a full disk in each such round (10000)
  --live-tokens T   tokens in the store beside those that are looked at (0): how soon a large store is ready after a crash

A lost disk (`lost`) is a server killed under traffic whose data folder is gone: a new one is restored from the backup
target, every second time of a server with `revocation_durability = \"sync\"`. What was lost, and how long it took until a
request was answered again, is counted.

Needs the C compiler: a shim between the server and the C library cuts the power, fails an fsync and sets the clock wrong.
A full disk is a small file system of its own, which needs `unshare` and `mount` (util-linux) and the right to use them.
Where one is missing, `not run:` names the fault and the reason; asked for alone, it fails.

A finding leaves the data folder where it is and says where. The same seed makes the same choices again, not the same moments.

Examples:
  cargo xtask crash --rounds 20
  cargo xtask crash --rounds 300 --fault power
  cargo xtask crash --rounds 100 --fault lost --live-tokens 10000
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    rounds(arguments).map(drop)
}

/// Runs rounds; the faults that could not be tried here, each with the reason.
pub(crate) fn rounds(arguments: &[String]) -> Result<Vec<String>, Failure> {
    process::run(&mut cargo(["build", "--locked", "--workspace", "--bin", "jeton", "--bin", "jeton-crash"]))?;
    let folder = workspace::profile_folder()?;
    let mut not_run = Vec::new();
    let mut command = Command::new(folder.join("jeton-crash"));
    process::run_and_read(command.arg("--program").arg(folder.join("jeton")).args(arguments), |line| not_run.extend(reason(line)))?;
    Ok(not_run)
}

/// What a line of output says of a fault that could not be tried.
fn reason(line: &str) -> Option<String> {
    line.strip_prefix("not run: ").map(|reason| reason.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_is_read_from_the_output() {
        assert_eq!(reason("not run: full (no right to mount)\n").as_deref(), Some("full (no right to mount)"));
        assert_eq!(reason("kill 1/7: 3 issued, not run: nothing\n"), None);
    }
}
