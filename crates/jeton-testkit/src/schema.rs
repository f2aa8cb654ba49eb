//! Whether a value is what a schema says: the part of JSON Schema that the document of the management API uses, and no member beyond.

use serde_json::{Map, Value};

/// What says nothing of a value.
const SILENT: &[&str] =
    &["$schema", "title", "description", "default", "format", "examples", "deprecated", "minLength", "maxLength", "pattern"];

/// Whether a value is what a schema says.
///
/// # Errors
/// Where it is not, or where the schema uses what is not known here.
pub fn fits(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let schema = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(schema) => schema,
        other => return Err(format!("{place}: the schema is {other}")),
    };
    for (keyword, said) in schema {
        match keyword.as_str() {
            "$ref" => {
                let target = said.as_str().and_then(|pointer| document.pointer(pointer.strip_prefix('#')?));
                fits(document, target.ok_or_else(|| format!("{said} leads nowhere"))?, value, place)?;
            }
            "type" => is_of(said, value).then_some(()).ok_or_else(|| format!("{place} is {value} and should be {said}"))?,
            "enum" => contains(said, value).then_some(()).ok_or_else(|| format!("{place} is {value} and should be one of {said}"))?,
            "const" => (said == value).then_some(()).ok_or_else(|| format!("{place} is {value} and should be {said}"))?,
            "minimum" | "maximum" => {
                in_bounds(keyword, said, value).then_some(()).ok_or_else(|| format!("{place} is {value}: {keyword} {said}"))?
            }
            "required" => required(said, value, place)?,
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(document, said, item, &format!("{place}[{number}]"))?;
                }
            }
            "properties" => properties(document, schema, value, place)?,
            "additionalProperties" => additional(document, schema, said, value, place)?,
            "allOf" => said.as_array().into_iter().flatten().try_for_each(|part| fits(document, part, value, place))?,
            "anyOf" | "oneOf" => {
                let parts: Vec<_> = said.as_array().into_iter().flatten().map(|part| fits(document, part, value, place)).collect();
                if !parts.iter().any(Result::is_ok) {
                    return Err(parts.into_iter().filter_map(Result::err).collect::<Vec<_>>().join("; or "));
                }
            }
            silent if SILENT.contains(&silent) => {}
            unknown => return Err(format!("{place}: the keyword `{unknown}` is not known to this check: teach it")),
        }
    }
    Ok(())
}

fn is_of(said: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match said {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        name => name.as_str().is_some_and(is),
    }
}

fn contains(said: &Value, value: &Value) -> bool {
    said.as_array().is_some_and(|values| values.contains(value))
}

fn in_bounds(keyword: &str, said: &Value, value: &Value) -> bool {
    match (value.as_f64(), said.as_f64()) {
        (Some(value), Some(bound)) => (keyword == "minimum" && value >= bound) || (keyword == "maximum" && value <= bound),
        _ => true,
    }
}

fn required(said: &Value, value: &Value, place: &str) -> Result<(), String> {
    let missing = |name: &&str| value.as_object().is_some_and(|object| !object.contains_key(*name));
    match said.as_array().into_iter().flatten().filter_map(Value::as_str).find(missing) {
        Some(name) => Err(format!("{place} has no `{name}`: {value}")),
        None => Ok(()),
    }
}

/// Each member is what is said of it; and where nothing is said of others, there are none.
fn properties(document: &Value, schema: &Map<String, Value>, value: &Value, place: &str) -> Result<(), String> {
    let known = schema.get("properties").and_then(Value::as_object);
    let is_whole = !["additionalProperties", "allOf", "anyOf", "oneOf"].iter().any(|keyword| schema.contains_key(*keyword));
    for (name, member) in value.as_object().into_iter().flatten() {
        match known.and_then(|known| known.get(name)) {
            Some(said) => fits(document, said, member, &format!("{place}.{name}"))?,
            None if is_whole => return Err(format!("{place} has `{name}`, and the document has not")),
            None => {}
        }
    }
    Ok(())
}

fn additional(document: &Value, schema: &Map<String, Value>, said: &Value, value: &Value, place: &str) -> Result<(), String> {
    let known = schema.get("properties").and_then(Value::as_object);
    let others = value.as_object().into_iter().flatten().filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)));
    for (name, member) in others {
        match said {
            Value::Bool(false) => return Err(format!("{place} has `{name}`, and the document has not")),
            said => fits(document, said, member, &format!("{place}.{name}"))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: &Value, value: &Value, expected: &str) {
        let document = json!({"components": {"schemas": {"A": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 0}}, "required": ["a"]}}}});
        match fits(&document, schema, value, "it") {
            Ok(()) => assert!(expected.is_empty(), "{schema} took {value}"),
            Err(found) => assert!(!expected.is_empty() && found.contains(expected), "{schema} {value}: {found}"),
        }
    }

    #[test]
    fn values_and_schemas() {
        let a = json!({"$ref": "#/components/schemas/A"});
        check(&a, &json!({"a": 1}), "");
        check(&a, &json!({"a": -1}), "minimum");
        check(&a, &json!({"a": 1.5}), "should be");
        check(&a, &json!({"a": null}), "should be");
        check(&a, &json!({}), "no `a`");
        check(&a, &json!({"a": 1, "b": 1}), "has `b`");
        check(&json!({"$ref": "#/nowhere"}), &json!(1), "leads nowhere");
        check(&json!({"type": ["string", "null"]}), &json!(null), "");
        check(&json!({"anyOf": [a, {"type": "null"}]}), &json!(null), "");
        check(&json!({"anyOf": [a, {"type": "null"}]}), &json!("x"), "; or ");
        check(&json!({"type": "array", "items": a}), &json!([{"a": 1}, {}]), "it[1]");
        check(&json!({"type": "object", "additionalProperties": {"type": "string"}}), &json!({"x": 1}), "it.x");
        check(&json!({"enum": ["x"]}), &json!("y"), "one of");
        check(&json!({"patternProperties": {}}), &json!({}), "teach it");
    }
}
