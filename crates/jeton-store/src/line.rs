//! Rows, and changes of rows, as lines of JSON: how a backup carries them, whatever engine they come from (`docs/backup-format.md`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::commit::Sequence;
use jeton_core::record::{ColumnKind, Key, Row, Table, Value};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::row::{check_row, key_of};
use crate::table::Schema;

/// A row of a table and the version that its store gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLine {
    /// The table.
    pub table: &'static Table,
    /// The first sequence of the commit that wrote it.
    pub version: Sequence,
    /// The row.
    pub row: Row,
}

impl RowLine {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        key_of(self.table, &self.row)
    }
}

/// What one commit did to the rows of authority and to the negatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The first sequence of the commit.
    pub sequence: Sequence,
    /// Whether it took anything away, whatever it gave beside it.
    pub takes: bool,
    /// The rows it put.
    pub puts: Vec<RowLine>,
    /// The keys it deleted, where there was a row.
    pub deletes: Vec<(&'static Table, Key)>,
    /// The entries whose content it erased.
    pub erases: Vec<Sequence>,
}

/// Why a line cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineError {
    /// It is not a line of this format.
    Syntax(String),
    /// It speaks of a table that this program does not know.
    UnknownTable(String),
    /// The row does not fit its table.
    Misfit(String),
}

impl fmt::Display for LineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::Syntax(detail) => write!(formatter, "a line is not of this format: {detail}"),
            LineError::UnknownTable(name) => write!(formatter, "there is no table `{name}` in this version of Jeton"),
            LineError::Misfit(detail) => formatter.write_str(detail),
        }
    }
}

impl std::error::Error for LineError {}

impl Change {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty() && self.erases.is_empty()
    }

    /// As one line, without its end.
    ///
    /// # Errors
    /// None that a change of a store can meet: memory is all it writes to.
    pub fn to_line(&self) -> Result<String, LineError> {
        let deletes = self.deletes.iter().map(|(table, key)| DeletedShown { table: table.name, key: Values(key) }).collect();
        let puts = self.puts.iter().map(|put| RowShown::of(put.table, put.version, &put.row)).collect();
        let change = ChangeShown { change: self.sequence, takes: self.takes, puts, deletes, erases: &self.erases };
        serde_json::to_string(&change).map_err(|error| LineError::Syntax(error.to_string()))
    }

    /// The sequence that a line begins with; `None` where it is no change's.
    #[must_use]
    pub fn sequence_of(line: &str) -> Option<Sequence> {
        let number = line.strip_prefix("{\"change\":")?;
        number.get(..number.find(|letter: char| !letter.is_ascii_digit())?)?.parse().ok()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(schema: &Schema, line: &str) -> Result<Change, LineError> {
        let change: ChangePlain = serde_json::from_str(line).map_err(|error| LineError::Syntax(error.to_string()))?;
        let puts = change.puts.into_iter().map(|row| row.parse(schema)).collect::<Result<_, _>>()?;
        let deletes = change.deletes.into_iter().map(|deleted| deleted.parse(schema)).collect::<Result<_, _>>()?;
        Ok(Change { sequence: change.change, takes: change.takes, puts, deletes, erases: change.erases })
    }
}

impl RowLine {
    /// As one line, without its end.
    ///
    /// # Errors
    /// None that a row of a store can meet: memory is all it writes to.
    pub fn to_line(&self) -> Result<String, LineError> {
        serde_json::to_string(&RowShown::of(self.table, self.version, &self.row)).map_err(|error| LineError::Syntax(error.to_string()))
    }

    /// Writes the line of a row that lies elsewhere, without its end.
    ///
    /// # Errors
    /// None that a row of a store can meet: memory is all it writes to.
    pub fn write(text: &mut Vec<u8>, table: &'static Table, version: Sequence, row: &Row) -> Result<(), LineError> {
        serde_json::to_writer(text, &RowShown::of(table, version, row)).map_err(|error| LineError::Syntax(error.to_string()))
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(schema: &Schema, line: &str) -> Result<RowLine, LineError> {
        let row: RowPlain = serde_json::from_str(line).map_err(|error| LineError::Syntax(error.to_string()))?;
        row.parse(schema)
    }
}

#[derive(Serialize)]
struct ChangeShown<'a> {
    change: Sequence,
    takes: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    puts: Vec<RowShown<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deletes: Vec<DeletedShown<'a>>,
    #[serde(skip_serializing_if = "<[Sequence]>::is_empty")]
    erases: &'a [Sequence],
}

#[derive(Serialize)]
struct RowShown<'a> {
    row: &'a str,
    version: Sequence,
    values: Values<'a>,
}

#[derive(Serialize)]
struct DeletedShown<'a> {
    table: &'a str,
    key: Values<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangePlain {
    change: Sequence,
    takes: bool,
    #[serde(default)]
    puts: Vec<RowPlain>,
    #[serde(default)]
    deletes: Vec<DeletedPlain>,
    #[serde(default)]
    erases: Vec<Sequence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowPlain {
    row: String,
    version: Sequence,
    values: Vec<Plain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeletedPlain {
    table: String,
    key: Vec<Plain>,
}

impl<'a> RowShown<'a> {
    fn of(table: &'static Table, version: Sequence, row: &'a Row) -> RowShown<'a> {
        RowShown { row: table.name, version, values: Values(row) }
    }
}

impl RowPlain {
    fn parse(self, schema: &Schema) -> Result<RowLine, LineError> {
        let table = table_named(schema, &self.row)?;
        let mut row: Row = self.values.into_iter().map(|plain| plain.0).collect();
        // A column that came later is null in the rows of before.
        row.extend(table.columns.iter().skip(row.len()).take_while(|column| column.nullable).map(|_| Value::Null));
        check_row(table, &row).map_err(|fault| LineError::Misfit(fault.detail))?;
        Ok(RowLine { table, version: self.version, row })
    }
}

impl DeletedPlain {
    fn parse(self, schema: &Schema) -> Result<(&'static Table, Key), LineError> {
        let table = table_named(schema, &self.table)?;
        let key: Key = self.key.into_iter().map(|plain| plain.0).collect();
        let fits = key.len() == table.key && table.columns.iter().zip(&key).all(|(column, value)| kind_of(value) == Some(column.kind));
        if fits { Ok((table, key)) } else { Err(LineError::Misfit(format!("a key does not fit table `{}`", table.name))) }
    }
}

fn table_named(schema: &Schema, name: &str) -> Result<&'static Table, LineError> {
    schema.tables.iter().copied().find(|table| table.name == name).ok_or_else(|| LineError::UnknownTable(name.chars().take(64).collect()))
}

fn kind_of(value: &Value) -> Option<ColumnKind> {
    match value {
        Value::Null => None,
        Value::Int(_) => Some(ColumnKind::Int),
        Value::Text(_) => Some(ColumnKind::Text),
        Value::Bytes(_) | Value::Id(_) | Value::Hash(_) => Some(ColumnKind::Bytes),
    }
}

/// Values, each null, a number, a text, or `{"b": base64url}` for bytes.
struct Values<'a>(&'a [Value]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Shown))
    }
}

struct Shown<'a>(&'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Int(int) => serializer.serialize_i64(*int),
            Value::Text(text) => serializer.serialize_str(text),
            value => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("b", &URL_SAFE_NO_PAD.encode(value.as_bytes().unwrap_or_default()))?;
                map.end()
            }
        }
    }
}

/// A value that was read.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Plain, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("null, an integer, a text, or {\"b\": base64url}")
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain(Value::Null))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Plain, E> {
        Ok(Plain(Value::Int(int)))
    }

    fn visit_u64<E: serde::de::Error>(self, int: u64) -> Result<Plain, E> {
        i64::try_from(int).map(|int| Plain(Value::Int(int))).map_err(|_| E::custom("an integer is larger than 2^63 - 1"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain(Value::text(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let Some((key, text)) = map.next_entry::<String, String>()? else {
            return Err(serde::de::Error::custom("an empty object is no value"));
        };
        if key != "b" || map.next_key::<String>()?.is_some() {
            return Err(serde::de::Error::custom("bytes are {\"b\": base64url} and nothing else"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| serde::de::Error::custom("bytes are not base64url"))?;
        Ok(Plain(Value::bytes(&bytes)))
    }
}
