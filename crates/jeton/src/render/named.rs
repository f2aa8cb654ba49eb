use serde_json::Value;

/// Each text of an object: claims with their sources, attributes with what they are.
pub(super) fn named(thing: &Value, object: &str) -> impl Iterator<Item = String> {
    let texts = thing.get(object).and_then(Value::as_object).into_iter().flatten();
    texts.map(|(name, text)| format!("{name} = {}", text.as_str().unwrap_or_default()))
}
