//! Every table there is, in the order in which they came to be.

pub mod version_1;
pub mod version_14;
pub mod version_15;
pub mod version_2;
pub mod version_3;

use crate::record::{Class, Column, Table};
use crate::{
    api, api_key, authorize, canary, checkpoint, client, consent, consumer, deployment, gap, grant, group, identity, key, link, notice,
    once, passkey, password, person, policy, provider, role, second_factor, session, token, usage,
};

/// One-time marks, in slices of an hour of `until`. A mark is set again only with the same `until`, so one slice decides.
pub static MARK: Table = Table {
    name: "mark",
    columns: &[Column::int("kind"), Column::bytes("key"), Column::int("until")],
    key: 2,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 3_600 },
};

/// What the ledger's entries say, apart from them: salt and payload, in slices of 30 days of `until`, dropped whole. An entry's commitment
/// stays.
pub static CONTENT: Table = Table {
    name: "ledger_content",
    columns: &[Column::int("sequence"), Column::bytes("salt"), Column::text("payload"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 30 * 86_400 },
};

/// How long after an entry what it says is kept, in seconds.
pub const CONTENT_KEPT_SECONDS: i64 = 400 * 86_400;

/// What each commit that tells something did to the rows of authority and to the negatives, as a line of a backup's tail
/// (`docs/backup-format.md`). A row has the lines of one commit or of several beside each other, under the first sequence of the first:
/// all of them lie in the same [`CHANGE_SPAN`]. It leaves once no backup can need it any more: a target that was away for longer takes a new snapshot.
pub static CHANGE: Table = Table {
    name: "ledger_change",
    columns: &[Column::int("sequence"), Column::text("line"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 6 * 3_600 },
};

/// The lines of a row of [`CHANGE`] are of sequences that give the same when divided by this.
pub const CHANGE_SPAN: u64 = 256;

/// How long a change is kept, in seconds.
pub const CHANGE_KEPT_SECONDS: i64 = 3 * 86_400;

/// The version of this schema: a program refuses a store of a higher one.
pub const VERSION: u32 = 16;

/// The tables of version 1.
pub static TABLES_OF_VERSION_1: [&Table; 9] = [
    &deployment::TABLE,
    &version_15::API,
    &version_1::CLIENT,
    &version_1::CLIENT_SECRET,
    &key::TABLE,
    &checkpoint::TABLE,
    &version_1::ACCESS_TOKEN,
    &token::negative::TABLE,
    &MARK,
];

/// The tables that version 2 added.
pub static TABLES_SINCE_VERSION_2: [&Table; 2] = [&policy::exception::TABLE, &version_2::POLICY];

/// The tables that version 3 added.
pub static TABLES_SINCE_VERSION_3: [&Table; 15] = [
    &version_3::API_KEY,
    &api_key::word::TABLE,
    &api_key::imported::TABLE,
    &api_key::uses::TABLE,
    &version_15::PERSON,
    &group::TABLE,
    &group::member::TABLE,
    &role::TABLE,
    &role::assign::TABLE,
    &usage::journal::TABLE,
    &usage::bucket::MINUTE,
    &usage::bucket::HOUR,
    &usage::bucket::DAY,
    &version_3::USAGE_LAST,
    &version_3::USAGE_PROGRESS,
];

/// The tables that version 4 added.
pub static TABLES_SINCE_VERSION_4: [&Table; 1] = [&notice::TABLE];

/// The table that version 5 added.
pub static TABLES_SINCE_VERSION_5: [&Table; 1] = [&usage::subject::TABLE];

/// The tables that version 6 added.
pub static TABLES_SINCE_VERSION_6: [&Table; 1] = [&once::TABLE];

/// The table that version 7 added.
pub static TABLES_SINCE_VERSION_7: [&Table; 1] = [&usage::report::TABLE];

/// The table that version 8 added.
pub static TABLES_SINCE_VERSION_8: [&Table; 1] = [&usage::mixed::TABLE];

/// The tables that version 9 added.
pub static TABLES_SINCE_VERSION_9: [&Table; 2] = [&CONTENT, &CHANGE];

/// The table that version 10 added.
pub static TABLES_SINCE_VERSION_10: [&Table; 1] = [&gap::TABLE];

/// The table that version 12 added.
pub static TABLES_SINCE_VERSION_12: [&Table; 1] = [&canary::TABLE];

/// The table that version 14 added.
pub static TABLES_SINCE_VERSION_14: [&Table; 1] = [&person::erasing::TABLE];

/// The tables that version 15 added.
pub static TABLES_SINCE_VERSION_15: &[&Table] = &[
    &version_15::GRANT,
    &grant::of_person::TABLE,
    &grant::code::TABLE,
    &consent::TABLE,
    &version_15::SESSION,
    &session::latest::TABLE,
    &password::TABLE,
];

/// The tables that version 16 added.
pub static TABLES_SINCE_VERSION_16: &[&Table] = &[
    &authorize::pushed::TABLE,
    &password::kept_cost::TABLE,
    &second_factor::TABLE,
    &authorize::device::TABLE,
    &authorize::device::USER_CODE,
    &link::TABLE,
    &consumer::TABLE,
    &provider::TABLE,
    &identity::TABLE,
    &passkey::TABLE,
];

/// All tables.
pub static TABLES: &[&Table] = &[
    &deployment::TABLE,
    &api::TABLE,
    &client::TABLE,
    &client::secret::TABLE,
    &key::TABLE,
    &checkpoint::TABLE,
    &token::TABLE,
    &token::negative::TABLE,
    &MARK,
    &policy::exception::TABLE,
    &policy::rule::TABLE,
    &api_key::TABLE,
    &api_key::word::TABLE,
    &api_key::imported::TABLE,
    &api_key::uses::TABLE,
    &person::TABLE,
    &group::TABLE,
    &group::member::TABLE,
    &role::TABLE,
    &role::assign::TABLE,
    &usage::journal::TABLE,
    &usage::bucket::MINUTE,
    &usage::bucket::HOUR,
    &usage::bucket::DAY,
    &usage::progress::TABLE,
    &notice::TABLE,
    &usage::subject::TABLE,
    &once::TABLE,
    &usage::report::TABLE,
    &usage::mixed::TABLE,
    &CONTENT,
    &CHANGE,
    &gap::TABLE,
    &canary::TABLE,
    &person::erasing::TABLE,
    &grant::TABLE,
    &grant::of_person::TABLE,
    &grant::code::TABLE,
    &consent::TABLE,
    &session::TABLE,
    &session::latest::TABLE,
    &password::TABLE,
    &authorize::pushed::TABLE,
    &password::kept_cost::TABLE,
    &second_factor::TABLE,
    &authorize::device::TABLE,
    &authorize::device::USER_CODE,
    &link::TABLE,
    &consumer::TABLE,
    &provider::TABLE,
    &identity::TABLE,
    &passkey::TABLE,
];
