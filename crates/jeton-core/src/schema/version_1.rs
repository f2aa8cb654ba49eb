//! Tables as version 1 made them: what became of them since is in the migrations.

use crate::record::{Class, Column, Index, Table};
use crate::token;

/// Clients, before they had a contact.
pub static CLIENT: Table = Table {
    name: "client",
    columns: &[
        Column::text("id"),
        Column::text("name"),
        Column::text("grant_types"),
        Column::text("token_endpoint_auth_method"),
        Column::text("jwks").or_null(),
        Column::text("apis"),
        Column::text("scopes"),
        Column::int("may_introspect"),
        Column::int("created_at"),
        Column::int("updated_at"),
    ],
    key: 1,
    indexes: &[Index { name: "client_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};

/// Secrets of clients, before they had a state.
pub static CLIENT_SECRET: Table = Table {
    name: "client_secret",
    columns: &[
        Column::text("id"),
        Column::text("client"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::int("created_at"),
        Column::int("expires_at"),
    ],
    key: 1,
    indexes: &[Index { name: "client_secret_by_client", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// Access tokens, before any was issued for a person.
pub static ACCESS_TOKEN: Table = Table {
    name: "access_token",
    columns: match token::TABLE.columns.split_first_chunk::<8>() {
        Some((columns, _)) => columns,
        None => &[],
    },
    key: 1,
    indexes: &[],
    class: token::TABLE.class,
};
