use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data folder; the server's socket lies in it
    #[arg(long, global = true, value_name = "DIR", env = "JETON_DATA", default_value = "./jeton-data", help_heading = "Everywhere")]
    pub(crate) data: PathBuf,
    /// How answers are printed
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table", help_heading = "Everywhere")]
    output: Output,
    /// Print JSON, errors too: short for -o json
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// Do it without asking
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) yes: bool,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Table,
    /// The server's JSON
    Json,
    /// JSON, an item a line
    Jsonl,
}

impl Options {
    /// How answers are printed.
    pub(crate) fn output(&self) -> Output {
        if self.json && self.output == Output::Table { Output::Json } else { self.output }
    }

    /// The server's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.data.join("jeton.sock")
    }
}
