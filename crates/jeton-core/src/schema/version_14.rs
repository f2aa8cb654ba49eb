//! Tables as version 14 had them: what became of them since is in the migrations.

use crate::client;
use crate::record::{Class, Index, Table};

/// Clients, before people signed in to them.
pub static CLIENT: Table = Table {
    name: "client",
    columns: match client::TABLE.columns.split_first_chunk::<11>() {
        Some((columns, _)) => columns,
        None => &[],
    },
    key: 1,
    indexes: &[Index { name: "client_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};
