//! What is left of a row that was taken from and given to after the time that a restore goes to: what both then and later allowed.

mod client;
#[cfg(test)]
mod drawn;
mod key;
mod met;
mod person;
mod standing;

use crate::policy::CredentialKind;
use crate::policy::effective::Effective;
use crate::policy::rule::Subject;
use crate::record::{Malformed, Row, Table};

pub use met::Met;

/// Makes the row of both.
type Both = fn(&Row, &Row) -> Result<Met, Malformed>;

/// What becomes of a row that was put later.
#[derive(Clone, Copy)]
pub enum Put {
    /// What both rows allow is put, where there was one.
    Both(Both),
    /// The stricter of both rules: what neither says, a wider one does.
    Policy,
    /// It is put as it is, if it takes anything: nothing of it was there.
    Whole(fn(&Row) -> Result<bool, Malformed>),
    /// Nothing: it stays as it was then.
    Stays,
}

/// What becomes of a row that was deleted later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is deleted: it gave something by being there.
    Deleted,
    /// It is deleted with the key that it is kept beside.
    WithItsKey,
    /// It stays: it took something by being there.
    Stays,
}

/// What becomes of a table's rows; `None`: nobody decided, and they stay as they were.
#[must_use]
pub fn of(table: &Table) -> Option<(Put, Gone)> {
    Some(match table.name {
        "api" => (Put::Both(client::api), Gone::Deleted),
        "client" => (Put::Both(client::client), Gone::Deleted),
        "client_secret" => (Put::Both(key::client_secret), Gone::Deleted),
        "api_key" => (Put::Both(key::api_key), Gone::Deleted),
        "api_key_use" => (Put::Both(key::uses), Gone::WithItsKey),
        "signing_key" => (Put::Both(standing::signing_key), Gone::Deleted),
        "person" => (Put::Both(standing::person), Gone::Deleted),
        "grant" => (Put::Both(person::grant), Gone::Deleted),
        "consent" => (Put::Both(person::consent), Gone::Deleted),
        "authentication" => (Put::Both(person::latest), Gone::Deleted),
        "password" => (Put::Both(person::password), Gone::Deleted),
        // Whoever took it away later may have been whom the restore is for.
        "second_factor" => (Put::Both(person::second_factor), Gone::Stays),
        "passkey" => (Put::Both(person::passkey), Gone::Deleted),
        "role" => (Put::Both(standing::role), Gone::Deleted),
        "policy_exception" => (Put::Both(standing::exception), Gone::Deleted),
        "provider" => (Put::Both(standing::provider), Gone::Deleted),
        "policy" => (Put::Policy, Gone::Stays),
        // They are kept for what a key is called, which stays.
        "api_key_word" => (Put::Stays, Gone::WithItsKey),
        // Nothing in them but that they are there, or what people call something.
        "grant_of_person" | "session" | "link" | "identity" | "imported_key" | "person_group" | "membership" | "assignment"
        | "expiry_notice" => (Put::Stays, Gone::Deleted),
        "negative" => (Put::Whole(standing::takes), Gone::Stays),
        "mark" => (Put::Whole(|_| Ok(true)), Gone::Stays),
        "deployment" | "checkpoint" | "gap" | "canary" | "erasure" | "password_cost" | "ledger_consumer" => (Put::Stays, Gone::Stays),
        // No change of a commit has rows of these.
        "access_token" | "authorization_code" | "pushed_request" | "device_request" | "user_code" | "idempotency" | "ledger_content"
        | "ledger_change" => (Put::Stays, Gone::Stays),
        _ if table.class.is_usage() => (Put::Stays, Gone::Stays),
        _ => return None,
    })
}

/// The row that is to be put over the one of `then` for one that was put later; `None`: nothing. `wider` says what held of a kind for a
/// subject then without a rule of its own.
///
/// # Errors
/// When a row is not one of the table.
pub fn put(
    table: &Table,
    then: Option<&Row>,
    later: &Row,
    wider: impl FnOnce(CredentialKind, &Subject) -> Effective,
) -> Result<Option<Met>, Malformed> {
    let met = match (of(table).map_or(Put::Stays, |(put, _)| put), then) {
        (Put::Both(both), Some(then)) => both(then, later)?,
        (Put::Both(_), None) => Met::of(later.clone()),
        (Put::Policy, then) => standing::policy(then, later, wider)?,
        (Put::Whole(takes), _) => return Ok(takes(later)?.then(|| Met::of(later.clone()))),
        (Put::Stays, _) => return Ok(None),
    };
    Ok(Some(met).filter(|met| met.is_stopped || Some(&met.row) != then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TABLES;

    /// Whoever adds a table decides.
    #[test]
    fn every_table_is_decided() {
        let undecided: Vec<&str> = TABLES.iter().filter(|table| of(table).is_none()).map(|table| table.name).collect();
        assert!(undecided.is_empty(), "what a restore to an earlier time does with rows of {undecided:?}");
    }
}
