//! A right body with one thing wrong.

use serde_json::{Value, json};

use super::right::Right;

/// A body that is refused.
pub(super) struct Wrong {
    pub(super) what: &'static str,
    /// Where in the body; empty where it is the whole.
    pub(super) pointer: String,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

const JSON: &str = "application/json";
/// Stands where text is put that no `Value` can be.
const HERE: &str = "@@HERE@@";

/// Everything that is tried of a body.
pub(super) fn bodies(right: &Right) -> Vec<Wrong> {
    let mut wrong = whole(right);
    for pointer in objects(right) {
        wrong.extend(unknown_members(right, &pointer));
    }
    for (pointer, value) in values(right) {
        wrong.extend(wrong_types(right, &pointer, &value));
        wrong.extend(wrong_json(right, &pointer, &value));
        if value.is_string() {
            wrong.extend(wrong_texts(right, &pointer));
        }
    }
    wrong
}

/// The objects of a body whose members have fixed names.
pub(super) fn objects(right: &Right) -> Vec<String> {
    let inner = values(right).into_iter().filter(|(pointer, value)| value.is_object() && !is_map(pointer)).map(|(pointer, _)| pointer);
    std::iter::once(String::new()).chain(inner).collect()
}

/// The greatest and smallest numbers that can be read, at each place of a number.
pub(super) fn greatest(right: &Right) -> Vec<(String, Vec<Vec<u8>>)> {
    let numbers = values(right).into_iter().filter(|(_, value)| value.is_number());
    let with =
        |pointer: &str| [i64::MAX, i64::MAX - 1, i64::MAX / 1_000_000 + 1, i64::MIN].map(|number| set(right, pointer, json!(number)));
    numbers.map(|(pointer, _)| (pointer.clone(), with(&pointer).into())).collect()
}

fn whole(right: &Right) -> Vec<Wrong> {
    let good = right.body.to_string();
    let positional: Vec<&Value> = right.body.as_object().unwrap().values().collect();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let json = [
        ("no JSON", "{".to_owned()),
        ("words", "name=x".to_owned()),
        ("an array", "[]".to_owned()),
        ("an array of it", format!("[{good}]")),
        ("an array of its values", serde_json::to_string(&positional).unwrap()),
        ("an array of nothing", format!("[{}]", vec!["null"; 24].join(","))),
        ("null", "null".to_owned()),
        ("a text", format!("{good:?}")),
        ("a number", "7".to_owned()),
        ("more behind it", format!("{good}{{}}")),
        ("a mark before it", format!("\u{feff}{good}")),
        ("a comment", format!("/**/{good}")),
        ("deep", deep.clone()),
        ("deep objects", format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))),
        ("1 MB more", format!("{good}{}", " ".repeat(1 << 20))),
    ];
    let json = json.into_iter().map(|(what, body)| (what, JSON, body.into_bytes()));
    let types =
        ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json", "multipart/form-data; boundary=x"];
    let typed = types.into_iter().map(|content_type| ("another content type", content_type, good.clone().into_bytes()));
    let bytes = [("no UTF-8", JSON, b"{\"name\":\"\xff\xfe\"}".to_vec()), ("UTF-16", JSON, b"\xff\xfe{\0}\0".to_vec())];
    json.chain(typed).chain(bytes).map(|(what, content_type, body)| Wrong { what, pointer: String::new(), content_type, body }).collect()
}

fn unknown_members(right: &Right, pointer: &str) -> Vec<Wrong> {
    let names =
        ["zz".to_owned(), String::new(), "a\u{202e}b".to_owned(), "\u{1b}[2J".to_owned(), "\u{9b}2J".to_owned(), "z".repeat(10_240)];
    let with = |name: String| {
        let mut body = right.body.clone();
        body.pointer_mut(pointer).unwrap()[name] = json!(1);
        wrong("an unknown member", pointer, body.to_string().into_bytes())
    };
    names.into_iter().map(with).collect()
}

fn wrong_types(right: &Right, pointer: &str, value: &Value) -> Vec<Wrong> {
    let others = [json!("x\u{202e}"), json!(7), json!(1.5), json!(true), json!([]), json!([[1]]), json!({}), json!({"zz": {}})];
    let is_other = |other: &Value| match value {
        Value::String(_) => !(other.is_string() || right.is_time(pointer) && other.is_number()),
        Value::Number(_) => !(other.is_u64() || right.is_time(pointer) && other.is_string()),
        Value::Bool(_) => !other.is_boolean(),
        Value::Array(_) => *other != json!([]),
        Value::Object(_) => !other.is_object(),
        Value::Null => true,
    };
    let mut wrongs: Vec<Wrong> =
        others.into_iter().filter(is_other).map(|other| wrong("another type", pointer, set(right, pointer, other))).collect();
    if let Some(members) = value.as_object().filter(|_| !is_map(pointer)) {
        let positional: Vec<Value> = members.values().cloned().collect();
        wrongs.push(wrong("an array of its values", pointer, set(right, pointer, json!(positional))));
    }
    wrongs
}

fn wrong_json(right: &Right, pointer: &str, value: &Value) -> Vec<Wrong> {
    let good = value.to_string();
    let name = json!(pointer.rsplit('/').next().unwrap_or_default()).to_string();
    let mut raw = vec![
        ("a lone surrogate", "\"\\ud800\"".to_owned()),
        ("surrogates in the wrong order", "\"\\udc00\\ud800\"".to_owned()),
        ("deep", format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("no number", "NaN".to_owned()),
        ("a number without end", "1e400".to_owned()),
        ("a text without end", "\"x".to_owned()),
        ("a raw control character", "\"\u{1b}[2J\"".to_owned()),
    ];
    if pointer.rsplit('/').next().is_none_or(|last| last.parse::<usize>().is_err()) {
        raw.push(("twice", format!("{good},{name}:{good}")));
        raw.push((
            "twice, once by an escape",
            format!("{good},\"\\u{:04x}{}\":{good}", u32::from(name.as_bytes()[1]), &name[2..name.len() - 1]),
        ));
    }
    if value.is_number() {
        let numbers = ["9223372036854775808", "18446744073709551616", "-9223372036854775809", "99999999999999999999999999", "1e19", "1.5"];
        raw.extend(numbers.map(|number| ("beyond what counts", number.to_owned())));
        raw.push(("negative", "-1".to_owned()));
        raw.push(("as text", format!("\"{good}\"")));
    }
    raw.retain(|(what, _)| !(right.is_time(pointer) && *what == "as text"));
    raw.into_iter().map(|(what, text)| wrong(what, pointer, raw_at(right, pointer, &text))).collect()
}

fn wrong_texts(right: &Right, pointer: &str) -> Vec<Wrong> {
    let texts = [
        ("1 MB", "x".repeat(1 << 20)),
        ("60 KB", "x".repeat(60_000)),
        ("60 KB of marks", "\u{202e}".repeat(20_000)),
        ("a zero", "a\u{0}b".to_owned()),
        ("a newline", "a\r\nb".to_owned()),
        ("an escape", "a\u{1b}[2Jb".to_owned()),
        ("a title for the terminal", "\u{1b}]0;x\u{7}".to_owned()),
        ("a C1 control", "a\u{9b}2Jb".to_owned()),
        ("the direction of writing", "a\u{202e}b".to_owned()),
        ("an isolate", "a\u{2066}b".to_owned()),
        ("an Arabic mark", "a\u{61c}b".to_owned()),
    ];
    texts.into_iter().map(|(what, text)| wrong(what, pointer, set(right, pointer, json!(text)))).collect()
}

pub(super) fn wrong(what: &'static str, pointer: &str, body: Vec<u8>) -> Wrong {
    Wrong { what, pointer: pointer.to_owned(), content_type: JSON, body }
}

/// The body with another value at a place.
pub(super) fn set(right: &Right, pointer: &str, value: Value) -> Vec<u8> {
    let mut body = right.body.clone();
    *body.pointer_mut(pointer).unwrap() = value;
    body.to_string().into_bytes()
}

fn raw_at(right: &Right, pointer: &str, text: &str) -> Vec<u8> {
    let body = String::from_utf8(set(right, pointer, json!(HERE))).unwrap();
    body.replace(&format!("\"{HERE}\""), text).into_bytes()
}

/// All values of a body with their places; what is below a key set is a client's own affair (RFC 7517 section 4).
pub(super) fn values(right: &Right) -> Vec<(String, Value)> {
    let mut found = vec![];
    below(&right.body, "", &mut found);
    found
}

fn below(value: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => vec![],
    };
    for (name, value) in children {
        let pointer = format!("{pointer}/{name}");
        found.push((pointer.clone(), value.clone()));
        if !pointer.ends_with("/jwks") {
            below(value, &pointer, found);
        }
    }
}

/// Whether an object's names are the caller's.
pub(super) fn is_map(pointer: &str) -> bool {
    ["/scopes", "/metadata", "/jwks", "/claims", "/attributes", "/roles"].iter().any(|map| pointer.ends_with(map))
}
