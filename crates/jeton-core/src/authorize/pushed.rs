//! Authorization requests that a client handed in behind its own proof, for a minute (RFC 9126). A person's browser carries nothing of one but
//! where it is kept.

use std::sync::Arc;

use crate::id::ClientId;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One request, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The hash of what stands for it.
    pub hash: [u8; 32],
    /// Who handed it in, and may use it.
    pub client: ClientId,
    /// Its parameters, written as a form.
    pub request: Arc<str>,
    /// When it was handed in, in seconds.
    pub pushed_at: i64,
    /// Until when it may be used, in seconds.
    pub until: i64,
}

/// Where requests are kept, in slices of an hour of `until`.
pub static TABLE: Table = Table {
    name: "pushed_request",
    columns: &[Column::bytes("hash"), Column::text("client"), Column::text("request"), Column::int("pushed_at"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 3_600 },
};

impl Pushed {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Hash(self.hash),
            Value::Text(self.client.0.clone()),
            Value::Text(self.request.clone()),
            Value::Int(self.pushed_at),
            Value::Int(self.until),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Pushed, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Pushed {
            hash: row.read(|value| value.as_bytes()?.try_into().ok())?,
            client: ClientId(row.text()?),
            request: row.text()?,
            pushed_at: row.int()?,
            until: row.int()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let client = ClientId::from("client_1");
        let pushed = Pushed { hash: [7; 32], client, request: "response_type=code".into(), pushed_at: 1_000, until: 1_090 };
        assert_eq!(Pushed::from_row(&pushed.row()), Ok(pushed));
    }
}
