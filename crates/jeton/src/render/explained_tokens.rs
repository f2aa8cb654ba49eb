//! A token, explained.

use serde_json::Value;

use super::explanation::{decision, ending, hanging, not_ours, paragraph, section, statements};
use super::text::member;
use super::tokens;
use super::view::View;

/// Why a token is accepted or refused, what it could reach, what was said of it; or what a text is that is none of ours.
pub(crate) fn explained(explained: &Value, view: &View) -> String {
    if explained.get("is_ours").and_then(Value::as_bool) != Some(true) {
        return not_ours(explained, "token", view);
    }
    let mut text = decision(explained, "token", view);
    text.push_str(&ending(explained, view));
    if explained.get("is_proven").and_then(Value::as_bool) == Some(false) {
        text.push_str(&paragraph("Nothing vouches for the text: this is the token whose id it says it has.", view));
    }
    text.push('\n');
    text.push_str(&tokens::show(explained, view));
    text.push_str(&section("How it came to be:", &[issued(explained, view)]));
    text.push_str(&section("What it could reach:", &[reach(explained, view)]));
    text.push_str(&section("What was said of it and of what it belongs to:", &statements(explained, view)));
    if explained.get("is_complete").and_then(Value::as_bool) == Some(false) {
        text.push_str("\nThe search took too long and was ended: some of this is missing.\n");
    }
    text
}

fn issued(explained: &Value, view: &View) -> String {
    let by = match member(explained, "issued_by") {
        by if by.is_empty() => "to its client, which asked for it".to_owned(),
        by => format!("to its client by {by}"),
    };
    let entry = match member(explained, "sequence") {
        sequence if sequence.is_empty() => "; its row has left with its time".to_owned(),
        sequence => format!("; entry {sequence} of the ledger"),
    };
    hanging("issued", &format!("{by}{entry}"), view)
}

fn reach(explained: &Value, view: &View) -> String {
    let (audience, scope) = (member(explained, "audience"), member(explained, "scope"));
    let audience = if audience.is_empty() { "an API that is gone".to_owned() } else { audience };
    let scope = if scope.is_empty() { "no scope".to_owned() } else { scope };
    let (from, to) = (member(explained, "issued_at"), member(explained, "expires_at"));
    hanging("reach", &format!("{audience}: {scope}, from {from} to {to} at most"), view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn said(value: &Value) -> String {
        let text = explained(value, &VIEW);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        anstream::adapter::strip_str(&text).to_string()
    }

    fn token(decided: Value, ends: Value) -> Value {
        json!({
            "is_ours": true, "id": "019967c5a3807d2f8e51b0a4c3d2e1f0", "standing": "revoked", "client_name": "worker",
            "client_id": "client_0123456789abcdefghij", "audience": "https://orders.example", "scope": "orders:read", "format": "opaque",
            "issued_at": "2026-09-21T14:11:20Z", "expires_at": "2026-09-21T15:11:20Z", "issued_by": "unix:1000", "sequence": 41,
            "decided_by": decided, "ends_by": ends,
            "statements": [
                {"what": "suspended", "at": "2026-09-21T14:12:00Z", "by": "unix:1000", "sequence": 42},
                {"what": "lifetime_lowered", "seconds": 900, "before": "2026-09-21T14:12:21Z", "at": "2026-09-21T14:12:20Z", "by": "unix:0", "sequence": 44},
            ],
            "is_complete": false,
        })
    }

    #[test]
    fn a_token_that_was_revoked() {
        let decided = json!({"rule": "revoked", "by": "unix:1000", "at": "2026-09-21T14:12:30Z"});
        let text = said(&token(decided, json!({"at": "2026-09-21T15:11:20Z", "cause": "as_issued"})));
        assert!(text.starts_with("Refused for ever: revoked by unix:1000 at 2026-09-21T14:12:30Z"), "{text}");
        for expected in [
            "How it came to be:\n  issued  to its client by unix:1000; entry 41 of the ledger\n",
            "What it could reach:\n  reach  https://orders.example: orders:read, from",
            "  2026-09-21T14:12Z  suspended by unix:1000\n",
            "tokens of this API from before 2026-09-21T14:12:21Z live 15",
            "some of this is missing",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn all_of_it() {
        let decided = json!({"rule": "revoked", "by": "unix:1000", "at": "2026-09-21T14:12:30Z", "why": "case 4711"});
        let token = token(decided, json!({"at": "2026-09-21T15:11:20Z", "cause": "as_issued"}));
        // The token itself is shown as everywhere.
        let (whole, token) = (said(&token), tokens::show(&token, &VIEW));
        assert!(whole.contains(&token), "{whole}");
        insta::assert_snapshot!(whole.replace(&token, "(the token)\n"), @"
        Refused for ever: revoked by unix:1000 at 2026-09-21T14:12:30Z (50 s ago): case
        4711.

        (the token)

        How it came to be:
          issued  to its client by unix:1000; entry 41 of the ledger

        What it could reach:
          reach  https://orders.example: orders:read, from 2026-09-21T14:11:20Z to
                 2026-09-21T15:11:20Z at most

        What was said of it and of what it belongs to:
          2026-09-21T14:12Z  suspended by unix:1000
          2026-09-21T14:12Z  tokens of this API from before 2026-09-21T14:12:21Z live 15
                             min at most, said by unix:0

        The search took too long and was ended: some of this is missing.
        ");
    }

    #[test]
    fn every_rule_has_its_sentence() {
        let ends = json!({"at": "2026-09-21T14:26:20Z", "cause": "api_lifetime", "seconds": 900, "set_by": "unix:0", "set_at": "2026-09-21T14:12:20Z"});
        let first = |decided: Value| {
            let text = said(&token(decided, ends.clone()));
            text.split("\n\n").next().unwrap_or_default().to_owned()
        };
        let sentences: Vec<String> = [
            json!({"rule": "accepted"}),
            json!({"rule": "suspended", "by": "unix:1000", "at": "2026-09-21T14:12:30Z", "why": "leaked"}),
            json!({"rule": "cut_off", "subject": "api", "name": "https://orders.example", "before": "2026-09-21T14:12:30Z", "by": "unix:1000", "at": "2026-09-21T14:12:29Z"}),
            json!({"rule": "cut_off"}),
            json!({"rule": "signing_key_revoked", "signing_key": "aQfIqdSbs7nHQvIhQqRHpg", "by": "unix:1000", "at": "2026-09-21T14:12:29Z"}),
            json!({"rule": "expired", "at": "2026-09-21T14:26:20Z"}),
            json!({"rule": "idle", "seconds": 2_592_000, "level": "table", "is_final": false}),
            json!({"rule": "idle", "seconds": 2_592_000, "level": "api", "is_final": true}),
            json!({"rule": "owner_gone"}),
            json!({"rule": "owner_disabled"}),
            json!({"rule": "api_gone"}),
            json!({"rule": "client_gone"}),
            json!({"rule": "subject_suspended"}),
            json!({"rule": "subject_suspended", "subject": "client", "name": "client_0123456789abcdefghij", "by": "unix:1000", "at": "2026-09-21T14:12:29Z"}),
            json!({"rule": "not_yet", "at": "2026-09-21T15:26:20Z"}),
        ]
        .into_iter()
        .map(first)
        .collect();
        let refused = |sentence: &&String| sentence.starts_with("Refused");
        assert_eq!(
            (sentences[0].starts_with("Accepted"), sentences.iter().filter(refused).count()),
            (true, sentences.len() - 1),
            "{sentences:#?}"
        );
        assert!(
            sentences
                .iter()
                .any(|sentence| sentence.replace('\n', " ").contains("because the lifetime of its API's tokens was lowered to 15 min"))
        );
    }

    #[test]
    fn texts_of_others() {
        let said = |looks: &str| {
            said(
                &json!({"is_ours": false, "looks": looks, "kind": "api_key", "made_at": "2026-09-21T14:11:20Z", "says_issuer": "https://other.example", "says_signing_key": "aQfIqdSbs7nHQvIhQqRHpg"}),
            )
        };
        let all: Vec<String> =
            ["damaged", "not_made_here", "left", "no_jwt", "other_issuer", "unknown_key", "revoked_key", "not_signed", "foreign"]
                .map(said)
                .into();
        assert!(all.iter().all(|text| text.starts_with("This is no token of this server. It")), "{all:#?}");
    }
}
