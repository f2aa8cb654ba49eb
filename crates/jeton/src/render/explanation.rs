//! What explanations of keys and tokens have in common: which rule decides, when the end comes, what was said.

use serde_json::Value;

use super::fold::wrap;
use super::relative::{length, with_distance};
use super::text::member;
use super::view::View;
use super::why::after_colon;

/// Which rule decides, in a sentence.
pub(crate) fn decision(explained: &Value, noun: &str, view: &View) -> String {
    let Some(decided) = explained.get("decided_by") else { return String::new() };
    let said = said(decided, view);
    let sentence = match member(decided, "rule").as_str() {
        "accepted" => "Accepted: nothing speaks against it.".to_owned(),
        "revoked" => format!("Refused for ever: revoked{said}."),
        "suspended" => format!("Refused until it is resumed: suspended{said}."),
        "cut_off" if member(decided, "before").is_empty() => "Refused for ever: a cut-off reaches it.".to_owned(),
        "cut_off" => format!(
            "Refused for ever: everything {} from before {} was cut off{said}.",
            of_subject(decided),
            with_distance(&member(decided, "before"), view.now_seconds)
        ),
        "subject_suspended" if member(decided, "subject").is_empty() => {
            "Refused until it is resumed: what it belongs to is suspended.".to_owned()
        }
        "subject_suspended" => format!("Refused until that is resumed: everything {} is suspended{said}.", of_subject(decided)),
        "signing_key_revoked" => {
            format!("Refused for ever: the key that signed it, {}, was revoked{said}.", member(decided, "signing_key"))
        }
        "expired" => {
            format!("Refused: it expired at {}{}.", with_distance(&member(decided, "at"), view.now_seconds), cause(explained, view))
        }
        "idle" => idle(decided),
        "owner_gone" => "Refused for ever: its owner is gone.".to_owned(),
        "no_access" => {
            "Refused for now: its client may not ask for this API. `jeton client update CLIENT --audience URI` lets it.".to_owned()
        }
        "owner_disabled" => "Refused until its owner is enabled: they are disabled.".to_owned(),
        "api_gone" => "Refused for ever: the API that it was for is gone.".to_owned(),
        "client_gone" => "Refused for ever: the client that held it is gone.".to_owned(),
        "ip_denied" => format!("Refused from {}: no network of it has that address.", member(decided, "client_ip")),
        "not_yet" => format!("Refused for now: it may be used from {} on.", with_distance(&member(decided, "at"), view.now_seconds)),
        rule => format!("This {noun} is decided over by a rule that this program does not know: {rule}."),
    };
    paragraph(&sentence, view)
}

/// Why it will end when it does; nothing where it ends as it was issued.
pub(crate) fn ending(explained: &Value, view: &View) -> String {
    let (why, at) = (cause(explained, view), member(explained.get("ends_by").unwrap_or(&Value::Null), "at"));
    let is_over = explained.pointer("/decided_by/rule").and_then(Value::as_str) == Some("expired");
    if why.is_empty() || is_over { String::new() } else { paragraph(&format!("It ends at {at}{why}."), view) }
}

/// What was said of it and of what it belongs to, a line each.
pub(crate) fn statements(explained: &Value, view: &View) -> Vec<String> {
    let told = explained.get("statements").and_then(Value::as_array).into_iter().flatten();
    told.map(|statement| dated(&member(statement, "at"), &format!("{} by {}", words(statement), member(statement, "by")), view)).collect()
}

/// A text that is nothing of ours, in sentences.
pub(crate) fn not_ours(looked: &Value, noun: &str, view: &View) -> String {
    let kind = member(looked, "kind").replace('_', " ");
    let sentence = match member(looked, "looks").as_str() {
        "damaged" => "It begins like a credential of this server, but is mistyped, cut or altered: its checksum does not hold. Copy it again, whole.".to_owned(),
        "not_made_here" => format!("It is a whole {kind}, but was not made here: by another deployment with the same prefix, or under a root key that this server does not have."),
        "left" => left(looked, &kind, noun, view),
        "no_jwt" => "It has three parts with dots between them, but is no JWT that is read here: `jeton jwt decode -` says what is wrong with it.".to_owned(),
        "other_issuer" if member(looked, "says_issuer").is_empty() => "It is a JWT that names no issuer: not one of this server.".to_owned(),
        "other_issuer" => format!("It is a JWT of somebody else: it says that {} issued it.", member(looked, "says_issuer")),
        "unknown_key" => format!("It says that it is of this server, but the key that it names, {}, is not known here: it has left, or somebody made the token up.", member(looked, "says_signing_key")),
        "revoked_key" => format!("It says that the key {} signed it, which was revoked: nothing vouches for it, and no token is kept with the id that it says it has.", member(looked, "says_signing_key")),
        "not_signed" => "It says that it is of this server and names one of its keys, but that key did not sign it, or what it signed is no access token: it was altered or made up.".to_owned(),
        _ => "It looks like nothing that this server makes.".to_owned(),
    };
    let head = paragraph(&format!("This is no {noun} of this server. {sentence}"), view);
    match member(looked, "id") {
        id if id.is_empty() => head,
        id => format!("{head}\nIts id, as it says: {id}\n"),
    }
}

/// A heading and lines below it; nothing where there are none.
pub(crate) fn section(heading: &str, lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\n{heading}\n{}", lines.concat()) }
}

/// What happened at a time, on lines that fit.
pub(crate) fn dated(at: &str, words: &str, view: &View) -> String {
    let when = at.get(..16).map_or_else(|| at.to_owned(), |minute| format!("{minute}Z"));
    hanging(&when, words, view)
}

/// A label, and words beside it on lines that fit.
pub(crate) fn hanging(label: &str, words: &str, view: &View) -> String {
    let indent = label.chars().count() + 4;
    let mut text = String::new();
    for (place, part) in wrap(words, view.width.saturating_sub(indent).max(20)).iter().enumerate() {
        let label = if place == 0 { label } else { "" };
        text.push_str(&format!("  {label:width$}  {part}\n", width = indent - 4));
    }
    text
}

/// Sentences on lines that fit.
pub(crate) fn paragraph(text: &str, view: &View) -> String {
    format!("{}\n", wrap(text, view.width).join("\n"))
}

/// ` by WHO at WHEN: why`, as far as that is known.
fn said(told: &Value, view: &View) -> String {
    let (by, at) = (member(told, "by"), member(told, "at"));
    if by.is_empty() {
        return String::new();
    }
    format!(" by {by} at {}{}", with_distance(&at, view.now_seconds), after_colon(told))
}

fn words(told: &Value) -> String {
    match member(told, "what").as_str() {
        "cut_off" => format!("everything {} from before {} cut off", of_subject(told), member(told, "before")),
        "lifetime_lowered" => format!(
            "tokens of this API from before {} live {} at most, said",
            member(told, "before"),
            length(told.get("seconds").and_then(Value::as_i64).unwrap_or(0))
        ),
        "signing_key_revoked" => format!("the signing key {} revoked", member(told, "signing_key")),
        "subject_suspended" => format!("everything {} suspended", of_subject(told)),
        "subject_resumed" => format!("everything {} resumed", of_subject(told)),
        what => what.replace('_', " "),
    }
}

fn of_subject(told: &Value) -> String {
    let called = Some(member(told, "called")).filter(|called| !called.is_empty());
    match (member(told, "subject").as_str(), called.unwrap_or_else(|| member(told, "name"))) {
        ("everything" | "", _) => "of this server".to_owned(),
        ("api", name) => format!("for {name}"),
        (subject, name) => format!("of the {subject} {name}"),
    }
}

fn idle(decided: &Value) -> String {
    let seconds = decided.get("seconds").and_then(Value::as_i64).unwrap_or(0);
    let rule = match member(decided, "level").as_str() {
        "table" => "as is built in".to_owned(),
        level => format!("as the policy of the {level} says"),
    };
    if decided.get("is_final").and_then(Value::as_bool) == Some(true) {
        format!("Refused for ever: nobody used it for twice {}, {rule}.", length(seconds))
    } else {
        format!("Refused until it is resumed: nobody used it for {}, {rule}.", length(seconds))
    }
}

/// `, because …`: why the end lies where it does; empty where it is as issued.
fn cause(explained: &Value, view: &View) -> String {
    let Some(ends) = explained.get("ends_by") else { return String::new() };
    let lives = length(ends.get("seconds").and_then(Value::as_i64).unwrap_or(0));
    let set = match (member(ends, "set_by"), member(ends, "set_at")) {
        (by, _) if by.is_empty() => String::new(),
        (by, at) => format!(", set by {by} at {}", with_distance(&at, view.now_seconds)),
    };
    match member(ends, "cause").as_str() {
        "exception" => format!(", because its exception from the maximum ends then ({})", member(ends, "exception")),
        "policy" if member(ends, "level") == "table" => format!(", because nothing of its kind may live longer than {lives}"),
        "policy" => format!(", because the policy of the {} lets it live {lives}{set}", member(ends, "level")),
        "api_lifetime" => format!(", because the lifetime of its API's tokens was lowered to {lives}{set}"),
        _ => String::new(),
    }
}

fn left(looked: &Value, kind: &str, noun: &str, view: &View) -> String {
    let made = with_distance(&member(looked, "made_at"), view.now_seconds);
    match (kind, noun) {
        ("api key" | "personal access token", "token") => format!("It is a key: `jeton key explain -` explains it. It was made at {made}."),
        ("access token", "key") => format!("It is an access token: `jeton token explain -` explains it. It was made at {made}."),
        ("client secret", _) => {
            format!("It is a client's secret, made at {made}: `jeton client secret list CLIENT` shows how those stand.")
        }
        _ => format!("It is a whole {kind} that was made here at {made}, and has left with its time, or was never written."),
    }
}
