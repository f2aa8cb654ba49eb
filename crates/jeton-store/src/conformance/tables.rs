//! Tables of every class, with keys and indexes of every shape.

use jeton_core::record::{Class, Column, Index, Table};
use jeton_core::schema::{CHANGE, CONTENT, MARK};

use crate::table::{Migration, Schema, Step};

/// Authority with a unique index, and one whose first column may be null.
pub static CLIENTS: Table = Table {
    name: "client",
    columns: &[Column::text("id"), Column::text("name"), Column::text("owner").or_null(), Column::int("size")],
    key: 1,
    indexes: &[
        Index { name: "client_by_name", columns: &[1], unique: true },
        Index { name: "client_by_owner", columns: &[2, 3], unique: false },
    ],
    class: Class::Authority,
};

/// Authority with a key of two columns.
pub static GRANTS: Table = Table {
    name: "grant",
    columns: &[Column::text("client"), Column::int("api"), Column::bytes("secret").or_null()],
    key: 2,
    indexes: &[Index { name: "grant_by_api", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// Short-lived credentials.
pub static TOKENS: Table = Table {
    name: "token",
    columns: &[Column::bytes("id"), Column::text("client"), Column::int("expires_at")],
    key: 1,
    indexes: &[],
    class: Class::Credential { slice_seconds: 600, kept_seconds: 1_200 },
};

/// Long-lived credentials.
pub static KEYS: Table = Table {
    name: "long_token",
    columns: &[Column::bytes("id"), Column::bytes("hash").or_null()],
    key: 1,
    indexes: &[],
    class: Class::Credential { slice_seconds: 3_600, kept_seconds: 7_200 },
};

/// Append-only rows that end by themselves.
pub static NEGATIVES: Table = Table {
    name: "negative",
    columns: &[Column::int("kind"), Column::bytes("id"), Column::int("until")],
    key: 2,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 900 },
};

/// Usage that counts.
pub static COUNTS: Table = Table {
    name: "count",
    columns: &[Column::int("at"), Column::text("who"), Column::int("kind"), Column::int("count"), Column::bytes("packed").or_null()],
    key: 3,
    indexes: &[],
    class: Class::Counted { slice_seconds: 600, kept_seconds: 1_200 },
};

/// Usage that is remembered.
pub static LAST: Table = Table {
    name: "last",
    columns: &[Column::text("who"), Column::int("kind"), Column::int("at")],
    key: 2,
    indexes: &[],
    class: Class::Noted,
};

/// All of them.
pub static SCHEMA: Schema = Schema { version: 1, tables: &TABLES, migrations: &MIGRATIONS };

static TABLES: [&Table; 10] = [&CLIENTS, &GRANTS, &TOKENS, &KEYS, &NEGATIVES, &MARK, &COUNTS, &LAST, &CONTENT, &CHANGE];

static MIGRATIONS: [Migration; 1] = [Migration { version: 1, steps: &[Step::CreateTables(&TABLES)] }];
