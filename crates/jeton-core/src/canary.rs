//! Canaries: tokens that nobody holds, and that are revoked to see them refused.
//!
//! One that is planted for a drill is a row like any other and is revoked by an entry like any other; its text was never made, so that nobody
//! can present it. The one of each minute has no row and no entry: one row of bookkeeping says which it is, and is replaced by the next.

use std::sync::Arc;

use crate::api::management;
use crate::commit::Commit;
use crate::id::{Actor, ClientId, CommitId, CredentialId};
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use crate::token::negative::{Negative, Says};
use crate::token::revoke::revoke;
use crate::token::{self, AccessToken};

/// Who holds a canary: no client is called so, since their ids are drawn.
const CLIENT: &str = "client_canary";
/// How long one lives by what it says, in seconds.
pub const LIFETIME_SECONDS: i64 = 60;
/// How long the revocation of one is remembered that has no row, in seconds.
const REMEMBERED_SECONDS: i64 = 300;

/// The canary of this minute: one row.
pub static TABLE: Table = Table {
    name: "canary",
    columns: &[Column::int("id"), Column::bytes("token"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

/// Its key.
const KEY: Value = Value::Int(1);

/// The client that holds every canary.
#[must_use]
pub fn client() -> ClientId {
    ClientId::from(CLIENT)
}

/// A token that no row is kept of.
#[must_use]
pub fn of_this_minute(moment: &mut Moment) -> CredentialId {
    CredentialId::draw(moment)
}

/// Revokes it: bookkeeping, as the checkpoint is, so that the ledger does not grow by it; made on a full disk too.
pub fn let_fall(token: CredentialId, moment: &mut Moment) -> Commit {
    let until = moment.now.seconds().saturating_add(REMEMBERED_SECONDS);
    Commit::new(moment).put(&TABLE, vec![KEY, Value::Id(token.0), Value::Int(until)])
}

/// What a row of it says: the same as the revocation of a token.
///
/// # Errors
/// When the row is not one of this table.
pub fn negative_of_row(row: &Row) -> Result<Negative, Malformed> {
    let mut reader = Reader::new(&TABLE, row);
    reader.int()?;
    let id: [u8; 16] = reader.read(|value| value.as_bytes()?.try_into().ok())?;
    Ok(Negative { id, says: Says::Revoked(CredentialId(id), Arc::from(CLIENT)), until: reader.int()? })
}

/// Some that are to be revoked, or not, for a drill to find: each a row, all under one entry. Tokens of the management API that allow nothing.
pub fn plant<const N: usize>(moment: &mut Moment) -> (Commit, [AccessToken; N]) {
    let mut commit = Commit::new(moment);
    let issued_at = moment.now.seconds();
    let tokens = std::array::from_fn(|_| AccessToken {
        id: CredentialId::draw(moment),
        client: client(),
        api: management::id(),
        scope: Arc::from(""),
        issued_at,
        expires_at: issued_at.saturating_add(LIFETIME_SECONDS),
        proof: None,
        held: None,
    });
    if let Some(first) = tokens.first() {
        // The commit of an issue is found again by its row.
        commit.id = CommitId(first.id.0);
    }
    (tokens.iter().fold(commit, |commit, token| commit.put(&token::TABLE, token.row())), tokens)
}

/// Revokes one that was planted, by the decision that revokes any token.
pub fn let_planted_fall(planted: &AccessToken, audience: &Arc<str>, moment: &mut Moment) -> Commit {
    revoke(planted, audience, &Actor::system(), false, moment).commit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Time;

    #[test]
    fn the_canary_of_a_minute_is_bookkeeping_and_one_that_is_planted_is_not() {
        let mut moment = Moment::new(Time::from_seconds(1_700_000_000), [1; 32]);
        let token = of_this_minute(&mut moment);
        let commit = let_fall(token, &mut moment);
        assert!(commit.events.is_empty() && commit.is_made_when_full());
        let crate::commit::Write::Put { row, .. } = &commit.writes[0] else { panic!("a row is put") };
        assert_eq!(negative_of_row(row).unwrap().says, Says::Revoked(token, Arc::from(CLIENT)));
        let (commit, [one, other]) = plant(&mut moment);
        assert_eq!((commit.writes.len(), commit.events.len()), (2, 0));
        assert_ne!(one.id, other.id);
        let fallen = let_planted_fall(&one, &Arc::from("a"), &mut moment);
        assert!(fallen.is_narrowing());
    }
}
