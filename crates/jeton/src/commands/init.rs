//! `jeton init`.

use clap::Args;
use jeton_backup::identity::Recipient;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::options::word;
use super::serving::Serving;
use crate::render::details::Details;

const EXAMPLES: &str = "\
Examples:
  jeton init
  jeton init --data /srv/jeton/data --issuer https://id.example.com \\
      --root-key-file /etc/jeton/root.key

The recovery identity opens backups: it is shown once and kept nowhere. Keep it
off this machine. --recovery-recipient names one that you have already, by its
age1… text, and nothing is shown.

The root file is made apart from the data: without it nothing that is stored
can be used. Keep a copy of it, never beside a copy of the data.";

/// Make a data folder, its configuration, and a root file
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Init {
    #[command(flatten)]
    serving: Serving,
    /// Who can open backups, instead of an identity that is made now
    #[arg(long, value_name = "AGE1…", value_parser = recipient)]
    recovery_recipient: Option<Recipient>,
}

fn recipient(text: &str) -> Result<Recipient, String> {
    text.parse()
}

/// The recovery identity, the one time that it is shown.
fn recovery(identity: &str) -> String {
    format!(
        "The recovery identity, which opens backups. It is shown this once and kept\nnowhere: write it down, or keep it in a file that is not on this machine.\n\n  {identity}\n\n"
    )
}

impl Init {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let made = crate::init::run(&self.serving.overrides(context), self.recovery_recipient.clone())
            .map_err(|sentence| Failure::could_not(sentence, ""))?;
        let (root_key_file, is_new) = &made.root_key_file;
        let identity = made.recovery.as_ref().map(|identity| identity.reveal());
        let identity = identity.as_ref().map(|identity| identity.as_str());
        let value = json!({
            "config": made.config,
            "root_key_file": root_key_file,
            "root_key_file_is_new": is_new,
            "recovery_identity": identity,
        });
        context.show(&value, |_, view| {
            let root = format!("{}{}", root_key_file.display(), if *is_new { "" } else { " (as it was)" });
            let details = Details::default()
                .with("data", context.options.data.display().to_string())
                .with("configuration", made.config.display().to_string())
                .with("root file", root);
            let recovery = identity.map(recovery).unwrap_or_default();
            format!(
                "{}\n{recovery}Keep a copy of the root file, apart from copies of the data.\nGo on with:  jeton serve --data {}\n",
                details.text(view),
                word(&context.options.data),
            )
        })
    }
}
