//! What must hold after every step.

use jeton_core::moment::Time;
use jeton_core::policy::LEEWAY_SECONDS;
use jeton_core::record::Value;
use jeton_core::token;
use jeton_core::token::standing::Standing;
use jeton_store::ledger::checkpoint::{Checkpoint, CheckpointKey};
use jeton_store::ledger::comparison::Comparison;
use jeton_store::ledger::{issued_leaf, merkle};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Store as _, View};
use jeton_verify::staleness::Server as Reach;

use crate::subject::TokenSubject;
use crate::verifier::{Verdict, lag_seconds};
use crate::world::World;

const DAY_SECONDS: i64 = 86_400;

impl World {
    /// That everything holds.
    ///
    /// # Errors
    /// What does not.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        self.check_server()?;
        self.check_verifiers()?;
        self.check_checkpoint()
    }

    /// The server judges each token as the ledger says, and as was acknowledged.
    fn check_server(&mut self) -> Result<(), String> {
        if !self.is_set_up || self.server.is_lost() {
            return Ok(());
        }
        let moment = self.server.moment();
        // The ledger's time: what has expired by it stays dead.
        let now = moment.now.max(self.server.store.head().time).seconds();
        for (place, token) in self.tokens.iter().enumerate() {
            // What an untrusted key signed is not proven any more: it is nobody's token.
            if token.proven.signing_key.as_deref().is_some_and(|key| !self.server.service.registry().keys().trusts(key)) {
                continue;
            }
            let standing = self.server.service.stand(&token.proven, &moment).0;
            let says = |what: &str| {
                let TokenSubject { heard_at, dead_since_micros, killed_by, audience, .. } = token;
                let (issued, expires) = (token.kept().issued_at, token.kept().expires_at);
                Err(format!(
                    "token {place} ({}, for {audience}, iat {issued}, exp {expires}, heard of at step {heard_at}, killed by {killed_by:?}, dead since {dead_since_micros:?}) stands as {standing:?} at {now} but {what}",
                    token.kept().id
                ))
            };
            match standing {
                // An operator said that a clock is right by which it left, and then that another is.
                Standing::Active if token.may_have_left => {}
                Standing::Active if token.dead_since_micros.is_some() => return says("was acknowledged to be dead"),
                Standing::Active if token.is_suspended => return says("was acknowledged to be suspended"),
                Standing::Active if token.killed_by.is_some() => return says("the ledger kills it"),
                Standing::Active if token.is_suspended_before(u64::MAX) => return says("the ledger suspends it"),
                Standing::Active => {}
                Standing::Suspended | Standing::Expired | Standing::Revoked if self.must_live(place, now) => {
                    return says("nothing speaks against it");
                }
                Standing::Suspended | Standing::Expired | Standing::Revoked => {}
            }
        }
        Ok(())
    }

    fn must_live(&self, place: usize, now: i64) -> bool {
        let Some(token) = self.tokens.get(place) else { return false };
        let kept = token.kept();
        let lifetime = self.apis.get(token.api).map_or(0, |api| api.shortest_lifetime_seconds);
        let exists = self.history.apis.contains(kept.api.as_str()) && self.history.clients.contains(kept.client.as_str());
        let speaks_against = token.killed_by.is_some() || token.is_suspended_before(u64::MAX) || token.may_have_left;
        // After an accepted clock, what was issued by the wrong one waits for its time.
        let is_early = now + LEEWAY_SECONDS < kept.issued_at;
        exists && !speaks_against && !is_early && now < kept.expires_at && now < kept.issued_at + lifetime
    }

    /// Each verifier refuses what it heard is dead, and what died so long ago that it must have heard or given up.
    fn check_verifiers(&mut self) -> Result<(), String> {
        let now = self.passing.micros();
        let ledger_seconds = self.server.store.head().time.seconds();
        for (who, verifier) in self.verifiers.iter_mut().enumerate() {
            verifier.agreed_seconds = verifier.agreed_seconds.max(verifier.wall.seconds().min(ledger_seconds));
            let patience = verifier.patience.staleness_max + verifier.patience.stale_accept;
            // A heartbeat may have been on its way for as long as the verifier takes it for one.
            let lag = lag_seconds(&verifier.patience).saturating_mul(1_000_000);
            let latest = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX).saturating_add(lag);
            // What left the server with its time, as the server believed for a day, is not in its snapshots any more.
            // Nor does a verifier keep what its clock and the ledger's both called long over, though both be wrong.
            let is_forgotten = |token: &TokenSubject| token.kept().expires_at + 2 * DAY_SECONDS <= verifier.agreed_seconds;
            let concerns = |token: &TokenSubject| token.audience == verifier.audience && !token.may_have_left && !is_forgotten(token);
            for (place, token) in self.tokens.iter_mut().enumerate().filter(|(_, token)| concerns(token)) {
                match verifier.judge(place, token, Reach::Unreachable) {
                    Verdict::Accept => {}
                    Verdict::RefuseForGood => {
                        self.tally.refused_by_verifiers += 1;
                        if !token.refused_by.contains(&who) {
                            token.refused_by.push(who);
                        }
                        continue;
                    }
                    Verdict::Ask | Verdict::Refuse => continue,
                }
                self.tally.accepted_by_verifiers += 1;
                let token = &*token;
                let says = |what: &str| {
                    let TokenSubject { dead_since_micros, killed_by, .. } = token;
                    let (seconds, arrived, expires) = (verifier.wall.seconds(), verifier.arrived, token.kept().expires_at);
                    Err(format!(
                        "verifier {who} accepts token {place} ({}, exp {expires}, killed by {killed_by:?}, dead since {dead_since_micros:?}) at {now}, its wall at {seconds}, all up to {arrived:?} arrived, {what}",
                        token.kept().id
                    ))
                };
                if let Some(arrived) = verifier.arrived {
                    if token.killed_by.is_some_and(|killed_by| killed_by <= arrived) {
                        return says("though the event of its death arrived");
                    }
                    // Part of what comes next may have been read already.
                    let is_resumed_later = token.suspensions.iter().any(|(sequence, suspends)| *sequence > arrived && !suspends);
                    if token.is_suspended_before(arrived + 1) && !is_resumed_later {
                        return says("though the event of its suspension arrived");
                    }
                }
                if token.refused_by.contains(&who) {
                    return says("which it refused for good before");
                }
                if token.dead_since_micros.is_some_and(|since| now > since + latest) {
                    return says("though it has been dead for longer than any verifier may go without hearing");
                }
            }
        }
        Ok(())
    }

    /// The last checkpoint is signed, speaks of the ledger, and is not smaller than one before.
    fn check_checkpoint(&mut self) -> Result<(), String> {
        if self.server.is_lost() || !self.is_set_up {
            return Ok(());
        }
        let Some(signed) = self.server.service.checkpoints().borrow().clone() else { return Ok(()) };
        let size = u64::try_from(signed.size).unwrap_or(0);
        if size < self.history.checkpoint_size {
            return Err(format!("a checkpoint of {size} entries after one of {}", self.history.checkpoint_size));
        }
        if size > self.history.checkpoint_size {
            let text = self.server.service.checkpoint_key().map_err(|failure| failure.to_string())?;
            let key = CheckpointKey::parse(&text).ok_or("the checkpoint key cannot be read")?;
            let checkpoint = Checkpoint::verify(&signed.note, &key).ok_or("a checkpoint's signature does not hold")?;
            if checkpoint.size != size || Some(checkpoint.root) != self.history.root_at(size) {
                return Err(format!("the checkpoint of {size} entries does not prove them"));
            }
            self.history.checkpoint_size = size;
        }
        Ok(())
    }

    /// The rows are what the ledger tells: nothing is half done, and nothing acknowledged is missing.
    ///
    /// # Errors
    /// What is missing, or too much.
    pub(crate) fn check_rows(&self) -> Result<(), String> {
        let view = self.server.store.view().map_err(|fault| fault.to_string())?;
        self.compare_rows(&*view)?;
        for token in self.tokens.iter().filter(|token| !token.may_have_left) {
            let found = view.get(&token::TABLE, &vec![Value::Id(token.kept().id.0)]).map_err(|fault| fault.to_string())?;
            if found.is_none_or(|found| found.record != token.kept().row()) {
                return Err(format!("token {} was acknowledged and is not there", token.kept().id));
            }
        }
        self.check_issued(&*view)
    }

    fn compare_rows(&self, view: &dyn View) -> Result<(), String> {
        // What was purged had to be over by then; nothing else may be missing.
        let now = Time::from_seconds(self.purged_at_seconds.max(0));
        let mut comparison = Comparison::of(&SCHEMA, now).ok_or("the schema is another one")?;
        for table in SCHEMA.tables.iter().copied().filter(|table| Comparison::concerns(table)) {
            let scanned = view.scan(table, &mut |row| {
                comparison.row(table, row.version, &row.record);
                true
            });
            scanned.map_err(|fault| fault.to_string())?;
        }
        let entries = self.server.store.tail(0, usize::MAX).map_err(|fault| fault.to_string())?;
        entries.iter().for_each(|entry| comparison.entry(entry));
        comparison.end().first().map_or(Ok(()), |difference| Err(difference.to_string()))
    }

    fn check_issued(&self, view: &dyn View) -> Result<(), String> {
        if self.purged_at_seconds != i64::MIN {
            return Ok(());
        }
        let mut all = vec![];
        let scanned = view.scan(&token::TABLE, &mut |row| {
            all.push(row.clone());
            true
        });
        scanned.map_err(|fault| fault.to_string())?;
        for (sequence, (count, root)) in &self.history.issued {
            let of_it: Vec<_> = all.iter().filter(|row| row.version == *sequence).collect();
            let found = merkle::root(of_it.iter().map(|row| issued_leaf(&token::TABLE, &row.record)));
            if of_it.len() as u64 != *count || merkle::hexadecimal(&found) != *root {
                return Err(format!("entry {sequence} does not prove the {} tokens issued with it", of_it.len()));
            }
        }
        Ok(())
    }
}
