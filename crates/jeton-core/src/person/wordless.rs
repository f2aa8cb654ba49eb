//! What somebody wrote in their own words is taken out of what is told and put once more, where the entry that first told it was erased.

use serde_json::{Map, Value as Json};

use crate::record::{Row, Table, Value};
use crate::why::{Because, Why};

/// What stands where words stood.
const ERASED: &str = "erased";

/// What an entry of this kind and payload says without anybody's words; `None`: nothing that may be told.
#[must_use]
pub fn payload(kind: &str, payload: &[u8]) -> Option<Vec<u8>> {
    // These say what somebody is called, and nothing else.
    if matches!(kind, "user.created" | "user.updated") {
        return None;
    }
    let mut members: Map<String, Json> = serde_json::from_slice(payload).ok()?;
    for (name, instead) in [("why", Why::Unspecified.name()), ("reason", ERASED)] {
        if let Some(Json::String(said)) = members.get_mut(name).filter(|said| said.as_str().is_some_and(are_words)) {
            instead.clone_into(said);
        }
    }
    if let Some(Json::String(owner)) = members.get_mut("owner")
        && !["user:", "group:", "client:"].iter().any(|kind| owner.starts_with(kind))
    {
        *owner = if owner.starts_with("external:") { format!("external:{ERASED}") } else { ERASED.to_owned() };
    }
    serde_json::to_vec(&members).ok()
}

/// A row without the words of why it is as it is.
#[must_use]
pub fn row(table: &Table, row: &Row) -> Row {
    let value = |(column, said): (&str, &Value)| match said.as_text() {
        Some(text) if column == "state_why" && are_words(text) => Value::text(Why::Unspecified.name()),
        Some(_) if table.name == "policy_exception" && matches!(column, "owner" | "reason") => Value::text(ERASED),
        _ => said.clone(),
    };
    table.columns.iter().map(|column| column.name).zip(row).map(value).collect()
}

fn are_words(text: &str) -> bool {
    matches!(Because::kept(text), Some(Because::Words(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, said: &str, expected: Option<&str>) {
        let left = payload(kind, said.as_bytes()).map(|left| String::from_utf8(left).unwrap());
        assert_eq!(left.as_deref(), expected);
    }

    #[test]
    fn words_go_and_what_was_done_stays() {
        check("api_key.revoked", r#"{"key":"k","why":"Ada left"}"#, Some(r#"{"key":"k","why":"unspecified"}"#));
        check("api_key.revoked", r#"{"key":"k","why":"leaked"}"#, Some(r#"{"key":"k","why":"leaked"}"#));
        check("policy_exception.created", r#"{"owner":"Ada","reason":"trip"}"#, Some(r#"{"owner":"erased","reason":"erased"}"#));
        check("credential.reported", r#"{"owner":"external:ada"}"#, Some(r#"{"owner":"external:erased"}"#));
        check("api_key.revoked", r#"{"owner":"user:user_1"}"#, Some(r#"{"owner":"user:user_1"}"#));
        check("user.updated", r#"{"user":"user_1"}"#, None);
    }

    #[test]
    fn a_row_keeps_its_reason_and_not_its_words() {
        let table = &crate::client::secret::TABLE;
        let of = |why: &str| -> Row {
            let value = |name: &str| if name == "state_why" { Value::text(why) } else { Value::Int(1) };
            table.columns.iter().map(|column| value(column.name)).collect()
        };
        assert_eq!(row(table, &of("Ada left")), of("unspecified"));
        assert_eq!(row(table, &of("leaked")), of("leaked"));
    }
}
