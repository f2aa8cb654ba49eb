//! The ledger as the run has seen it: what was durable once must stay, unchanged, and prove itself.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::CommitId;
use jeton_store::ledger::{Entry, Frontier, Hash, Head};

use crate::subject::TokenSubject;

/// The ledger, folded.
#[derive(Default)]
pub(crate) struct History {
    leaves: Vec<Hash>,
    frontier: Frontier,
    last_time_micros: i64,
    /// The commit of the last entry, and every one before it.
    last_commit: Option<CommitId>,
    commits: BTreeSet<CommitId>,
    kills: Vec<(u64, Kill)>,
    suspensions: Vec<(u64, [u8; 16], bool)>,
    /// APIs that exist by the ledger.
    pub(crate) apis: BTreeSet<String>,
    /// Clients that exist by the ledger.
    pub(crate) clients: BTreeSet<String>,
    /// The `credentials.issued` entries: count and root.
    pub(crate) issued: BTreeMap<u64, (u64, String)>,
    /// How many new incarnations were opened.
    pub(crate) incarnations: u64,
    /// The size of the largest checkpoint that was seen.
    pub(crate) checkpoint_size: u64,
}

enum Kill {
    Token([u8; 16]),
    /// Of a subject, issued before; until when it is kept. Times are seconds.
    Before(CutOffSubject, String, i64, i64),
    Key(String),
}

impl History {
    /// How many entries were seen.
    #[must_use]
    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The root over the first `size` entries.
    #[must_use]
    pub(crate) fn root_at(&self, size: u64) -> Option<Hash> {
        let leaves = self.leaves.get(..usize::try_from(size).ok()?)?;
        Some(jeton_store::ledger::merkle::root(leaves.iter().copied()))
    }

    /// That a store which was opened again still holds what was seen.
    ///
    /// # Errors
    /// What is missing or changed.
    pub(crate) fn compare(&self, entries: &[Entry]) -> Result<(), String> {
        if entries.len() < self.leaves.len() {
            return Err(format!("the ledger had {} entries and has {} after the crash", self.leaves.len(), entries.len()));
        }
        match self.leaves.iter().zip(entries).find(|(leaf, entry)| entry.leaf() != **leaf) {
            Some((_, entry)) => Err(format!("entry {} is another one after the crash", entry.sequence)),
            None => Ok(()),
        }
    }

    /// Takes the next entries.
    ///
    /// # Errors
    /// What does not fit the entries before.
    pub(crate) fn take(&mut self, entries: &[Entry], tokens: &mut [TokenSubject]) -> Result<(), String> {
        for entry in entries {
            // A new incarnation begins at its own time: the old one's clock was wrong.
            let goes_back = entry.time.micros() < self.last_time_micros && entry.kind != "incarnation.opened";
            if entry.sequence != self.size() || goes_back {
                return Err(format!("entry {} does not follow the one before it", entry.sequence));
            }
            self.last_time_micros = entry.time.micros();
            if self.last_commit != Some(entry.commit) && !self.commits.insert(entry.commit) {
                return Err(format!("entry {} has the commit id of another commit", entry.sequence));
            }
            self.last_commit = Some(entry.commit);
            let leaf = entry.leaf();
            self.leaves.push(leaf);
            self.frontier.append(leaf);
            let event = entry.event().map_err(|error| error.to_string())?.ok_or("an entry has no content")?;
            self.fold(entry.sequence, event);
            tokens.iter_mut().for_each(|token| self.apply_last(entry.sequence, token));
        }
        Ok(())
    }

    /// That the head speaks of these entries.
    ///
    /// # Errors
    /// Where it does not.
    pub(crate) fn check_head(&self, head: &Head) -> Result<(), String> {
        let fits = head.size == self.size() && head.frontier == self.frontier && head.time.micros() >= self.last_time_micros;
        if fits { Ok(()) } else { Err(format!("the head of size {} does not prove the {} entries", head.size, self.size())) }
    }

    /// Tells a token that was just heard of what is known of it, but what was forgotten by `purged_at_seconds`.
    pub(crate) fn tell(&self, token: &mut TokenSubject, purged_at_seconds: i64) {
        let speaks = |kill: &Kill| kill.reaches(token) && !matches!(kill, Kill::Before(.., until) if *until <= purged_at_seconds);
        token.killed_by = self.kills.iter().find(|(_, kill)| speaks(kill)).map(|(sequence, _)| *sequence);
        let of_it = self.suspensions.iter().filter(|(_, id, _)| *id == token.kept().id.0);
        token.suspensions = of_it.map(|(sequence, _, suspends)| (*sequence, *suspends)).collect();
    }

    fn apply_last(&self, sequence: u64, token: &mut TokenSubject) {
        if let Some((of, kill)) = self.kills.last()
            && *of == sequence
            && token.killed_by.is_none()
            && kill.reaches(token)
        {
            token.killed_by = Some(sequence);
        }
        if let Some((of, id, suspends)) = self.suspensions.last()
            && *of == sequence
            && *id == token.kept().id.0
        {
            token.suspensions.push((sequence, *suspends));
        }
    }

    fn fold(&mut self, sequence: u64, event: Event) {
        match event {
            Event::TokenRevoked { token, .. } => self.kill(sequence, Kill::Token(token.0)),
            Event::CutOff { subject, name, before_seconds, until_seconds, .. } => {
                self.kill(sequence, Kill::Before(subject, name.to_string(), before_seconds, until_seconds));
            }
            Event::SigningKeyRevoked { key, .. } => self.kill(sequence, Kill::Key(key.to_string())),
            Event::TokenSuspended { token, .. } => self.suspend(sequence, token.0, true),
            Event::TokenResumed { token, .. } => self.suspend(sequence, token.0, false),
            Event::ApiCreated { api, .. } => {
                self.apis.insert(api.to_string());
            }
            Event::ApiDeleted { api, .. } => {
                self.apis.remove(api.as_str());
            }
            Event::ClientCreated { client, .. } => {
                self.clients.insert(client.to_string());
            }
            Event::ClientDeleted { client, .. } => {
                self.clients.remove(client.as_str());
            }
            Event::IncarnationOpened { .. } => self.incarnations += 1,
            Event::Issued { count, root, .. } => {
                self.issued.insert(sequence, (count, root.to_string()));
            }
            _ => {}
        }
    }

    fn kill(&mut self, sequence: u64, kill: Kill) {
        self.kills.push((sequence, kill));
    }

    fn suspend(&mut self, sequence: u64, token: [u8; 16], suspends: bool) {
        self.suspensions.push((sequence, token, suspends));
    }
}

impl Kill {
    fn reaches(&self, token: &TokenSubject) -> bool {
        match self {
            Kill::Token(id) => *id == token.kept().id.0,
            Kill::Before(subject, name, before, _) => token.is_of(*subject, name) && token.kept().issued_at < *before,
            Kill::Key(key) => token.proven.signing_key.as_deref() == Some(key),
        }
    }
}
