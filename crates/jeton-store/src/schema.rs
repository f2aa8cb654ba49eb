//! Jeton's schema: the core's tables, and how they came to be.

use jeton_core::schema::{TABLES, TABLES_OF_VERSION_1, TABLES_SINCE_VERSION_2, TABLES_SINCE_VERSION_3, VERSION};

use crate::table::{Migration, Schema, Step};

/// The schema an engine is opened with.
pub static SCHEMA: Schema = Schema { version: VERSION, tables: &TABLES, migrations: &MIGRATIONS };

static MIGRATIONS: [Migration; 3] = [
    Migration { version: 1, steps: &[Step::CreateTables(&TABLES_OF_VERSION_1)] },
    Migration { version: 2, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_2)] },
    Migration { version: 3, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_3)] },
];

#[cfg(test)]
mod tests {
    #[test]
    fn it_keeps_its_rules_and_its_migrations_lead_to_it() {
        assert_eq!(super::SCHEMA.validate(), Ok(()));
    }
}
