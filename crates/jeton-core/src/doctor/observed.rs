use std::collections::BTreeMap;
use std::sync::Arc;

use super::accepted::Accepted;
use crate::api::Api;
use crate::client::Client;
use crate::client::secret::ClientSecret;
use crate::event::CutOffSubject;
use crate::id::ApiId;
use crate::key::SigningKeyRecord;
use crate::policy::effective::Policies;

/// What was seen of a deployment. `None` stands for what nobody looked at.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// When, in seconds.
    pub now_seconds: i64,
    /// For how long the process has looked, in seconds: what it has not seen in that time may be there all the same.
    pub watched_seconds: i64,
    /// Whether there is anybody who could have a password.
    pub has_people: bool,
    /// Every API.
    pub apis: Vec<Api>,
    /// Every client, each with its secrets.
    pub clients: Vec<(Client, Vec<ClientSecret>)>,
    /// The administrators who sign in by a password and nothing beside it; `None`: nobody looked.
    pub by_password_alone: Option<Vec<Arc<str>>>,
    /// What is set of lifetimes.
    pub policies: Policies,
    /// Every signing key.
    pub signing_keys: Vec<SigningKeyRecord>,
    /// Whether the clock is believed.
    pub is_clock_believed: Option<bool>,
    /// Whether the disk is full.
    pub is_disk_full: Option<bool>,
    /// When a verifier of an API last followed the feed, in seconds, since the process began.
    pub followed_at: BTreeMap<ApiId, i64>,
    /// How many revocations were handed to verifiers that waited.
    pub told: u64,
    /// How many of them later than 16 seconds after they were made.
    pub told_late: u64,
    /// When a signed checkpoint last left for somewhere else, in seconds, since the process began.
    pub checkpoint_left_at: Option<i64>,
    /// What the last pass over all credentials met; `None`: there was none yet.
    pub met: Option<Met>,
    /// Every client, API, person and group that is suspended.
    pub suspended: Vec<MetSubject>,
    /// The clients that nobody used for 30 days, and that are older; `None`: uses are not counted for so long.
    pub unused_clients: Option<Vec<Arc<str>>>,
    /// The keys that two applications use, each with when it last showed; `None`: nobody looked.
    pub shared_keys: Option<Vec<MetCredential>>,
    /// Since when it is known of every credential whether somebody used it.
    pub uses_known: UsesKnown,
    /// How each API was used in the last week; `None`: nobody looked.
    pub used: Option<BTreeMap<ApiId, ApiUse>>,
    /// Whether a restore left a gap that nobody accepted.
    pub has_gap: bool,
    /// How the canary of each minute stands.
    pub canary: CanarySeen,
    /// What lies around the process.
    pub surroundings: Surroundings,
}

/// What a pass over all keys and secrets met: the first of each kind by name, and no more than are worth reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// When it was over, in seconds.
    pub at: Option<i64>,
    /// Those that were used within 7 days and end within 7.
    pub soon_and_used: Vec<MetCredential>,
    /// Those that are suspended for more than 30 days.
    pub undecided: Vec<MetCredential>,
    /// Keys with every scope of their API.
    pub unrestricted: Vec<MetCredential>,
    /// Keys with scopes that nobody exercised for 30 days.
    pub unexercised: Vec<MetCredential>,
}

/// A key, or a client's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetCredential {
    /// Its id.
    pub id: Arc<str>,
    /// The client whose secret it is; `None`: it is a key.
    pub client: Option<Arc<str>>,
    /// Of a key: what people call it, and whose it is. `None`: nobody looked.
    pub called: Option<Arc<str>>,
    /// When it ends, was suspended, or showed what it is named for, in seconds.
    pub at: i64,
}

impl MetCredential {
    /// How it is named, with more of it behind.
    pub(super) fn named(&self, more: &str) -> String {
        let id = &self.id;
        match (&self.client, &self.called, more) {
            (Some(client), _, "") => format!("a secret of {client}"),
            (Some(client), _, more) => format!("a secret of {client} ({more})"),
            (None, Some(called), "") => format!("key {called} ({id})"),
            (None, Some(called), more) => format!("key {called} ({id}; {more})"),
            (None, None, "") => format!("key {id}"),
            (None, None, more) => format!("key {id} ({more})"),
        }
    }
}

/// A client, an API, a person or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetSubject {
    /// What it is.
    pub subject: CutOffSubject,
    /// Its name; of an API its audience.
    pub name: Arc<str>,
    /// When it was suspended, in seconds.
    pub at: i64,
}

impl Met {
    /// How many are kept of each.
    const MOST: usize = 1_000;

    /// Notes one that is used and ends soon.
    pub fn note_soon_and_used(&mut self, met: MetCredential) {
        note(&mut self.soon_and_used, met);
    }

    /// Notes a key with every scope of its API.
    pub fn note_unrestricted(&mut self, met: MetCredential) {
        note(&mut self.unrestricted, met);
    }

    /// Notes a key with scopes that nobody exercises.
    pub fn note_unexercised(&mut self, met: MetCredential) {
        note(&mut self.unexercised, met);
    }

    /// Notes what another met.
    pub fn join(&mut self, other: Met) {
        other.soon_and_used.into_iter().for_each(|met| self.note_soon_and_used(met));
        other.undecided.into_iter().for_each(|met| self.note_undecided(met));
        other.unrestricted.into_iter().for_each(|met| self.note_unrestricted(met));
        other.unexercised.into_iter().for_each(|met| self.note_unexercised(met));
    }

    /// Notes one that is suspended for long.
    pub fn note_undecided(&mut self, met: MetCredential) {
        note(&mut self.undecided, met);
    }
}

fn note(all: &mut Vec<MetCredential>, met: MetCredential) {
    if all.len() < Met::MOST {
        all.push(met);
    }
}

/// Since when it is known of every credential whether somebody used it: nobody is idle for what came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsesKnown {
    /// Nobody has looked yet.
    #[default]
    NotKnown,
    /// Uses are not counted.
    Never,
    /// Since then, without a gap.
    Since {
        /// In seconds.
        at: i64,
        /// When the deployment began, in seconds: before that there was nothing to use.
        begun_at: i64,
    },
}

/// How an API was used in the last week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiUse {
    /// Whether tokens were issued for it before today.
    pub was_issued: bool,
    /// Whether anybody told that a token or key was presented to it: it asked, or its verifier reported.
    pub was_checked: bool,
}

/// What lies around the process: files, listeners, configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The data folder.
    pub data: Option<Kept>,
    /// The root file.
    pub root_file: Option<Kept>,
    /// Whether the root file lies apart from the data folder.
    pub is_root_file_apart: Option<bool>,
    /// Whether a crash may leave a core with secrets behind.
    pub may_leave_core: Option<bool>,
    /// Whether a listener that takes tokens, the public one or that of administrators, is reached from other machines.
    pub is_reached_from_elsewhere: Option<bool>,
    /// Whether the listeners speak TLS.
    pub has_tls: Option<bool>,
    /// How long the certificate lasts that they show.
    pub certificate: Option<CertificateLife>,
    /// Whether a proxy is configured that may end TLS before it.
    pub has_proxy: Option<bool>,
    /// Whether an access log is written.
    pub has_access_log: Option<bool>,
    /// The lines of the access log that were lost; `None`: nobody counts them, or none is written.
    pub access_log_dropped: Option<LinesDropped>,
    /// Whether a listener serves metrics: one of their own, or that of administrators.
    pub has_metrics_listener: Option<bool>,
    /// Whether the listener that serves metrics to everybody is reached from other machines.
    pub shows_metrics_elsewhere: Option<bool>,
    /// Whether passwords are compared with a list of those that leaked.
    pub has_password_list: Option<bool>,
    /// How backups stand; `Some(None)`: none are made.
    pub backups: Option<Option<BackupsSeen>>,
    /// Whether this is a trial of a restored folder.
    pub is_trial: bool,
    /// What somebody accepts.
    pub accepted: Vec<Accepted>,
}

/// Lines that were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinesDropped {
    /// How many since the process began.
    pub lines: u64,
    /// When some were seen last to be lost, in seconds.
    pub last_at: Option<i64>,
}

/// How the canary of each minute stands: a token that is revoked to see it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanarySeen {
    /// When one was refused last, in seconds.
    pub seen_at: Option<i64>,
    /// Why the last one was not, if it was not.
    pub failed: Option<Arc<str>>,
}

/// How backups stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupsSeen {
    /// Where they go.
    pub target: String,
    /// Whether that is on the disk of the data.
    pub is_on_the_same_disk: Option<bool>,
    /// How many can open them beside the server itself.
    pub recipients: usize,
    /// How often a snapshot is made, in seconds.
    pub every_seconds: i64,
    /// When the newest was made, in seconds.
    pub newest_at: Option<i64>,
    /// The one that was the newest, where it is no more what it was.
    pub newest_lost: Option<String>,
    /// When everything that there was had been shipped last, in seconds; since the process began, where it was not yet.
    pub shipped_at: i64,
    /// Since when the target takes nothing, in seconds.
    pub away_since: Option<i64>,
    /// The folders of tails of others, which went on from a backup of this ledger.
    pub others: Vec<String>,
    /// How often a drill is made, in seconds.
    pub drill_every_seconds: i64,
    /// When one passed last, in seconds.
    pub drilled_at: Option<i64>,
    /// Why the last one failed, if it did.
    pub drill_failed: Option<String>,
    /// When it was shown last that somebody else's identity opens a backup, in seconds.
    pub proven_at: Option<i64>,
    /// When the ledger began, in seconds.
    pub begun_at: i64,
}

/// From when until when a certificate holds, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateLife {
    /// The first second.
    pub begins: i64,
    /// The last second.
    pub ends: i64,
}

/// Something on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where.
    pub path: String,
    /// Who may do what with it: the permission bits of its mode.
    pub mode: u32,
}

impl Observed {
    /// The live secrets of each client, the youngest first, each with when it really ends.
    pub(super) fn live_secrets(&self) -> impl Iterator<Item = (&Client, Vec<(&ClientSecret, i64)>)> {
        self.clients.iter().map(|(client, secrets)| {
            let ends = secrets.iter().map(|secret| (secret, secret.ends_at(&self.policies)));
            let mut live: Vec<_> = ends.filter(|(_, ends_at)| *ends_at > self.now_seconds).collect();
            live.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.created_at));
            (client, live)
        })
    }
}
