//! Tables of keys or people as CSV (RFC 4180), and as JSON: rows of named texts, each with the line that it came from.

use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

use super::failure::Failure;

/// What a table has.
pub(crate) struct Things {
    /// One of them, with its article.
    pub(crate) one: &'static str,
    /// All of them: also the member of an object that has the list.
    pub(crate) many: &'static str,
    /// The column that none goes without.
    pub(crate) needed: &'static str,
    /// A first line, as an example.
    pub(crate) columns: &'static str,
    /// Where all columns are told.
    pub(crate) help: &'static str,
}

/// One row: what is known of one thing.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// Where it begins in the file; in JSON, which of them it is.
    pub(crate) number: u64,
    /// Its members.
    pub(crate) members: Map<String, Value>,
}

/// The longest row of CSV, and the most columns.
const ROW_BYTES: usize = 32 * 1024;
pub(crate) const COLUMNS_MAX: usize = 64;

/// The rows of a file: JSON where it begins as JSON does, else CSV whose first row names the columns. `check` looks at the names of columns
/// before any row.
///
/// # Errors
/// When it is neither, has no row, or what `check` says.
pub(crate) fn read(text: &str, things: &Things, check: impl Fn(&str) -> Result<(), Failure>) -> Result<Vec<Line>, Failure> {
    match text.trim_start().chars().next() {
        Some('[' | '{') => of_json(text, things),
        Some(_) => of_csv(text.strip_prefix('\u{feff}').unwrap_or(text), things, check),
        None => Err(Failure::usage("there is nothing in the input", format!("name a file of {}: `{}`", things.many, things.help))),
    }
}

fn of_json(text: &str, things: &Things) -> Result<Vec<Line>, Failure> {
    let many = things.many;
    let hint = format!("write a list of objects, or an object with the list as `{many}`");
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| Failure::usage(format!("the input is no JSON: {error}"), hint.as_str()))?;
    let list = match value.get_mut(many) {
        Some(list) => list.take(),
        None => value,
    };
    let wanted = || Failure::usage(format!("the input is no list of {many}"), hint.as_str());
    let Value::Array(list) = list else { return Err(wanted()) };
    (1..)
        .zip(list)
        .map(|(number, one)| match one {
            Value::Object(members) => Ok(Line { number, members }),
            _ => Err(wanted()),
        })
        .collect()
}

fn of_csv(text: &str, things: &Things, check: impl Fn(&str) -> Result<(), Failure>) -> Result<Vec<Line>, Failure> {
    let (mut reader, mut rest) = (Reader::new(), text.as_bytes());
    let (mut names, mut lines): (Option<Vec<String>>, Vec<Line>) = (None, vec![]);
    let mut line = 1;
    loop {
        // Empty lines, and what a line's end has left.
        line += skip(&mut rest, |byte| matches!(byte, b'\r' | b'\n'));
        let (number, before) = (line, rest);
        let Some(fields) = record(&mut reader, &mut rest, number)? else { break };
        line += newlines(before.get(..before.len() - rest.len()).unwrap_or_default());
        let Some(names) = &names else {
            names = Some(columns(&fields, things, &check)?);
            continue;
        };
        if fields.len() != names.len() {
            let sentence = format!("line {number} has {} columns, and the first line {}", fields.len(), names.len());
            return Err(Failure::usage(sentence, "give each line as many; a text with a comma stands in \"quotes\""));
        }
        let filled = names.iter().zip(fields).filter(|(_, text)| !text.trim().is_empty());
        let members: Map<String, Value> = filled.map(|(name, text)| (name.clone(), Value::from(text.trim()))).collect();
        lines.push(Line { number, members });
    }
    if lines.is_empty() {
        return Err(Failure::usage(format!("there is no {} below the first line", things.bare()), things.names()));
    }
    Ok(lines)
}

impl Things {
    /// One of them, without an article.
    fn bare(&self) -> &'static str {
        self.one.split_once(' ').map_or(self.one, |(_, bare)| bare)
    }

    /// What the first line is.
    fn names(&self) -> String {
        let Things { one, columns, help, .. } = self;
        format!("the first line names the columns, as `{columns}`, and each line below it is {one}: `{help}`")
    }
}

/// The columns that the first line names.
fn columns(fields: &[String], things: &Things, check: &impl Fn(&str) -> Result<(), Failure>) -> Result<Vec<String>, Failure> {
    // Such as the SHA-256 of a key, or an address.
    let is_value = |field: &String| field.len() == 64 && field.bytes().all(|byte| byte.is_ascii_hexdigit()) || field.contains('@');
    // What stands behind a point is a name of theirs, as `attribute.costCenter`.
    let lowered = |name: &String| match name.trim().split_once('.') {
        Some((column, theirs)) => format!("{}.{theirs}", column.to_lowercase()),
        None => name.trim().to_lowercase(),
    };
    let names: Vec<String> = fields.iter().map(lowered).collect();
    if names.iter().any(is_value) {
        return Err(Failure::usage(format!("the first line is {}, and names no columns", things.one), things.names()));
    }
    if let [only] = names.as_slice()
        && only.contains([';', '\t', '|'])
    {
        return Err(Failure::usage(
            "the first line has one column, and other signs than commas in it",
            format!("put commas between the columns, as `{}`", things.columns),
        ));
    }
    names.iter().try_for_each(|name| check(name))?;
    if !names.iter().any(|name| name == things.needed) {
        return Err(Failure::usage(format!("no column is called `{}`", things.needed), things.names()));
    }
    Ok(names)
}

/// Passes over these bytes, and says how many lines end among them.
fn skip(rest: &mut &[u8], is_passed: fn(u8) -> bool) -> u64 {
    let (passed, left) = rest.split_at(rest.iter().take_while(|byte| is_passed(**byte)).count());
    *rest = left;
    newlines(passed)
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// The next row; `None`: it was the last one.
fn record(reader: &mut Reader, rest: &mut &[u8], number: u64) -> Result<Option<Vec<String>>, Failure> {
    let (mut texts, mut ends) = (vec![0; ROW_BYTES], vec![0; COLUMNS_MAX]);
    let (mut written, mut ended) = (0, 0);
    loop {
        let (to, of) = (texts.get_mut(written..).unwrap_or_default(), ends.get_mut(ended..).unwrap_or_default());
        let (result, read, more, fields) = reader.read_record(rest, to, of);
        *rest = rest.get(read..).unwrap_or_default();
        (written, ended) = (written + more, ended + fields);
        match result {
            // What it has taken is all there is: what follows is the end.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => break,
            ReadRecordResult::End => return Ok(None),
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                let sentence = format!("line {number} has more than {COLUMNS_MAX} columns, or {ROW_BYTES} bytes");
                return Err(Failure::usage(sentence, "look whether a quotation mark is left open"));
            }
        }
    }
    let mut start = 0;
    let mut fields = vec![];
    for end in ends.iter().take(ended) {
        fields.push(String::from_utf8_lossy(texts.get(start..*end).unwrap_or_default()).into_owned());
        start = *end;
    }
    Ok(Some(fields))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const THINGS: Things =
        Things { one: "a key", many: "keys", needed: "sha256", columns: "sha256,owner,name", help: "jeton key import --help" };

    #[track_caller]
    fn check(text: &str, expected: &Value) {
        let lines: Vec<Value> =
            read(text, &THINGS, |_| Ok(())).unwrap().into_iter().map(|line| json!([line.number, line.members])).collect();
        assert_eq!(json!(lines), *expected, "{text}");
    }

    fn no_x(name: &str) -> Result<(), Failure> {
        if name == "x" { Err(Failure::usage("no x", "")) } else { Ok(()) }
    }

    #[track_caller]
    fn refused(text: &str, words: &str) {
        let failure = read(text, &THINGS, no_x).unwrap_err().to_json().to_string();
        assert!(failure.contains(words), "{failure}");
    }

    #[test]
    fn rows() {
        check("sha256,Name\nab,one\n", &json!([[2, {"sha256": "ab", "name": "one"}]]));
        check("\u{feff}SHA256,b\r\n1,\r\n\"x, \"\"y\"\"\nz\",2", &json!([[2, {"sha256": "1"}], [3, {"sha256": "x, \"y\"\nz", "b": "2"}]]));
        check("sha256\n\n1\n", &json!([[3, {"sha256": "1"}]]));
        check(r#" [{"a": 1}, {}]"#, &json!([[1, {"a": 1}], [2, {}]]));
        check(r#"{"keys": [{"a": "x"}]}"#, &json!([[1, {"a": "x"}]]));
        refused("", "nothing in the input");
        refused("sha256,b\n1", "line 2 has 1 columns");
        refused("sha256,b\n", "no key below the first line");
        refused("a", "no column is called `sha256`");
        refused("x", "no x");
        refused(&format!("{}\n", "0a".repeat(32)), "names no columns");
        refused(&format!("acme,{},z\n", "0A".repeat(32)), "names no columns");
        refused("ada@example.org,Ada", "names no columns");
        refused("[1]", "no list of keys");
        refused("{}", "no list of keys");
        refused("[", "no JSON");
        refused(&format!("sha256\n\"{}", "x".repeat(ROW_BYTES + 1)), "quotation mark");
        refused(&",".repeat(COLUMNS_MAX + 1), "more than 64 columns");
    }
}
