//! A clock that jumps by forty days and back: nothing revoked comes to life, and nothing is purged.

use std::fs;
use std::time::Duration;

use crate::check::Thoroughness;
use crate::clock;
use crate::control::Word;
use crate::failure::{Doing, Failure};
use crate::http::Connection;
use crate::round::{Campaign, Mode};
use crate::server::Server;
use crate::tally::Tally;

const DAY_SECONDS: i64 = 86_400;
/// How long the server may take to see that its clock jumped.
const PATIENCE: Duration = Duration::from_secs(30);

impl Campaign {
    /// A round with a clock that is forty days off.
    pub(crate) fn clock(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let server = self.server(Mode::Clock, tally)?;
        let days = if self.chance.once_in(2) { 40 } else { -40 };
        round(self, server, days, tally)?;
        // Its ledger lies days ahead now.
        self.renew()
    }
}

/// Traffic, a jump, traffic, a restart, the jump back, a restart; looks in between.
fn round(campaign: &mut Campaign, server: Server, days: i64, tally: &mut Tally) -> Result<(), Failure> {
    campaign.traffic_of(150, tally)?;
    let before = checkpoint_seconds(campaign)?;
    campaign.deployment().control.set(Word::RealtimeShiftSeconds, days * DAY_SECONDS)?;
    // Uptime leaps too, so that what runs each minute runs under the wrong clock.
    campaign.deployment().control.set(Word::MonotonicShiftSeconds, 61)?;
    if days > 0 {
        wait_for_checkpoint(campaign, before + (days - 1) * DAY_SECONDS)?;
        wait_for_checkpoint(campaign, checkpoint_seconds(campaign)? + 2)?;
    } else {
        // Its own clock does not go back: it stands still, and the server says so.
        wait_until_it_stands_still(campaign)?;
    }
    let thoroughness = if days > 0 { Thoroughness::OnlyDead } else { Thoroughness::All };
    campaign.look(thoroughness, tally)?;
    // Where time stands still, tokens are not issued, but they are revoked.
    campaign.traffic_of(if days > 0 { 60 } else { 10 }, tally)?;
    let server = campaign.restart(server, Mode::Clock, tally)?;
    campaign.look(thoroughness, tally)?;
    if days < 0 {
        // The clock stands before the ledger: tokens are not issued, but they are revoked.
        campaign.traffic_of(10, tally)?;
        campaign.look(Thoroughness::All, tally)?;
    }
    campaign.deployment().control.set(Word::RealtimeShiftSeconds, 0)?;
    let server = campaign.restart(server, Mode::Clock, tally)?;
    campaign.look(thoroughness, tally)?;
    campaign.traffic_of(10, tally)?;
    campaign.look(thoroughness, tally)?;
    server.kill()?;
    campaign.deployment().control.set(Word::MonotonicShiftSeconds, 0)?;
    let log = fs::read(&campaign.deployment().place.log).doing("reading the log")?;
    if String::from_utf8_lossy(&log).contains("expired rows left") {
        return Err(Failure::finding("rows were purged on the word of a clock that jumped"));
    }
    Ok(())
}

fn wait_for_checkpoint(campaign: &Campaign, seconds: i64) -> Result<(), Failure> {
    let start = clock::now();
    while checkpoint_seconds(campaign)? < seconds {
        if start.elapsed() > PATIENCE {
            return Err(Failure::finding("the server does not follow the clock"));
        }
        clock::pause(Duration::from_millis(20));
    }
    Ok(())
}

fn wait_until_it_stands_still(campaign: &Campaign) -> Result<(), Failure> {
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
fn checkpoint_seconds(campaign: &Campaign) -> Result<i64, Failure> {
    let mut socket = Connection::unix(&campaign.deployment().place.socket()).doing("connecting to the server's socket")?;
    let answer = socket.get("/api/v1/audit/checkpoint").doing("reading the checkpoint")?;
    let note = answer.text("note").unwrap_or_default();
    let time = note.lines().find_map(|line| line.strip_prefix("time ")?.parse().ok());
    time.ok_or_else(|| Failure::finding(format!("there is no checkpoint: {}", answer.words())))
}
