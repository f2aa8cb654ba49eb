//! `jeton quickstart`: a token's life, step by step, from an empty folder.

mod orders;
mod tour;
mod web;

use std::net::SocketAddr;

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

/// Why the tour ended early, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The server could not be started, or not be stopped in order.
    CouldNot(String),
    /// A step did not come out as it should.
    StepFailed(String),
}

/// Runs the tour; then serves until a signal, unless asked to exit.
///
/// # Errors
/// [`Stopped`].
pub(crate) fn run(quickstart: &Quickstart) -> Result<(), Stopped> {
    let planned = Config::load(&quickstart.overrides)?;
    leads_here(&planned)?;
    if !is_new(&quickstart.overrides) && !planned.data.join("jeton.db").exists() {
        return Err(Stopped::CouldNot(somebodys(&planned)));
    }
    serve::runtime()?.block_on(async {
        // The addresses first: a folder that is made keeps its issuer, and with it the port.
        let listener = serve::listen(&planned)?;
        let orders = orders::listen(ORDERS_LISTEN).await?;
        let is_new = prepare(&quickstart.overrides)?;
        let config = Config::load(&quickstart.overrides)?;
        let running = serve::start(&config, listener, serve::Agreed::default()).await?;
        if !is_new && !tour::was_taken(&running.service) {
            running.stop().await?;
            return Err(Stopped::CouldNot(somebodys(&config)));
        }
        let passed = tour::take(&running, &config, orders, is_new).await.map_err(Stopped::StepFailed);
        if let (Ok(_), false) = (&passed, quickstart.exit) {
            tour::stay(&config);
            serve::stop_signal()?.await;
        }
        if let Ok(orders) = &passed {
            orders.abort();
        }
        running.stop().await?;
        passed.map(drop)
    })
}

impl From<String> for Stopped {
    fn from(sentence: String) -> Stopped {
        Stopped::CouldNot(sentence)
    }
}

/// The tour asks the server where its issuer says that it is.
fn leads_here(config: &Config) -> Result<(), String> {
    let (issuer, listen, data) = (config.issuer.as_str(), config.listen, config.data.display());
    let port = config.issuer.origin().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(80);
    if config.issuer.is_https() {
        return Err(format!(
            "the issuer of {data} is {issuer}, and the tour speaks plain HTTP to this machine\n  → give it a folder of its own, \
             `jeton quickstart --data ./tour-data`, or start this one with `jeton serve --data {data}`"
        ));
    }
    if port != listen.port() {
        return Err(format!(
            "the issuer of {data} is {issuer}, and cannot change: the tour cannot listen on {listen}\n  → listen where the issuer is \
             (leave out --listen), or give the tour a folder of its own: `jeton quickstart --listen {listen} --data ./tour-data`"
        ));
    }
    Ok(())
}

/// What is said of a folder that is there, and that no tour was taken in: its example API and clients are no business of a server in use.
fn somebodys(config: &Config) -> String {
    format!(
        "{data} is there already, and no tour was taken in it: its API and clients do not belong there\n  → give the tour a folder of its \
         own: `jeton quickstart --data ./tour-data`; or start this one: `jeton serve --data {data}`",
        data = config.data.display()
    )
}

fn is_new(overrides: &Overrides) -> bool {
    !overrides.data.join("jeton.db").exists() && !overrides.data.join(config::FILE_NAME).exists()
}

/// Makes the data folder, its configuration and the root file where there is none; says whether the folder is new.
fn prepare(overrides: &Overrides) -> Result<bool, String> {
    let is_new = is_new(overrides);
    if is_new {
        init::run(overrides, None)?;
    }
    Ok(is_new)
}
