//! `jeton quickstart`: a token's life, step by step, from an empty folder.

mod orders;
mod tour;
mod web;

use std::net::SocketAddr;
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::config::{Config, Overrides};
use crate::{init, root_file, serve};

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

/// Makes the data folder and the root file where there are none; says whether the folder is new.
fn prepare(overrides: &Overrides) -> Result<bool, String> {
    let config = Config::load(overrides)?;
    let is_new = !config.data.join("jeton.db").exists();
    if is_new && !config.root_key_file.exists() {
        root_file::create(&config.root_key_file, Zeroizing::new(serve::seed()))?;
    }
    init::make_folder(&config.data)?;
    Ok(is_new)
}
