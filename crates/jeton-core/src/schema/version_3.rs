//! Tables as version 3 made them: what became of them since is in the migrations.

use crate::api_key;
use crate::record::{Class, Column, Index, Table};

/// API keys, which are found by the client that handed them out since version 11, and say when a secret was told again since version 13.
pub static API_KEY: Table = Table {
    name: "api_key",
    columns: match api_key::TABLE.columns.split_last() {
        Some((_, columns)) => columns,
        None => &[],
    },
    key: 1,
    indexes: &[
        Index { name: "api_key_by_owner", columns: &[3], unique: false },
        Index { name: "api_key_by_api", columns: &[5, 14], unique: false },
        Index { name: "api_key_by_state_expiry", columns: &[14, 26], unique: false },
    ],
    class: Class::Authority,
};

/// When a subject last met an outcome. Its successor has a row for each subject.
pub static USAGE_LAST: Table = Table {
    name: "usage_last",
    columns: &[Column::text("subject"), Column::int("outcome"), Column::int("at")],
    key: 2,
    indexes: &[],
    class: Class::Noted,
};

/// How far counting has come.
pub static USAGE_PROGRESS: Table = Table {
    name: "usage_progress",
    columns: &[
        Column::int("id"),
        Column::int("minute"),
        Column::int("is_running"),
        Column::int("seconds_lost"),
        Column::int("uses_dropped"),
    ],
    key: 1,
    indexes: &[],
    class: Class::Noted,
};
