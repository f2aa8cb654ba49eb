use std::path::PathBuf;

use clap::Args;
use jeton_oauth::Issuer;

use super::context::Context;
use crate::config::{DEFAULT_LISTEN, Overrides};

/// What the file `jeton.toml` may say too; a flag counts more.
#[derive(Args, Debug)]
pub(crate) struct Serving {
    /// The configuration (DATA/jeton.toml if left out)
    #[arg(long, value_name = "FILE", env = "JETON_CONFIG")]
    config: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", env = "JETON_LISTEN", value_parser = address)]
    listen: Option<String>,
    /// The issuer: in every token, the base of every published URL
    #[arg(long, value_name = "URL", env = "JETON_ISSUER", value_parser = issuer)]
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

fn address(text: &str) -> Result<String, String> {
    let parsed = text.parse::<std::net::SocketAddr>();
    parsed.map(|_| text.to_owned()).map_err(|_| format!("write an address and a port, such as {DEFAULT_LISTEN}"))
}

fn issuer(text: &str) -> Result<String, String> {
    Issuer::parse(text).map(|_| text.to_owned()).map_err(|problem| problem.to_string())
}
