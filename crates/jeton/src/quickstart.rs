//! `jeton quickstart`: a token's life, step by step, from an empty folder.

mod orders;
mod tour;
mod web;

use std::net::SocketAddr;
use std::process::ExitCode;

use crate::config::{self, Config, Overrides};
use crate::{init, serve};

/// Where the example API listens.
const ORDERS_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8421);

/// What `quickstart` was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Quickstart {
    /// Flags and environment.
    pub(crate) overrides: Overrides,
    /// Stop after the tour.
    pub(crate) exit: bool,
}

/// Runs the tour; then serves until a signal, unless asked to exit.
///
/// # Errors
/// In words for people.
pub(crate) fn run(quickstart: &Quickstart) -> Result<ExitCode, String> {
    let is_new = prepare(&quickstart.overrides)?;
    let config = Config::load(&quickstart.overrides)?;
    serve::runtime()?.block_on(async {
        let listener = serve::listen(&config)?;
        let running = serve::start(&config, listener, false).await?;
        let passed = tour::take(&running, &config, ORDERS_LISTEN, is_new).await;
        if let (Ok(()), false) = (&passed, quickstart.exit) {
            tour::stay(&config);
            serve::stop_signal().await?;
        }
        running.stop().await?;
        passed.map(|()| ExitCode::SUCCESS)
    })
}

/// Makes the data folder, its configuration and the root file where there is none; says whether the folder is new.
fn prepare(overrides: &Overrides) -> Result<bool, String> {
    let is_new = !overrides.data.join("jeton.db").exists() && !overrides.data.join(config::FILE_NAME).exists();
    if is_new {
        init::run(overrides)?;
    }
    Ok(is_new)
}
