//! What must hold after a fault: each token stands as was acknowledged, and the ledger proves itself.

use std::net::SocketAddr;
use std::thread;

use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::failure::{Doing, Failure};
use crate::http::Connection;
use crate::journal::{Fate, Holder};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thoroughness {
    /// What changed since the last look, and some of the rest.
    Fresh,
    /// Everything.
    All,
    /// Everything, of which nothing has to be active: the clock stands where all has expired.
    OnlyDead,
}

/// What did not hold, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tokens {
    /// Tokens that were looked at.
    pub(crate) seen: u64,
    /// Acknowledged, and not active.
    pub(crate) missing: u64,
    /// Revoked, and active.
    pub(crate) revived: u64,
}

/// Introspects tokens, and reads the ledger.
pub(crate) fn all(deployment: &mut Deployment, thoroughness: Thoroughness) -> Result<Tokens, Failure> {
    let tokens = introspect(deployment, thoroughness)?;
    if tokens.missing + tokens.revived > 0 {
        return Err(Failure::finding(format!(
            "of {} tokens {} acknowledged ones are not active and {} revoked ones are",
            tokens.seen, tokens.missing, tokens.revived
        )));
    }
    verify_ledger(deployment)?;
    Ok(tokens)
}

fn introspect(deployment: &mut Deployment, thoroughness: Thoroughness) -> Result<Tokens, Failure> {
    let (address, watcher, turn) = (deployment.place.address, deployment.watcher.clone(), deployment.looks);
    deployment.looks += 1;
    let results: Vec<Result<Tokens, Failure>> = thread::scope(|scope| {
        let looks: Vec<_> = deployment
            .holders
            .iter_mut()
            .map(|holder| {
                let watcher = &watcher;
                scope.spawn(move || look(holder, address, watcher, thoroughness, turn))
            })
            .collect();
        looks.into_iter().map(|look| look.join().unwrap_or_else(|_| Err(Failure::CouldNot("a look failed".to_owned())))).collect()
    });
    let mut total = Tokens::default();
    for result in results {
        let tokens = result?;
        total.seen += tokens.seen;
        total.missing += tokens.missing;
        total.revived += tokens.revived;
    }
    Ok(total)
}

/// Looks at one holder's tokens. Of those that nobody touched a few suffice each time, other ones in each turn.
fn look(
    holder: &mut Holder,
    address: SocketAddr,
    watcher: &(String, String),
    thoroughness: Thoroughness,
    turn: usize,
) -> Result<Tokens, Failure> {
    let mut connection = Connection::tcp(address).doing("connecting")?;
    let mut tokens = Tokens::default();
    for (place, token) in holder.tokens.iter_mut().enumerate() {
        if thoroughness == Thoroughness::Fresh && !token.is_fresh && !(place + turn).is_multiple_of(37) {
            continue;
        }
        let answer = connection.post_form("/oauth/introspect", (&watcher.0, &watcher.1), &format!("token={}", token.text));
        let answer = answer.doing("introspecting")?;
        let is_active = match (answer.status, answer.member("active")) {
            (200, Value::Bool(is_active)) => is_active,
            _ => return Err(Failure::finding(format!("an introspection answers {}", answer.words()))),
        };
        tokens.seen += 1;
        match (token.fate, is_active) {
            (Fate::Live, false) if thoroughness != Thoroughness::OnlyDead => tokens.missing += 1,
            (Fate::Dead, true) => tokens.revived += 1,
            // Whatever became of it is final: nothing is on its way any more.
            (Fate::Asked, false) => token.fate = Fate::Dead,
            (Fate::Asked, true) => token.fate = Fate::Live,
            (Fate::Live | Fate::Dead, _) => {}
        }
        token.is_fresh = false;
    }
    Ok(tokens)
}

fn verify_ledger(deployment: &mut Deployment) -> Result<(), Failure> {
    let socket = || Connection::unix(&deployment.place.socket()).doing("connecting to the server's socket");
    let answer = socket()?.post_json("/api/v1/audit/verify", &json!({})).doing("verifying the ledger")?;
    let last = answer.body.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap_or_default();
    let report: Value = serde_json::from_slice(last).unwrap_or_default();
    let findings = report.pointer("/report/findings").and_then(Value::as_array);
    if !findings.is_some_and(Vec::is_empty) {
        return Err(Failure::finding(format!("the ledger does not prove itself: {}", answer.words())));
    }
    let checkpoint = socket()?.get("/api/v1/audit/checkpoint").doing("reading the checkpoint")?;
    let size = checkpoint.member("size").as_u64().unwrap_or(0);
    if size < deployment.checkpoint_size {
        return Err(Failure::finding(format!("a checkpoint of {size} entries after one of {}", deployment.checkpoint_size)));
    }
    deployment.checkpoint_size = size;
    Ok(())
}
