//! Whether a session still counts.

use super::Session;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;

/// What is known when it is judged.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// When its browser was last here, in seconds: as its cookie says, which nobody else writes.
    pub seen_at: i64,
    /// Whether the person is there and not disabled.
    pub is_person_active: bool,
    /// The latest cut-off over everything, the person and the session, in seconds.
    pub ended_before_seconds: i64,
    /// Since when it is known which sessions ended, in seconds.
    pub known_from_seconds: i64,
    /// How long sessions may live.
    pub policies: &'a Policies,
}

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It counts.
    Live,
    /// Nobody came for too long.
    Idle,
    /// It is over by its own time.
    Over,
    /// It was ended.
    Ended,
}

/// How far ahead of us a browser's last visit may lie, in seconds: it was written here, so that more is no clock of ours.
const AHEAD_SECONDS: i64 = 60;

/// Judges a session.
#[must_use]
pub fn judge(session: &Session, facts: Facts<'_>, now: i64) -> Judged {
    let allowed = facts.policies.effective(CredentialKind::Session, &Subject::Deployment);
    let ends_at = session.expires_at.min(session.created_at.saturating_add(allowed.max_seconds));
    let idle_at = allowed.idle_seconds.map_or(i64::MAX, |seconds| facts.seen_at.max(session.renewed_at).saturating_add(seconds));
    if !facts.is_person_active || session.created_at < facts.ended_before_seconds || session.created_at < facts.known_from_seconds {
        Judged::Ended
    } else if now >= ends_at || facts.seen_at > now.saturating_add(AHEAD_SECONDS) {
        Judged::Over
    } else if now >= idle_at {
        Judged::Idle
    } else {
        Judged::Live
    }
}
