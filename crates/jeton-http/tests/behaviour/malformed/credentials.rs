//! A right body with a credential in one of its texts; those that are there to hand one over are named here.

use serde_json::{Value, json};

use super::furnished::Furnished;
use super::name_of;
use super::right::Right;
use super::wrong::{Wrong, is_map, set, values, wrong};

/// The members that hand a credential over, and the one that is only compared.
const HANDED_OVER: &[(&str, &str)] = &[
    ("PUT /users/{user}/password", "/password"),
    // A provider may be another Jeton.
    ("POST /providers", "/client_secret"),
    ("PATCH /providers/{provider}", "/client_secret"),
    ("POST /keys/lookup", "/key"),
    ("POST /keys/explain", "/key"),
    ("POST /keys/verify", "/key"),
    ("POST /keys/verify", "/scope"),
    ("POST /tokens/introspect", "/token"),
    ("POST /tokens/explain", "/token"),
    ("POST /revocations", "/token"),
    ("POST /suspensions", "/token"),
    ("POST /resumptions", "/token"),
];

/// Everything that is tried of a body.
pub(super) fn bodies(furnished: &Furnished, right: &Right) -> Vec<Wrong> {
    let mut wrongs = vec![];
    for (pointer, value) in values(right) {
        let is_handed_over = HANDED_OVER.contains(&(name_of(right.row).as_str(), &pointer));
        for credential in [&furnished.key, &furnished.token] {
            if let Value::String(text) = &value
                && !is_handed_over
            {
                wrongs.extend(with(text, credential).map(|text| wrong("a credential", &pointer, set(right, &pointer, json!(text)))));
            }
            if let Value::Object(members) = &value
                && is_map(&pointer)
            {
                let mut members = members.clone();
                members.insert(credential.clone(), json!("x"));
                wrongs.push(wrong("a credential for a name", &pointer, set(right, &pointer, Value::Object(members))));
            }
        }
    }
    wrongs
}

/// A text that would be right but for the credential in it, as far as a text of its kind may be longer.
fn with(text: &str, credential: &str) -> [String; 6] {
    [
        credential.to_owned(),
        format!("{text} {credential}"),
        format!("{text}/{credential}"),
        format!("{text}={credential}"),
        format!("found `{credential}` in a ticket"),
        format!("it was {credential}."),
    ]
}
