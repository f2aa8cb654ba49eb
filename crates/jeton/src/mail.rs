//! Letters: sent by a mail server where one is named, and else shown on the terminal of whoever tries Jeton on their own machine. Beside the
//! requests: none waits for a mail server.

mod shown;
mod smtp;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use jeton_service::Service;
use jeton_service::letters::{Carrier, Follows, Round};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::mail_settings::MailSettings;
use crate::schedules::{First, every};
use crate::supervised::Hears;
use shown::Shown;
use smtp::Smtp;

/// How often it is looked for letters to send.
const PERIOD: Duration = Duration::from_secs(1);

/// Who carries letters, and how far.
pub(crate) struct Mail {
    carrier: Arc<dyn Carrier>,
    links: Round,
    news: Round,
}

/// Whether what a server would send by could be used: what is read of it is.
///
/// # Errors
/// In words for people.
pub(crate) fn look(config: &Config) -> Result<(), String> {
    config.mail.as_ref().map(|settings| Smtp::open(settings, &config.issuer)).transpose().map(drop)
}

/// Finds who carries letters, before anybody can ask for one; `None`: nobody does.
///
/// # Errors
/// In words for people.
pub(crate) async fn open(config: &Config, service: &Service) -> Result<Option<Mail>, String> {
    let carrier: Arc<dyn Carrier> = match &config.mail {
        Some(settings) => Arc::new(Smtp::open(settings, &config.issuer)?),
        None if is_watched(config) => Arc::new(Shown { issuer: config.issuer.clone() }),
        None => return Ok(None),
    };
    let begin = async |follows| service.begin_letters(follows).await.map_err(|error| format!("letters cannot be sent: {error}"));
    let (links, news) = (begin(Follows::Links).await?, begin(Follows::News).await?);
    match &config.mail {
        Some(MailSettings { host, port, security, .. }) => {
            service.send_links();
            tracing::info!(host, port, security = security.name(), "letters are sent");
        }
        None => service.show_letters(),
    }
    Ok(Some(Mail { carrier, links, news }))
}

/// Whether whoever administers sits at the terminal that the log goes to, and is alone with the server.
fn is_watched(config: &Config) -> bool {
    !config.issuer.is_https() && config.log_json != Some(true) && std::io::stderr().is_terminal()
}

impl Mail {
    /// Begins to carry.
    pub(crate) fn begin(self, service: &Arc<Service>, hears: &Hears) -> Vec<JoinHandle<()>> {
        let asking = service.clone();
        vec![
            every(("looking at who forgot a password", hears), (PERIOD, First::AtOnce), move || {
                let service = asking.clone();
                async move {
                    if let Err(error) = service.work_off_forgotten_passwords().await {
                        tracing::error!(%error, "no link could be made for somebody who forgot their password");
                    }
                }
            }),
            carry("carrying letters with links", service, (self.links, self.carrier.clone()), hears),
            carry("carrying letters with news", service, (self.news, self.carrier), hears),
        ]
    }
}

fn carry(work: &'static str, service: &Arc<Service>, (round, carrier): (Round, Arc<dyn Carrier>), hears: &Hears) -> JoinHandle<()> {
    let (service, round) = (service.clone(), Arc::new(Mutex::new(round)));
    every((work, hears), (PERIOD, First::AtOnce), move || {
        let (service, round, carrier) = (service.clone(), round.clone(), carrier.clone());
        async move {
            let mut round = round.lock().await;
            if let Err(error) = service.carry_letters(&mut round, &*carrier).await {
                tracing::error!(%error, "letters could not be gone on with: it is tried again");
            }
        }
    })
}
