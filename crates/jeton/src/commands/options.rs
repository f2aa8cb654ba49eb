use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jeton_oauth::Issuer;

use super::failure::Failure;
use crate::config::environment;
use crate::render::addressed::addressed;

/// The data folder, where nobody names one.
const DATA: &str = "./jeton-data";

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data folder; the server's socket lies in it
    #[arg(long, global = true, value_name = "DIR", env = "JETON_DATA", default_value = DATA, help_heading = "Everywhere")]
    pub(crate) data: PathBuf,
    /// The server to ask instead of that of the data folder: https, or http on this machine
    #[arg(long, global = true, value_name = "URL", env = "JETON_SERVER", value_parser = server, help_heading = "Everywhere")]
    pub(crate) server: Option<Issuer>,
    /// What holds the token for --server; JETON_TOKEN may be the token itself
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub(crate) token_file: Option<PathBuf>,
    /// The authority that signed the certificate of --server, in PEM
    #[arg(long, global = true, value_name = "FILE", env = "JETON_CA_FILE", help_heading = "Everywhere")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How answers are printed
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table", help_heading = "Everywhere")]
    output: Output,
    /// Print JSON, errors too: short for -o json
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// Do it without asking: what ends or takes away asks first
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) yes: bool,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Table,
    /// The same, with nothing cut
    Wide,
    /// The server's JSON
    Json,
    /// JSON, an item a line
    Jsonl,
}

impl Options {
    /// How answers are printed.
    pub(crate) fn output(&self) -> Output {
        if self.json && matches!(self.output, Output::Table | Output::Wide) { Output::Json } else { self.output }
    }

    /// What is told of this data folder: with it in every command, where a command would go elsewhere without.
    pub(crate) fn addressed(&self, text: &str) -> String {
        let said = environment::data_folder().unwrap_or_else(|| PathBuf::from(DATA));
        if self.server.is_some() || self.data == said {
            return text.to_owned();
        }
        addressed(text, &word(&self.data))
    }

    /// The server that is named, for what no socket has.
    ///
    /// # Errors
    /// When none is.
    pub(crate) fn named_server(&self) -> Result<&Issuer, Failure> {
        self.server.as_ref().ok_or_else(|| Failure::usage("nothing says which server", "name it with --server or JETON_SERVER"))
    }

    /// The server's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.data.join("jeton.sock")
    }
}

/// A path as a word of a shell.
pub(crate) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:@%,~".contains(letter);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Where a server is reached is written as its issuer is.
fn server(text: &str) -> Result<Issuer, String> {
    if text.trim_end_matches('/').ends_with("/api/v1") {
        return Err("leave /api/v1 out: it is added".to_owned());
    }
    Issuer::parse(text).map_err(|_| "write https://HOST or https://HOST:PORT; http is for localhost, 127.0.0.1 and [::1] only".to_owned())
}
