//! The certificate that the TCP listeners show, wherever it comes from, and what replaces it while they do.

use std::sync::Arc;

use jeton_http::api::rfc3339;
use jeton_http::edge::{Draining, Tls};
use jeton_service::Service;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

#[cfg(feature = "acme")]
use crate::acme::Issued;
use crate::certificates::Kept;
use crate::config::Config;

/// What is shown. That signal ends no server, also where there is nothing to read again.
pub(crate) struct Served {
    source: Source,
    hangup: Signal,
}

enum Source {
    /// Nothing: the listeners speak plain HTTP.
    None,
    /// What two files hold.
    Files(Kept),
    /// What an authority issued.
    #[cfg(feature = "acme")]
    Issued(Box<Issued>),
}

impl Served {
    /// Takes the files that were read, or what an authority issues: waits for it where there is none yet.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) async fn open(config: &Config, files: Option<Kept>, service: &Arc<Service>, draining: &Draining) -> Result<Served, String> {
        let hangup = signal(SignalKind::hangup()).map_err(|error| format!("signals cannot be heard: {error}"))?;
        #[cfg(feature = "acme")]
        if let Some(settings) = &config.acme {
            let mut hangup = hangup;
            let issued = Issued::begin(settings.clone(), &config.data, service.clone(), draining.clone(), &mut hangup).await?;
            tell(&settings.name, issued.tls(), service);
            return Ok(Served { source: Source::Issued(Box::new(issued)), hangup });
        }
        #[cfg(not(feature = "acme"))]
        let _ = (config, draining);
        let source = files.map_or(Source::None, Source::Files);
        if let Source::Files(kept) = &source {
            tell(&kept.name(), kept.tls(), service);
        }
        Ok(Served { source, hangup })
    }

    /// What TLS listeners show.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        match &self.source {
            Source::None => None,
            Source::Files(kept) => Some(kept.tls()),
            #[cfg(feature = "acme")]
            Source::Issued(issued) => Some(issued.tls()),
        }
    }

    /// Replaces it when it is time to, and looks at once where SIGHUP asks.
    pub(crate) fn watch(self) -> JoinHandle<()> {
        let mut hangup = self.hangup;
        match self.source {
            Source::Files(kept) => tokio::spawn(kept.watch(hangup)),
            #[cfg(feature = "acme")]
            Source::Issued(issued) => tokio::spawn(issued.watch(hangup)),
            Source::None => tokio::spawn(async move {
                while hangup.recv().await.is_some() {
                    tracing::info!("SIGHUP: there is no certificate to read again, and the configuration is read at a start");
                }
            }),
        }
    }
}

/// Says until when it holds. One that has ended is shown all the same: whoever administers from this machine is not locked out by it.
fn tell(certificate: &str, tls: &Tls, service: &Service) {
    let ends_seconds = tls.validity().ends_seconds;
    let ends = rfc3339::format(ends_seconds);
    if ends_seconds < service.moments().time().seconds() {
        tracing::error!(certificate, ends, "the certificate has ended: clients turn away until there is a new one");
    } else {
        tracing::info!(certificate, ends, "the certificate holds");
    }
}
