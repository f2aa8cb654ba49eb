//! Tables as version 2 made them: what became of them since is in the migrations.

use crate::record::{Class, Column, Table};

/// Rules of policies, before they had an idle time.
pub static POLICY: Table = Table {
    name: "policy",
    columns: &[
        Column::text("kind"),
        Column::text("level"),
        Column::text("subject"),
        Column::int("default_seconds").or_null(),
        Column::int("max_seconds").or_null(),
        Column::int("updated_at"),
        Column::text("updated_by"),
    ],
    key: 3,
    indexes: &[],
    class: Class::Authority,
};
