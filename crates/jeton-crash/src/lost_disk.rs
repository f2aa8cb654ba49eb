//! A lost disk: the server is killed under traffic and its data folder is taken away. A new one is made of what the backup target has, with
//! the recovery identity, and serves.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_simulate::chance::Chance;
use rusqlite::OptionalExtension as _;
use serde_json::{Value, json};

use crate::clock;
use crate::deployment::Deployment;
use crate::failure::{Doing, Failure};
use crate::http::{Answer, Connection};
use crate::journal::Fate;
use crate::load;
use crate::losses::Lost;
use crate::tally::Tally;

/// The most acknowledged requests before the loss.
const TRAFFIC_MAX: u64 = 600;
/// And the longest that traffic goes on after them: more than the second in which the tail is shipped.
const LONGER_MICROS: u64 = 1_500_000;

/// One round of a deployment of its own.
pub(crate) fn round(program: &Path, (seed, is_sync): (u64, bool), live_tokens: u64, tally: &mut Tally) -> Result<Lost, Failure> {
    let mut chance = Chance::new(seed);
    let mut deployment = Deployment::new(program, None, None)?;
    lose(&mut deployment, is_sync, (live_tokens, &mut chance), tally).map_err(|failure| match failure {
        Failure::Finding(what) => {
            let folder = deployment.keep();
            Failure::Finding(format!("lost, seed {seed}, sync {is_sync}: {what}\nits folder stays: {}", folder.display()))
        }
        failure => failure,
    })
}

fn lose(deployment: &mut Deployment, is_sync: bool, (live_tokens, chance): (u64, &mut Chance), tally: &mut Tally) -> Result<Lost, Failure> {
    if is_sync {
        let file = OpenOptions::new().append(true).open(configuration(&deployment.place.data));
        file.and_then(|mut file| file.write_all(b"revocation_durability = \"sync\"\n")).doing("configuring the server")?;
    }
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    deployment.declare()?;
    if live_tokens > 0 {
        load::fill(deployment, live_tokens)?;
    }
    done(socket(deployment)?.post_json("/api/v1/backups", &json!({})).doing("making a snapshot")?)?;
    let (target, longer) = (chance.below(TRAFFIC_MAX), Duration::from_micros(chance.below(LONGER_MICROS)));
    let mut lost_at = None;
    let acknowledged = load::run(deployment, chance, |progress| {
        progress.reach(target)?;
        clock::pause(longer);
        progress.none_refused()?;
        lost_at = Some(clock::now());
        server.kill()
    })?;
    tally.acknowledged(acknowledged);
    let lost_at = lost_at.ok_or_else(|| Failure::CouldNot("nothing was lost".to_owned()))?;
    // Out of everybody's sight; what it had is counted afterwards.
    let gone = deployment.place.data.with_file_name("gone");
    fs::rename(&deployment.place.data, &gone).doing("taking the data folder away")?;
    let restored = deployment.place.restore()?;
    if !configuration(&deployment.place.data).exists() {
        fs::copy(configuration(&gone), configuration(&deployment.place.data)).doing("putting the configuration back")?;
    }
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    if restored.get("is_complete") != Some(&Value::Bool(is_sync)) {
        return Err(Failure::finding(format!("the server was killed, and the restore says {restored}")));
    }
    done(socket(deployment)?.post_json("/api/v1/backups/gap/accept", &json!({})).doing("accepting the gap")?)?;
    let (client, secret) = deployment.watcher.clone();
    let mut public = Connection::tcp(deployment.place.address).doing("connecting")?;
    done(public.post_form("/oauth/introspect", (&client, &secret), "token=none").doing("introspecting")?)?;
    let back = lost_at.elapsed();
    look(deployment, &mut public, tally)?;
    tally.rounds += 1;
    let size = restored.get("entries").and_then(Value::as_u64).unwrap_or(0);
    let lost = count(&gone, size, is_sync, back).doing("counting what was lost")?;
    server.kill()?;
    Ok(lost)
}

/// No token is active whose revocation was acknowledged, whatever the target has.
fn look(deployment: &Deployment, public: &mut Connection, tally: &mut Tally) -> Result<(), Failure> {
    let (client, secret) = &deployment.watcher;
    let dead = deployment.holders.iter().flat_map(|holder| &holder.tokens).filter(|token| token.fate == Fate::Dead);
    for token in dead {
        let answer = public.post_form("/oauth/introspect", (client, secret), &format!("token={}", token.text)).doing("introspecting")?;
        if answer.status != 200 || answer.member("active") != false {
            return Err(Failure::finding(format!("a token whose revocation was acknowledged is answered with {}", answer.words())));
        }
        tally.looks += 1;
    }
    Ok(())
}

/// What the folder that is gone had beyond so many entries.
fn count(gone: &Path, size: u64, is_sync: bool, back: Duration) -> rusqlite::Result<Lost> {
    let ledger = rusqlite::Connection::open(gone.join("jeton.db"))?;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let time_of = |sequence: i64| -> rusqlite::Result<i64> {
        let time = ledger.query_row("SELECT time FROM ledger_entry WHERE sequence = ?1", [sequence], |row| row.get(0)).optional()?;
        Ok(time.unwrap_or(0))
    };
    let (of, narrowing): (i64, i64) = ledger.query_row(
        "SELECT max(sequence) + 1, count(*) FILTER (WHERE sequence >= ?1 AND kind IN ('token.revoked', 'tokens.cut_off')) FROM ledger_entry",
        [size],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let micros = time_of(of - 1)? - time_of(size - 1)?;
    let unsigned = |figure: i64| u64::try_from(figure).unwrap_or(0);
    Ok(Lost { is_sync, entries: unsigned(of - size), narrowing: unsigned(narrowing), micros: unsigned(micros), of: unsigned(of), back })
}

fn socket(deployment: &Deployment) -> Result<Connection, Failure> {
    Connection::unix(&deployment.place.socket()).doing("connecting to the server's socket")
}

fn configuration(data: &Path) -> PathBuf {
    data.join("jeton.toml")
}

fn done(answer: Answer) -> Result<(), Failure> {
    if answer.status == 200 { Ok(()) } else { Err(Failure::finding(format!("a request of a round is answered with {}", answer.words()))) }
}
