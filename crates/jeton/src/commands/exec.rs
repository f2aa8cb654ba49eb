//! `jeton exec`: a command with a token or a key in its environment.

mod key_file;
mod running;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;
use jeton_token::Secret;

use super::context::Context;
use super::failure::Failure;
use super::wanted_token::WantedToken;
use crate::config::environment::CLIENT_SECRET;

const EXAMPLES: &str = "\
Examples:
  jeton exec --audience https://orders.example -- ./import --all
  jeton exec --client client_0123456789abcdefghij --secret-file secret.txt \\
      --server https://tokens.example -- ./import --all
  jeton exec --key-file key.txt --variable ORDERS_KEY -- ./import --all

With --client the command takes the place of this process, with a token that
was just issued; nothing of it is written to a disk. Without it, the token is
one of who signed in with `jeton login`. With --key-file the key
rotates itself where half of its life is over, before the command begins and
while it runs: the new text is in FILE before anybody uses it. What runs keeps
the text that it was given, which goes on for as long as it would have, and 30
days at most. Signals go on to the command.

The exit code is the command's; 128 and more where a signal ended it.";

/// Run a command with a fresh token, or a key, in its environment
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Exec {
    #[command(flatten)]
    token: WantedToken,
    /// The file that holds a key, and the new text once it rotated itself
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client", "audience", "scope"])]
    key_file: Option<PathBuf>,
    /// The variable that the command finds it in
    #[arg(long, value_name = "NAME", default_value = "JETON_TOKEN", value_parser = variable)]
    variable: String,
    /// The command, with its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl Exec {
    /// Does not come back where it works with a token: this process is the command then.
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, Failure> {
        match &self.key_file {
            None => {
                let mut command = self.with(&self.token.got(context)?.text);
                Err(self.not_begun(&command.exec()))
            }
            Some(file) => {
                let begun = key_file::fresh(context, file)?;
                let mut command = self.with(&begun.text);
                running::run(&mut command, key_file::keeping(context, file.clone(), begun.wait)).map_err(|error| self.not_begun(&error))
            }
        }
    }

    fn with(&self, text: &Secret) -> Command {
        let (program, arguments) = self.command.split_first().map_or((None, &[][..]), |(program, arguments)| (Some(program), arguments));
        let mut command = Command::new(program.cloned().unwrap_or_default());
        command.args(arguments).env_remove(CLIENT_SECRET).env(&self.variable, text.expose());
        command
    }

    fn not_begun(&self, error: &std::io::Error) -> Failure {
        let program = self.command.first().map(|program| program.to_string_lossy()).unwrap_or_default();
        Failure::could_not(format!("{program} cannot be run: {error}"), "name a program, and its arguments behind it")
    }
}

/// A name that every shell takes for one.
fn variable(text: &str) -> Result<String, String> {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match text.bytes().all(may_stand) && !text.starts_with(|letter: char| letter.is_ascii_digit()) && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err("a variable has letters, digits and `_`, and begins with no digit".to_owned()),
    }
}
