//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measures Jeton beside the floor, the raw cryptography and a peer.
#[derive(Debug, Parser)]
#[command(
    name = "jeton-bench",
    after_help = "Examples:\n  jeton-bench run --quick\n  jeton-bench run --only floor issue_es256 --json results.json"
)]
struct CommandLine {
    #[command(subcommand)]
    role: Role,
}

/// What this process is.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// The bench: starts the servers, makes the load, reports.
    Run(Options),
    /// The server that does nothing but answer; prints its address and serves until killed.
    Floor,
}

/// What to measure and where to write it.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Writes the rows to FILE, too, as a JSON array.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Shorter slices, fewer tokens and one number of connections: three minutes.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measures only these rows, and what their limits stand on; a name also stands for all that start with it.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// The `jeton` to measure; the one beside this program by default.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) jeton: Option<PathBuf>,
    /// Where servers keep their data while they are measured: a folder on the disk to be measured. Beside this program by default.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) scratch: Option<PathBuf>,
}

/// Reads the command line; ends the process on a wrong one.
pub(crate) fn read() -> Role {
    CommandLine::parse().role
}

impl Options {
    /// Whether any row that starts with `name` is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()) || only.starts_with(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, row: &str, expected: bool) {
        let words = format!("jeton-bench run {line}");
        let Role::Run(options) = CommandLine::try_parse_from(words.split_whitespace()).expect(line).role else { panic!("{line}") };
        assert_eq!(options.wants(row), expected, "{line} {row}");
    }

    #[test]
    fn rows_are_chosen_by_name_or_its_start() {
        check("", "issue_es256", true);
        check("--quick", "issue_es256", true);
        check("--only issue", "issue_es256", true);
        check("--only issue_es256", "issue_es256", true);
        check("--only issue_es256@256", "issue_es256", true);
        check("--only issue_eddsa revoke", "issue_es256", false);
        check("--only issue_eddsa revoke", "revoke", true);
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
        assert!(CommandLine::try_parse_from(["jeton-bench", "run", "--only"]).is_err());
        assert!(CommandLine::try_parse_from(["jeton-bench"]).is_err());
    }
}
