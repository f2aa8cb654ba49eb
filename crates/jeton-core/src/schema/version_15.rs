//! Tables as version 15 had them: what became of them since is in the migrations.

use crate::record::{Class, Column, Index, Table};
use crate::{api, client, grant, person, session, token};

/// Clients, before each said how people sign out of it and what it may leave out.
pub static CLIENT: Table = Table {
    name: "client",
    columns: first::<15>(client::TABLE.columns),
    key: 1,
    indexes: &[Index { name: "client_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};

/// APIs, before any said what its tokens tell of a person.
pub static API: Table = Table {
    name: "api",
    columns: first::<10>(api::TABLE.columns),
    key: 1,
    indexes: &[Index { name: "api_by_audience", columns: &[1], unique: true }],
    class: Class::Authority,
};

/// People, before an address was verified.
pub static PERSON: Table = Table {
    name: "person",
    columns: first::<9>(person::TABLE.columns),
    key: 1,
    indexes: &[Index { name: "person_by_username", columns: &[1], unique: true }],
    class: Class::Authority,
};

/// Access tokens.
pub static ACCESS_TOKEN: Table =
    Table { name: "access_token", columns: first::<11>(token::TABLE.columns), key: 1, indexes: &[], class: token::TABLE.class };

/// Sessions.
pub static SESSION: Table = Table {
    name: "session",
    columns: first::<12>(session::TABLE.columns),
    key: 1,
    indexes: &[Index { name: "session_by_person", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// Grants.
pub static GRANT: Table =
    Table { name: "grant", columns: first::<28>(grant::TABLE.columns), key: 1, indexes: &[], class: Class::Authority };

/// The columns that there were: later ones stand behind them.
const fn first<const COUNT: usize>(columns: &'static [Column]) -> &'static [Column] {
    match columns.split_first_chunk::<COUNT>() {
        Some((columns, _)) => columns,
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_columns_that_it_had() {
        let counts = [&CLIENT, &API, &PERSON, &ACCESS_TOKEN, &SESSION, &GRANT].map(|table| table.columns.len());
        assert_eq!(counts, [15, 10, 9, 11, 12, 28]);
    }
}
