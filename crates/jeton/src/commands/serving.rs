use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use crate::config::Overrides;

/// What the file `jeton.toml` may say too; a flag counts more.
#[derive(Args, Debug)]
pub(crate) struct Serving {
    /// The configuration (DATA/jeton.toml if left out)
    #[arg(long, value_name = "FILE", env = "JETON_CONFIG")]
    config: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", env = "JETON_LISTEN")]
    listen: Option<String>,
    /// The issuer: in every token, the base of every published URL
    #[arg(long, value_name = "URL", env = "JETON_ISSUER")]
    issuer: Option<String>,
    /// The root file, apart from the data folder
    #[arg(long, value_name = "FILE", env = "JETON_ROOT_KEY_FILE")]
    root_key_file: Option<PathBuf>,
}

impl Serving {
    /// All that flags and environment say.
    pub(crate) fn overrides(&self, context: &Context) -> Overrides {
        Overrides {
            config: self.config.clone(),
            data: context.options.data.clone(),
            issuer: self.issuer.clone(),
            listen: self.listen.clone(),
            root_key_file: self.root_key_file.clone(),
        }
    }
}
