use std::path::PathBuf;

use clap::Args;
use jeton_oauth::Issuer;

use super::context::Context;
use crate::config::{DEFAULT_LISTEN, Overrides, environment};

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
    /// Where administrators from elsewhere are served, and then nowhere else
    #[arg(long, value_name = "ADDRESS:PORT", env = "JETON_ADMIN_LISTEN", value_parser = address)]
    admin_listen: Option<String>,
    /// The certificate with its chain, in PEM: TLS on every TCP listener
    #[arg(long, value_name = "FILE", env = "JETON_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", env = "JETON_TLS_KEY")]
    tls_key: Option<PathBuf>,
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
            admin_listen: self.admin_listen.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            root_key_file: self.root_key_file.clone(),
            environment: environment::of_process(),
            credentials: environment::credentials_folder(),
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
