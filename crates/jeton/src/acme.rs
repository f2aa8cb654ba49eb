//! A certificate that an authority issues (ACME, RFC 8555): ordered at the first start, kept in the data folder, and renewed in time. The
//! ledger hears nothing of it: no authority over tokens changes.

mod challenges;
mod directory;
mod kept;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jeton_http::api::rfc3339;
use jeton_http::edge::{self, Certificate, Draining, Limits, Tls};
use jeton_service::Service;
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::acme_settings::AcmeSettings;
use challenges::Challenges;
use directory::Refused;
use kept::{Kept, What};
use schedule::Schedule;

/// How often it is looked whether an attempt is due.
const EACH: Duration = Duration::from_secs(60);

/// How many connections the responder has: an authority asks from a handful of places.
const CONNECTIONS: usize = 256;

/// The certificate as it is shown, and what renews it.
pub(crate) struct Issued {
    orders: Orders,
    tls: Tls,
    schedule: Schedule,
}

/// What orders a certificate.
struct Orders {
    settings: AcmeSettings,
    data: PathBuf,
    service: Arc<Service>,
    challenges: Challenges,
}

impl Issued {
    /// Takes the certificate that is kept, or orders one and waits for it: the responder answers meanwhile. SIGHUP lets it try at once.
    ///
    /// # Errors
    /// In words for people: the responder's address cannot be had.
    pub(crate) async fn begin(
        settings: AcmeSettings,
        data: &Path,
        service: Arc<Service>,
        draining: Draining,
        hangup: &mut Signal,
    ) -> Result<Issued, String> {
        let address = settings.listen;
        let listener = edge::listen_tcp(address).map_err(|error| {
            format!(
                "{address} cannot be listened on: {error}\n  → stop what holds it, or choose another as `acme_listen`, and lead port 80 there; \
                 ports below 1024 are for who has CAP_NET_BIND_SERVICE"
            )
        })?;
        let challenges = Challenges::default();
        let limits = Limits { connections: CONNECTIONS, body_bytes: 0, ..Limits::default() };
        // It ends with the other listeners: none of its answers is worth waiting for.
        tokio::spawn(edge::serve(listener, challenges.routes(), limits, draining));
        let orders = Orders { settings, data: data.to_owned(), service, challenges };
        let (certificate, schedule) = match orders.kept_certificate() {
            Some(certificate) => {
                let schedule = Schedule::of(certificate.validity());
                (certificate, schedule)
            }
            None => {
                let certificate = orders.first(hangup).await;
                let schedule = Schedule::issued(certificate.validity(), orders.now());
                (certificate, schedule)
            }
        };
        let tls = Tls::new(certificate).map_err(|error| format!("the certificate cannot be used: {error}"))?;
        Ok(Issued { orders, tls, schedule })
    }

    /// What the listeners show.
    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Renews it when a third of its life is left. An attempt that fails changes nothing, is told, and is made again.
    pub(crate) async fn watch(mut self, mut hangup: Signal) {
        let mut ticks = interval(EACH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = hangup.recv() => {
                    self.schedule.hurry(self.orders.now());
                    let next = rfc3339::format(self.schedule.due_at());
                    tracing::info!(next, "SIGHUP: a renewal that failed is tried at once, one that is not due is not");
                }
            }
            if self.schedule.is_due(self.orders.now()) {
                self.renew().await;
            }
        }
    }

    async fn renew(&mut self) {
        let Orders { settings: AcmeSettings { name, directory, .. }, .. } = &self.orders;
        tracing::info!(name, directory, "the certificate is renewed: a third of its life or less is left");
        let renewed = match self.orders.attempt().await {
            Ok(certificate) => {
                let validity = certificate.validity();
                self.tls.replace(certificate).map(|()| validity).map_err(|error| Refused::of(&error))
            }
            Err(refused) => Err(refused),
        };
        let now = self.orders.now();
        match renewed {
            Ok(validity) => {
                self.schedule = Schedule::issued(validity, now);
                let ends = rfc3339::format(validity.ends_seconds);
                tracing::info!(name, ends, "the certificate was renewed: new connections are shown it");
            }
            Err(Refused { sentence, hint }) => {
                self.schedule.failed(now, self.orders.chance());
                let (ends, next) = (rfc3339::format(self.tls.validity().ends_seconds), rfc3339::format(self.schedule.due_at()));
                tracing::error!(name, problem = sentence, hint, ends, next, "the certificate stays as it was: it could not be renewed");
            }
        }
    }
}

impl Orders {
    /// Orders the first one until there is one.
    async fn first(&self, hangup: &mut Signal) -> Certificate {
        let AcmeSettings { name, directory, listen, .. } = &self.settings;
        tracing::info!(name, directory, challenge = %listen, "there is no certificate yet: one is ordered, and the listeners wait for it");
        let mut schedule = Schedule::at(self.now());
        loop {
            match self.attempt().await {
                Ok(certificate) => return certificate,
                Err(Refused { sentence, hint }) => {
                    let now = self.now();
                    schedule.failed(now, self.chance());
                    let next = rfc3339::format(schedule.due_at());
                    tracing::error!(
                        name,
                        problem = sentence,
                        hint,
                        next,
                        "there is no certificate: the listeners wait; SIGHUP tries at once"
                    );
                    let wait = Duration::from_secs(schedule.due_at().saturating_sub(now).unsigned_abs());
                    tokio::select! {
                        () = sleep(wait) => {}
                        _ = hangup.recv() => {}
                    }
                }
            }
        }
    }

    /// Orders one and keeps it.
    async fn attempt(&self) -> Result<Certificate, Refused> {
        let kept = self.read(What::Account);
        let (account, made) = directory::account(&self.settings, kept.as_deref().map(Vec::as_slice)).await?;
        if let Some(made) = made {
            self.write(What::Account, &made);
        }
        let pair = directory::order(&account, &self.settings.name, &self.challenges).await?;
        let certificate = Certificate::parse(&pair, &pair).map_err(|error| Refused::of(&error))?;
        if certificate.validity().ends_seconds <= self.now() {
            return Err(Refused {
                sentence: "the authority issued a certificate that has ended".to_owned(),
                hint: "look whether the clock of this machine is right".to_owned(),
            });
        }
        self.write(What::Certificate, &pair);
        Ok(certificate)
    }

    /// The certificate that is kept, where it still holds.
    fn kept_certificate(&self) -> Option<Certificate> {
        let pair = self.read(What::Certificate)?;
        Certificate::parse(&pair, &pair).ok().filter(|certificate| certificate.validity().ends_seconds > self.now())
    }

    fn read(&self, what: What) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let read = self.kept(what).read(&self.service.registry().root_keys());
        read.unwrap_or_else(|problem| {
            tracing::warn!(problem, "what was kept for ACME is of no use: a new one is made");
            None
        })
    }

    fn write(&self, what: What, clear: &[u8]) {
        let written = self.kept(what).write(&self.service.registry().root_keys(), clear, &mut self.service.moments().now());
        if let Err(problem) = written {
            tracing::error!(problem, "what ACME issued is not kept: the next start asks for it anew");
        }
    }

    fn kept(&self, what: What) -> Kept {
        Kept::new(&self.data, what, &self.settings.directory, &self.settings.name)
    }

    fn now(&self) -> i64 {
        self.service.moments().time().seconds()
    }

    fn chance(&self) -> u16 {
        u16::from_be_bytes(self.service.moments().now().draw())
    }
}
