//! Jeton's schema: the core's tables, and how they came to be.

use jeton_core::api_key::{BY_CLIENT, REPEAT_TOLD_AT};
use jeton_core::record::Column;
use jeton_core::schema::{
    TABLES, TABLES_OF_VERSION_1, TABLES_SINCE_VERSION_2, TABLES_SINCE_VERSION_3, TABLES_SINCE_VERSION_4, TABLES_SINCE_VERSION_5,
    TABLES_SINCE_VERSION_6, TABLES_SINCE_VERSION_7, TABLES_SINCE_VERSION_8, TABLES_SINCE_VERSION_9, TABLES_SINCE_VERSION_10,
    TABLES_SINCE_VERSION_12, TABLES_SINCE_VERSION_14, TABLES_SINCE_VERSION_15, TABLES_SINCE_VERSION_16, VERSION,
};
use jeton_core::usage::progress::KEPT_SINCE;

use crate::table::{Migration, Schema, Step};

/// The schema an engine is opened with.
pub static SCHEMA: Schema = Schema { version: VERSION, tables: TABLES, migrations: &MIGRATIONS };

static MIGRATIONS: [Migration; 16] = [
    Migration { version: 1, steps: &[Step::CreateTables(&TABLES_OF_VERSION_1)] },
    Migration { version: 2, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_2)] },
    Migration { version: 3, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_3)] },
    Migration {
        version: 4,
        steps: &[
            Step::AddColumn { table: "policy", column: &IDLE_SECONDS },
            Step::AddColumn { table: "policy", column: &IDLE_SINCE },
            Step::AddColumn { table: "client", column: &CONTACT },
            Step::AddColumn { table: "client_secret", column: &STATE },
            Step::AddColumn { table: "client_secret", column: &STATE_AT },
            Step::AddColumn { table: "client_secret", column: &STATE_BY },
            Step::AddColumn { table: "client_secret", column: &STATE_WHY },
            Step::AddColumn { table: "client_secret", column: &ACTIVE_SINCE },
            Step::CreateTables(&TABLES_SINCE_VERSION_4),
        ],
    },
    Migration {
        version: 5,
        steps: &[
            Step::CreateTables(&TABLES_SINCE_VERSION_5),
            Step::AddColumn { table: "usage_progress", column: &KEPT_SINCE },
            Step::DropUsage { table: "usage_last" },
        ],
    },
    Migration { version: 6, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_6)] },
    Migration { version: 7, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_7)] },
    Migration { version: 8, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_8)] },
    Migration { version: 9, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_9)] },
    Migration { version: 10, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_10)] },
    Migration { version: 11, steps: &[Step::CreateIndex { table: "api_key", index: &BY_CLIENT }] },
    Migration { version: 12, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_12)] },
    Migration { version: 13, steps: &[Step::AddColumn { table: "api_key", column: &REPEAT_TOLD_AT }] },
    Migration { version: 14, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_14)] },
    Migration {
        version: 15,
        steps: &[
            Step::CreateTables(TABLES_SINCE_VERSION_15),
            Step::AddColumn { table: "access_token", column: &GRANT },
            Step::AddColumn { table: "access_token", column: &PERSON },
            Step::AddColumn { table: "access_token", column: &SESSION },
            Step::AddColumn { table: "client", column: &REDIRECT_URIS },
            Step::AddColumn { table: "client", column: &APPLICATION_TYPE },
            Step::AddColumn { table: "client", column: &ROTATES },
            Step::AddColumn { table: "client", column: &REFRESH_WINDOW_SECONDS },
        ],
    },
    Migration {
        version: 16,
        steps: &[
            Step::CreateTables(TABLES_SINCE_VERSION_16),
            Step::AddColumn { table: "client", column: &POST_LOGOUT_REDIRECT_URIS },
            Step::AddColumn { table: "client", column: &BACKCHANNEL_LOGOUT_URI },
            Step::AddColumn { table: "client", column: &PKCE },
            Step::AddColumn { table: "client", column: &CONSENT },
            Step::AddColumn { table: "client", column: &ID_TOKEN_ALG },
            Step::AddColumn { table: "client", column: &PAR },
            Step::AddColumn { table: "client", column: &CLAIMS },
            Step::AddColumn { table: "client", column: &OWNER },
            Step::AddColumn { table: "api", column: &CLAIMS },
            Step::AddColumn { table: "person", column: &EMAIL_VERIFIED_AT },
            Step::AddColumn { table: "person", column: &LOCALE },
            Step::AddColumn { table: "person", column: &ATTRIBUTES },
        ],
    },
];

static IDLE_SECONDS: Column = Column::int("idle_seconds").or_null();
static IDLE_SINCE: Column = Column::int("idle_since").or_null();
static CONTACT: Column = Column::text("contact").or_null();
static STATE: Column = Column::text("state").or_null();
static STATE_AT: Column = Column::int("state_at").or_null();
static STATE_BY: Column = Column::text("state_by").or_null();
static STATE_WHY: Column = Column::text("state_why").or_null();
static ACTIVE_SINCE: Column = Column::int("active_since").or_null();
static GRANT: Column = Column::bytes("grant").or_null();
static PERSON: Column = Column::text("person").or_null();
static SESSION: Column = Column::bytes("session").or_null();
static REDIRECT_URIS: Column = Column::text("redirect_uris").or_null();
static APPLICATION_TYPE: Column = Column::text("application_type").or_null();
static ROTATES: Column = Column::int("rotates").or_null();
static REFRESH_WINDOW_SECONDS: Column = Column::int("refresh_window_seconds").or_null();
static POST_LOGOUT_REDIRECT_URIS: Column = Column::text("post_logout_redirect_uris").or_null();
static BACKCHANNEL_LOGOUT_URI: Column = Column::text("backchannel_logout_uri").or_null();
static PKCE: Column = Column::text("pkce").or_null();
static CONSENT: Column = Column::text("consent").or_null();
static ID_TOKEN_ALG: Column = Column::text("id_token_alg").or_null();
static PAR: Column = Column::text("par").or_null();
static CLAIMS: Column = Column::text("claims").or_null();
static OWNER: Column = Column::text("owner").or_null();
static EMAIL_VERIFIED_AT: Column = Column::int("email_verified_at").or_null();
static LOCALE: Column = Column::text("locale").or_null();
static ATTRIBUTES: Column = Column::text("attributes").or_null();

#[cfg(test)]
mod tests {
    #[test]
    fn it_keeps_its_rules_and_its_migrations_lead_to_it() {
        assert_eq!(super::SCHEMA.validate(), Ok(()));
    }
}
