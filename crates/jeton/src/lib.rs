//! Jeton: a token service for teams, in one binary. This is all of it; the binary only starts it.

mod access_log;
#[cfg(feature = "acme")]
mod acme;
mod acme_settings;
mod apart;
mod backup;
mod backup_settings;
mod beginning;
mod certificates;
mod cli;
mod clock;
mod closed_folder;
mod commands;
mod config;
mod declared;
mod dice;
mod footing;
pub mod foreign;
mod https;
mod init;
mod integrity;
mod interrupted;
mod kept_database;
mod logout_cursor;
mod logouts;
mod mail;
mod mail_settings;
mod misuse;
mod negatives_file;
mod opening;
mod passwords;
mod patience;
mod process;
mod quickstart;
mod render;
mod replacement;
mod root_file;
mod schedules;
mod serve;
mod served_certificate;
mod size;
mod supervised;
mod surroundings;
mod terminal;
mod writable;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use commands::aside::aside;

/// Does what the process was started for; what it exits with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse_from(cli::with_help(std::env::args_os())) {
        Ok(cli) => cli,
        Err(misuse) => return cli::misused(misuse),
    };
    let wants_json = cli.wants_json();
    match cli.run() {
        Ok(code) => code,
        Err(failure) => {
            match wants_json {
                // There is nowhere left to say that it could not be said.
                true => drop(writeln!(anstream::stderr(), "{}", render::text::escaped(&failure.to_json().to_string()))),
                false => aside(&format!("jeton: {failure}")),
            }
            ExitCode::from(failure.exit_code())
        }
    }
}
