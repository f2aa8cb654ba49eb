//! Tables as data: what an engine needs to know to keep rows, and nothing of what they mean.

use std::sync::Arc;

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, as in SQL.
    pub name: &'static str,
    /// Its columns; the first `key` of them are the primary key.
    pub columns: &'static [Column],
    /// How many leading columns make the primary key.
    pub key: usize,
    /// Its secondary indexes. Only authority has any: on the path of an issue they cost more than all the rest.
    pub indexes: &'static [Index],
    /// What kind of state it holds.
    pub class: Class,
}

/// The kinds of state that an engine keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Rows with a version, read sets and indexes.
    Authority,
    /// Immutable issued rows under a 16-byte time-ordered key, in slices by the key's time; no entry of their own in the ledger: each
    /// group's `issued` entry covers them.
    Credential {
        /// The length of a slice, in seconds.
        slice_seconds: i64,
        /// How long after its end a slice is kept, in seconds: the longest lifetime of its rows and a day.
        kept_seconds: i64,
    },
    /// Append-only rows in slices by the last column, a time in seconds after which nobody asks for them.
    Expiring {
        /// The length of a slice, in seconds.
        slice_seconds: i64,
    },
    /// Usage that counts: rows in slices by the first column, a time in seconds. Put again, a row is replaced. No commit writes them, no
    /// premise stands on them, and the ledger does not tell of them.
    Counted {
        /// The length of a slice, in seconds.
        slice_seconds: i64,
        /// How long after its end a slice is kept, in seconds.
        kept_seconds: i64,
    },
    /// Usage that is remembered: one row for each key, replaced as often as it is put. Outside the ledger like what is counted.
    Noted,
}

impl Class {
    /// Whether rows lie in slices that are dropped whole.
    #[must_use]
    pub fn is_sliced(self) -> bool {
        !matches!(self, Class::Authority | Class::Noted)
    }

    /// Whether it is usage: outside the ledger, written by notes and by no commit.
    #[must_use]
    pub fn is_usage(self) -> bool {
        matches!(self, Class::Counted { .. } | Class::Noted)
    }
}

impl Table {
    /// Whether rows lie in slices that are dropped whole.
    #[must_use]
    pub fn is_sliced(&self) -> bool {
        self.class.is_sliced()
    }

    /// The slice that a row lies in; 0 for a table that is not sliced.
    #[must_use]
    pub fn slice_of_row(&self, row: &Row) -> i64 {
        match self.class {
            Class::Authority | Class::Noted => 0,
            Class::Credential { .. } | Class::Counted { .. } => row.first().map_or(0, |first| self.slice_of_key(first)),
            Class::Expiring { slice_seconds } => row.last().map_or(0, |until| until.int().unwrap_or(0).div_euclid(slice_seconds)),
        }
    }

    /// The slice that the first value of a key names: a credential's id, or the time of what is counted; 0 for other tables.
    #[must_use]
    pub fn slice_of_key(&self, first: &Value) -> i64 {
        match (self.class, first) {
            (Class::Credential { slice_seconds, .. }, Value::Id(id)) => crate::id::time_of(id).seconds().div_euclid(slice_seconds),
            (Class::Counted { slice_seconds, .. }, Value::Int(seconds)) => seconds.div_euclid(slice_seconds),
            _ => 0,
        }
    }

    /// Whether nothing in the slice is of use at `now_seconds`.
    #[must_use]
    pub fn is_slice_over(&self, slice: i64, now_seconds: i64) -> bool {
        match self.class {
            Class::Authority | Class::Noted => false,
            Class::Credential { slice_seconds, kept_seconds } | Class::Counted { slice_seconds, kept_seconds } => {
                (slice + 1).saturating_mul(slice_seconds).saturating_add(kept_seconds) <= now_seconds
            }
            Class::Expiring { slice_seconds } => (slice + 1).saturating_mul(slice_seconds) <= now_seconds,
        }
    }
}

/// One column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether it may be null.
    pub nullable: bool,
}

impl Column {
    /// An integer that is never null.
    #[must_use]
    pub const fn int(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Int, nullable: false }
    }

    /// A text that is never null.
    #[must_use]
    pub const fn text(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Text, nullable: false }
    }

    /// Bytes that are never null.
    #[must_use]
    pub const fn bytes(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Bytes, nullable: false }
    }

    /// The same column, which may be null.
    #[must_use]
    pub const fn or_null(self) -> Column {
        Column { nullable: true, ..self }
    }
}

/// What a column holds. A time is an int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A 64-bit signed integer.
    Int,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Bytes,
}

/// One secondary index.
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name, unique among all tables.
    pub name: &'static str,
    /// The columns, by position.
    pub columns: &'static [usize],
    /// Whether two rows may not agree in all of its columns (nulls never agree).
    pub unique: bool,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing.
    Null,
    /// An integer.
    Int(i64),
    /// A text. Shared, since client and API ids come from the registry.
    Text(Arc<str>),
    /// Bytes of any length.
    Bytes(Arc<[u8]>),
    /// Sixteen bytes: bytes to the engine, without an allocation.
    Id([u8; 16]),
    /// Thirty-two bytes: bytes to the engine, without an allocation.
    Hash([u8; 32]),
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    /// Bytes in the form that equals what an engine reads back: 16 and 32 bytes have their own.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Value {
        if let Ok(id) = <[u8; 16]>::try_from(bytes) {
            Value::Id(id)
        } else if let Ok(hash) = <[u8; 32]>::try_from(bytes) {
            Value::Hash(hash)
        } else {
            Value::Bytes(Arc::from(bytes))
        }
    }

    /// The integer, if it is one.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&Arc<str>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it holds any.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            Value::Id(id) => Some(id),
            Value::Hash(hash) => Some(hash),
            _ => None,
        }
    }
}

/// The values of a row, in the order of its table's columns.
pub type Row = Vec<Value>;

/// The values of a primary key, or of a prefix of an index.
pub type Key = Vec<Value>;

/// A row and the sequence of the commit that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The first sequence of the commit that wrote it: what a premise compares.
    pub version: u64,
    /// The row, or the record it was parsed into.
    pub record: T,
}

/// A stored row that is not what its table's record needs: damage, or a row of a newer program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The table.
    pub table: &'static str,
    /// What did not fit.
    pub column: &'static str,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a row of table `{}` has no readable `{}`: run `jeton check --full`", self.table, self.column)
    }
}

impl std::error::Error for Malformed {}

/// Reads the values of a row in order, naming the column that does not fit.
pub struct Reader<'a> {
    table: &'static Table,
    values: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
}

impl<'a> Reader<'a> {
    /// A reader at the first column.
    #[must_use]
    pub fn new(table: &'static Table, row: &'a Row) -> Reader<'a> {
        Reader { table, values: row.iter().enumerate() }
    }

    /// The next value as an integer.
    ///
    /// # Errors
    /// When it is not one.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        self.read(Value::int)
    }

    /// The next value as an integer or nothing.
    ///
    /// # Errors
    /// When it is neither.
    pub fn int_or_null(&mut self) -> Result<Option<i64>, Malformed> {
        self.read(|value| if *value == Value::Null { Some(None) } else { value.int().map(Some) })
    }

    /// The next value as a text.
    ///
    /// # Errors
    /// When it is not one.
    pub fn text(&mut self) -> Result<Arc<str>, Malformed> {
        self.read(|value| value.as_text().cloned())
    }

    /// The next value as a text or nothing.
    ///
    /// # Errors
    /// When it is neither.
    pub fn text_or_null(&mut self) -> Result<Option<Arc<str>>, Malformed> {
        self.read(|value| if *value == Value::Null { Some(None) } else { value.as_text().cloned().map(Some) })
    }

    /// The next value as bytes.
    ///
    /// # Errors
    /// When it holds none.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        self.read(Value::as_bytes)
    }

    /// The next value, parsed by `parse`.
    ///
    /// # Errors
    /// When `parse` finds nothing.
    pub fn read<T>(&mut self, parse: impl Fn(&'a Value) -> Option<T>) -> Result<T, Malformed> {
        let (position, value) = self.values.next().map_or((usize::MAX, None), |(position, value)| (position, Some(value)));
        value.and_then(parse).ok_or_else(|| Malformed {
            table: self.table.name,
            column: self.table.columns.get(position).map_or("column of that number", |column| column.name),
        })
    }
}
