//! `jeton init`.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::serving::Serving;
use crate::render::details::Details;

const EXAMPLES: &str = "\
Examples:
  jeton init
  jeton init --data /srv/jeton/data --issuer https://id.example.com \\
      --root-key-file /etc/jeton/root.key

The root file is made apart from the data: without it nothing that is stored
can be used. Keep a copy of it, never beside a copy of the data.";

/// Make a data folder, its configuration, and a root file
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Init {
    #[command(flatten)]
    serving: Serving,
}

impl Init {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let made = crate::init::run(&self.serving.overrides(context)).map_err(|sentence| Failure::could_not(sentence, ""))?;
        let (root_key_file, is_new) = &made.root_key_file;
        let value = json!({ "config": made.config, "root_key_file": root_key_file, "root_key_file_is_new": is_new });
        context.show(&value, |_, view| {
            let root = format!("{}{}", root_key_file.display(), if *is_new { "" } else { " (as it was)" });
            let details = Details::default()
                .with("data", context.options.data.display().to_string())
                .with("configuration", made.config.display().to_string())
                .with("root file", root);
            format!(
                "{}\nKeep a copy of the root file, apart from copies of the data.\nGo on with:  jeton serve --data {}\n",
                details.text(view),
                context.options.data.display(),
            )
        })
    }
}
