//! Traffic: each holder issues and revokes on a connection of its own, until it is told to stop or the server is gone.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use jeton_simulate::chance::Chance;
use serde_json::json;

use crate::clock;
use crate::deployment::{Deployment, HOLDERS, OPAQUE, SIGNED};
use crate::failure::Failure;
use crate::http::{Answer, Connection};
use crate::journal::{Acknowledged, Fate, Holder};

/// After so long without progress, traffic is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far the traffic is, and whether it shall stop.
#[derive(Default)]
pub(crate) struct Progress {
    /// Answers of 200, from which the moment of a fault is counted.
    acknowledged: AtomicU64,
    issued: AtomicU64,
    revoked: AtomicU64,
    gone: AtomicU64,
    stops: AtomicBool,
    /// The first answer that no honest request should get.
    odd: OnceLock<String>,
    /// The first answer of 503.
    refused: OnceLock<String>,
}

impl Progress {
    /// Waits until so many answers were good.
    pub(crate) fn reach(&self, target: u64) -> Result<(), Failure> {
        let start = clock::now();
        while self.acknowledged() < target {
            if start.elapsed() > PATIENCE || self.gone() == HOLDERS as u64 {
                let odd = self.odd.get().map_or("", String::as_str);
                return Err(Failure::finding(format!("traffic stands still at {} of {target} answers {odd}", self.acknowledged())));
            }
            clock::pause(Duration::from_micros(200));
        }
        Ok(())
    }

    /// How many answers were good.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// How many holders have lost the server.
    pub(crate) fn gone(&self) -> u64 {
        self.gone.load(Ordering::Acquire)
    }

    /// Lets each holder finish what it asked for, and no more.
    pub(crate) fn stop(&self) {
        self.stops.store(true, Ordering::Release);
    }

    fn count(&self, kind: &AtomicU64) {
        kind.fetch_add(1, Ordering::AcqRel);
        self.acknowledged.fetch_add(1, Ordering::AcqRel);
    }

    /// Not every request is fulfilled in the midst of a fault; whoever is not gets 503 and nothing else.
    fn judge(&self, what: &str, answer: &Answer) {
        let first = match answer.status {
            200 => return,
            503 => &self.refused,
            _ => &self.odd,
        };
        // The first one is enough to be told.
        let _ = first.set(format!("{what} answers {}", answer.words()));
    }

    /// That nobody was refused, as where nothing is wrong with disk and clock.
    pub(crate) fn none_refused(&self) -> Result<(), Failure> {
        match self.refused.get() {
            Some(refused) => Err(Failure::finding(format!("nothing is wrong, and {refused}"))),
            None => Ok(()),
        }
    }

    /// Waits until each holder has lost the server, and looks that those whose group failed were told: a connection that ends under its
    /// request says nothing. One holder may be late with its next request, but not all of them.
    pub(crate) fn refused_at_the_end(&self) -> Result<(), Failure> {
        let start = clock::now();
        while self.gone() < HOLDERS as u64 {
            if start.elapsed() > PATIENCE {
                return Err(Failure::finding("the server has ended, and its connections have not"));
            }
            clock::pause(Duration::from_micros(200));
        }
        match self.refused.get() {
            Some(_) => Ok(()),
            None => Err(Failure::finding("whoever waited got no answer: each connection ended under its request")),
        }
    }

    /// What was acknowledged, unless an answer was odd.
    fn outcome(&self) -> Result<Acknowledged, Failure> {
        match self.odd.get() {
            Some(odd) => Err(Failure::finding(odd)),
            None => Ok(Acknowledged { issued: self.issued.load(Ordering::Acquire), revoked: self.revoked.load(Ordering::Acquire) }),
        }
    }
}

/// Runs traffic until `fault` returns and the holders have stopped or lost the server; what was acknowledged meanwhile.
pub(crate) fn run(
    deployment: &mut Deployment,
    chance: &mut Chance,
    fault: impl FnOnce(&Progress) -> Result<(), Failure>,
) -> Result<Acknowledged, Failure> {
    let progress = Progress::default();
    let (address, socket) = (deployment.place.address, deployment.place.socket());
    let outcome = thread::scope(|scope| {
        for holder in &mut deployment.holders {
            let (progress, socket, chance) = (&progress, &socket, Chance::new(chance.draw()));
            scope.spawn(move || {
                hold(holder, address, socket, chance, progress);
                progress.gone.fetch_add(1, Ordering::AcqRel);
            });
        }
        let outcome = fault(&progress);
        progress.stop();
        outcome
    });
    outcome.and_then(|()| progress.outcome())
}

/// Issues until there are so many more tokens.
pub(crate) fn run_issuing(deployment: &mut Deployment, chance: &mut Chance, tokens: u64) -> Result<Acknowledged, Failure> {
    let progress = Progress::default();
    let (address, share) = (deployment.place.address, tokens.div_ceil(deployment.holders.len() as u64));
    thread::scope(|scope| {
        for holder in &mut deployment.holders {
            let (progress, mut chance) = (&progress, Chance::new(chance.draw()));
            scope.spawn(move || {
                let Ok(mut public) = Connection::tcp(address) else { return };
                // Whoever loses the server ends; whoever asked for more sees that too little came.
                let _ = (0..share).try_for_each(|_| issue(holder, &mut public, &mut chance, progress));
            });
        }
    });
    let acknowledged = progress.outcome()?;
    if acknowledged.issued == 0 { Err(Failure::finding("no token is issued though the disk has room")) } else { Ok(acknowledged) }
}

/// Issues so many tokens that nobody keeps: what lies in the store beside those that are looked at.
pub(crate) fn fill(deployment: &Deployment, tokens: u64) -> Result<(), Failure> {
    /// Enough for groups that are worth their fsync.
    const CONNECTIONS_EACH: u64 = 8;
    let (address, issued) = (deployment.place.address, AtomicU64::new(0));
    let share = tokens.div_ceil(deployment.holders.len() as u64 * CONNECTIONS_EACH);
    thread::scope(|scope| {
        for holder in deployment.holders.iter().flat_map(|holder| (0..CONNECTIONS_EACH).map(move |_| holder)) {
            let issued = &issued;
            scope.spawn(move || {
                let Ok(mut public) = Connection::tcp(address) else { return };
                for _ in 0..share {
                    let form = format!("grant_type=client_credentials&resource={OPAQUE}");
                    let answer = public.post_form("/oauth/token", (&holder.client, &holder.secret), &form);
                    if !answer.is_ok_and(|answer| answer.status == 200) {
                        return;
                    }
                    issued.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
    });
    match issued.into_inner() {
        issued if issued >= tokens => Ok(()),
        issued => Err(Failure::finding(format!("only {issued} of {tokens} tokens are issued though nothing is wrong"))),
    }
}

/// One holder's traffic. Whatever is not answered stays asked.
fn hold(holder: &mut Holder, address: SocketAddr, socket: &Path, mut chance: Chance, progress: &Progress) {
    let Ok(mut public) = Connection::tcp(address) else { return };
    while !progress.stops.load(Ordering::Acquire) {
        let step = match chance.below(20) {
            0..=11 => issue(holder, &mut public, &mut chance, progress),
            12..=17 => revoke(holder, &mut public, &mut chance, progress),
            18 => revoke_as_administrator(holder, socket, &mut chance, progress),
            _ if chance.once_in(20) => cut_off(holder, socket, progress),
            _ => continue,
        };
        if step.is_err() {
            return;
        }
    }
}

fn issue(holder: &mut Holder, public: &mut Connection, chance: &mut Chance, progress: &Progress) -> std::io::Result<()> {
    let audience = if chance.once_in(2) { SIGNED } else { OPAQUE };
    let form = format!("grant_type=client_credentials&resource={audience}");
    let answer = public.post_form("/oauth/token", (&holder.client, &holder.secret), &form)?;
    progress.judge("an issue", &answer);
    if let (200, Some(text)) = (answer.status, answer.text("access_token")) {
        holder.issued(text);
        progress.count(&progress.issued);
    }
    Ok(())
}

fn revoke(holder: &mut Holder, public: &mut Connection, chance: &mut Chance, progress: &Progress) -> std::io::Result<()> {
    let Some((place, text)) = pick(holder, chance) else { return Ok(()) };
    holder.set(place, Fate::Asked);
    let form = format!("token={text}");
    let answer = public.post_form("/oauth/revoke", (&holder.client, &holder.secret), &form)?;
    note(holder, place, &answer, progress);
    Ok(())
}

fn revoke_as_administrator(holder: &mut Holder, socket: &Path, chance: &mut Chance, progress: &Progress) -> std::io::Result<()> {
    let Some((place, text)) = pick(holder, chance) else { return Ok(()) };
    holder.set(place, Fate::Asked);
    let answer = Connection::unix(socket)?.post_json("/api/v1/revocations", &json!({ "token": text }))?;
    note(holder, place, &answer, progress);
    Ok(())
}

fn cut_off(holder: &mut Holder, socket: &Path, progress: &Progress) -> std::io::Result<()> {
    holder.set_all(Fate::Asked);
    let answer = Connection::unix(socket)?.post_json("/api/v1/revocations", &json!({ "client": holder.client }))?;
    progress.judge("a cut-off", &answer);
    if answer.status == 200 {
        holder.set_all(Fate::Dead);
        progress.count(&progress.revoked);
    }
    Ok(())
}

/// A token that lives; a young one, most often.
fn pick(holder: &Holder, chance: &mut Chance) -> Option<(usize, String)> {
    let count = holder.tokens.len();
    let back = chance.place(count.min(40))?;
    let place = count.checked_sub(back + 1)?;
    holder.tokens.get(place).filter(|token| token.fate == Fate::Live).map(|token| (place, token.text.clone()))
}

fn note(holder: &mut Holder, place: usize, answer: &Answer, progress: &Progress) {
    progress.judge("a revocation", answer);
    if answer.status == 200 {
        holder.set(place, Fate::Dead);
        progress.count(&progress.revoked);
    }
}
