//! `jeton serve`.

use std::io::IsTerminal as _;

use clap::Args;

use super::config::CHECK_IT;
use super::context::Context;
use super::failure::Failure;
use super::logging;
use super::serving::Serving;
use crate::config::Config;
use crate::serve::Agreed;

const EXAMPLES: &str = "\
Examples:
  jeton serve
  jeton serve --data /srv/jeton/data --listen 0.0.0.0:8420 \\
      --issuer https://id.example.com

Stop it with Ctrl-C or SIGTERM: requests on their way finish.";

/// Run the server
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    #[command(flatten)]
    serving: Serving,
    /// The clock is right, though the ledger ends later: begin anew from it, and revoke every token that is dated later
    #[arg(long)]
    accept_clock: bool,
    /// The backup target is another one than before, and the one before cannot be told: begin it, or go on with it. Nobody may restore from the one before any more
    #[arg(long)]
    new_backup_target: bool,
    /// The data folder was put back to an earlier state: what was made before is refused until `jeton backup restore accept-gap`
    #[arg(long)]
    put_back: bool,
    /// There was never a database in this folder: begin a deployment, as after `jeton init`. For one start
    #[arg(long)]
    new_deployment: bool,
    /// Try a folder that was restored: ship to no backup target, and leave the one it was made of as it is. Nothing of what is done counts: it is in no backup
    #[arg(long, conflicts_with_all = ["new_backup_target", "put_back", "new_deployment"])]
    trial: bool,
}

impl Serve {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut config = Config::load(&self.serving.overrides(context)).map_err(|sentence| Failure::could_not(sentence, CHECK_IT))?;
        if self.trial {
            config.backup.for_a_trial();
        }
        logging::start(config.log_json.unwrap_or_else(|| !std::io::stderr().is_terminal()));
        jeton_http::edge::quiet_panics();
        let agreed = Agreed {
            clock: self.accept_clock,
            new_backup_target: self.new_backup_target,
            put_back: self.put_back,
            new_deployment: self.new_deployment,
        };
        crate::serve::run(&config, agreed).map_err(|sentence| Failure::could_not(sentence, ""))
    }
}
