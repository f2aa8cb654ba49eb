//! Tables of usage as version 3 made them: what became of them since is in the migrations.

use crate::record::{Class, Column, Table};

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
