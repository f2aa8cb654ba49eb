//! A clock that jumps by forty days and back: nothing revoked comes to life, and nothing is purged.

use std::fs;
use std::time::Duration;

use crate::check::Thoroughness;
use crate::clock;
use crate::control::Word;
use crate::failure::{Doing, Failure};
use crate::http::Connection;
use crate::journal::Holder;
use crate::round::{Campaign, Mode};
use crate::server::Server;
use crate::tally::Tally;

const DAY_SECONDS: i64 = 86_400;
/// How long the server may take to see that its clock jumped.
const PATIENCE: Duration = Duration::from_secs(30);

impl Campaign {
    /// A round with a clock that is forty days off.
    pub(crate) fn clock(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let mut server = self.server(Mode::Clock, tally)?;
        self.traffic_of(150, tally)?;
        server = if self.chance.once_in(2) { forward(self, server, tally)? } else { back(self, server, tally)? };
        server.kill()?;
        self.deployment().control.set(Word::MonotonicShiftSeconds, 0)?;
        let log = fs::read(&self.deployment().place.log).doing("reading the log")?;
        if String::from_utf8_lossy(&log).contains("expired rows left") {
            return Err(Failure::finding("rows were purged on the word of a clock that jumped"));
        }
        // Its ledger has seen times that are none.
        self.renew(tally)
    }

    fn shift(&mut self, days: i64) -> Result<(), Failure> {
        let control = &self.deployment().control;
        control.set(Word::RealtimeShiftSeconds, days * DAY_SECONDS)?;
        // Uptime leaps too, so that what runs each minute runs under the wrong clock.
        control.set(Word::MonotonicShiftSeconds, control.get(Word::MonotonicShiftSeconds)? + 61)
    }

    fn restart(&mut self, server: Server, words: &[&str], tally: &mut Tally) -> Result<Server, Failure> {
        server.kill()?;
        self.start(Mode::Clock, words, tally)
    }
}

/// Forward and back. All that lived has expired meanwhile, and stays so by the ledger's time, until an operator says that the clock is
/// right: then what was issued before the jump lives again, but for what was revoked before it, or under it.
fn forward(campaign: &mut Campaign, server: Server, tally: &mut Tally) -> Result<Server, Failure> {
    let before = checkpoint_seconds(campaign)?;
    let places: Vec<usize> = campaign.deployment().holders.iter().map(|holder| holder.tokens.len()).collect();
    campaign.shift(40)?;
    wait_for_checkpoint(campaign, before + 39 * DAY_SECONDS)?;
    let after = checkpoint_seconds(campaign)?;
    wait_for_checkpoint(campaign, after + 2)?;
    campaign.look(Thoroughness::OnlyDead, tally)?;
    campaign.traffic_of(60, tally)?;
    let server = campaign.restart(server, &[], tally)?;
    campaign.look(Thoroughness::OnlyDead, tally)?;
    campaign.shift(0)?;
    if campaign.chance.once_in(2) {
        // It sees the clock jump back, and not only at its next start.
        clock::pause(Duration::from_secs(2));
        campaign.traffic_of(10, tally)?;
    }
    let server = campaign.restart(server, &[], tally)?;
    campaign.look(Thoroughness::OnlyDead, tally)?;
    campaign.traffic_of(10, tally)?;
    let server = campaign.restart(server, &["--accept-clock"], tally)?;
    // What was issued under the wrong clock begins in forty days.
    let issued_since = |(holder, place): (&mut Holder, usize)| holder.doubt_from(place);
    campaign.deployment().holders.iter_mut().zip(places).for_each(issued_since);
    campaign.look(Thoroughness::All, tally)?;
    campaign.traffic_of(20, tally)?;
    campaign.look(Thoroughness::All, tally)?;
    Ok(server)
}

/// Back and forward. While it runs its own clock does not go back; started again it stands before its ledger: tokens are not issued, but
/// they are checked and revoked.
fn back(campaign: &mut Campaign, server: Server, tally: &mut Tally) -> Result<Server, Failure> {
    campaign.shift(-40)?;
    // It stands still, and the server says so.
    wait_until_it_stands_still(campaign)?;
    campaign.look(Thoroughness::All, tally)?;
    campaign.traffic_of(10, tally)?;
    let server = campaign.restart(server, &[], tally)?;
    campaign.look(Thoroughness::All, tally)?;
    campaign.traffic_of(10, tally)?;
    campaign.look(Thoroughness::All, tally)?;
    campaign.shift(0)?;
    let server = campaign.restart(server, &[], tally)?;
    campaign.look(Thoroughness::All, tally)?;
    campaign.traffic_of(10, tally)?;
    campaign.look(Thoroughness::All, tally)?;
    Ok(server)
}

fn wait_for_checkpoint(campaign: &mut Campaign, seconds: i64) -> Result<(), Failure> {
    let start = clock::now();
    while checkpoint_seconds(campaign)? < seconds {
        if start.elapsed() > PATIENCE {
            return Err(Failure::finding("the server does not follow the clock"));
        }
        clock::pause(Duration::from_millis(20));
    }
    Ok(())
}

fn wait_until_it_stands_still(campaign: &mut Campaign) -> Result<(), Failure> {
    let start = clock::now();
    loop {
        let mut socket = Connection::unix(&campaign.deployment().place.socket()).doing("connecting to the server's socket")?;
        let statistics = socket.get("/api/v1/statistics").doing("reading the statistics")?;
        let held_seconds = statistics.member("clock_held_seconds").as_i64().unwrap_or_default();
        if held_seconds > DAY_SECONDS {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(Failure::finding("the server does not say that its clock stands still"));
        }
        clock::pause(Duration::from_millis(20));
    }
}

/// The time in the last checkpoint's note.
fn checkpoint_seconds(campaign: &mut Campaign) -> Result<i64, Failure> {
    let mut socket = Connection::unix(&campaign.deployment().place.socket()).doing("connecting to the server's socket")?;
    let answer = socket.get("/api/v1/audit/checkpoint").doing("reading the checkpoint")?;
    let note = answer.text("note").unwrap_or_default();
    let time = note.lines().find_map(|line| line.strip_prefix("time ")?.parse().ok());
    time.ok_or_else(|| Failure::finding(format!("there is no checkpoint: {}", answer.words())))
}
