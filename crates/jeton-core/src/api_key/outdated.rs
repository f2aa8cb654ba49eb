//! What verifiers remember of a key grows old when it changes: they ask again.

use super::{ApiKey, TABLE};
use crate::commit::Commit;
use crate::moment::Moment;
use crate::token::negative::{self, Negative, Says};

/// For how long verifiers are told, in seconds: far longer than they remember an answer.
const TOLD_FOR_SECONDS: i64 = 3_600;

/// Which answers are old.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outdated {
    /// Those with an earlier `iat`, in seconds.
    pub(super) before_seconds: i64,
    /// Until when verifiers are told, in seconds.
    pub(super) until_seconds: i64,
}

/// Puts a changed key, and says that answers about it from before are old. Each change of one second lies a second beyond the one before,
/// since an answer between them carries the `iat` that this one left.
pub(super) fn put(commit: Commit, key: ApiKey, moment: &mut Moment) -> (Commit, ApiKey, Outdated) {
    let (commit, outdated) = tell(commit, &key, moment);
    let key = ApiKey { updated_at: moment.now.seconds(), answers_from: outdated.before_seconds, ..key };
    (commit.put(&TABLE, key.row()), key, outdated)
}

/// Says that answers about a key from before are old.
pub(super) fn tell(commit: Commit, key: &ApiKey, moment: &mut Moment) -> (Commit, Outdated) {
    let before_seconds = moment.now.next_second().seconds().max(key.answers_from.saturating_add(1));
    let until_seconds = before_seconds.saturating_add(TOLD_FOR_SECONDS);
    let says = Says::ApiKeyChanged(key.id, key.api.clone(), before_seconds);
    let told = Negative::new(says, until_seconds, moment);
    (commit.put(&negative::TABLE, told.row()), Outdated { before_seconds, until_seconds })
}
