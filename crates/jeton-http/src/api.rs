//! The management API, `/api/v1`: JSON in and out, problems as RFC 9457 describes them. Each file of a noun has its rows of the table that
//! the router is built from (`routes.rs`); whoever administers is the actor of what the ledger tells.

mod administrator;
mod administrators;
mod answer;
mod apis;
mod audit;
mod audit_filter;
mod backup_port;
mod backups;
mod before;
mod blocking;
mod body;
mod by_kind;
mod client_proof;
mod client_secrets;
mod clients;
mod consents;
mod counting;
mod credentials;
mod doctor;
mod ending;
mod entry;
mod explanation;
mod fresh_secret;
mod grants;
mod groups;
mod integrity;
mod keys;
mod management;
mod metrics;
mod names;
mod nothing;
mod once;
mod openapi;
mod outside;
mod page;
mod parameter;
mod place;
mod policies;
mod policy_exceptions;
mod problem;
mod query;
mod reach;
mod response;
mod revocations;
mod roles;
mod root_key;
mod route;
mod routes;
mod secret_text;
mod sessions;
mod signing_keys;
mod standing_suspensions;
mod stands;
mod statistics;
mod subject;
mod suspended;
mod suspensions;
mod target;
mod token_explanation;
mod token_state;
mod tokens;
mod usage;
mod usage_reports;
mod used;
mod user_deletion;
mod user_disabling;
mod user_erasure;
mod user_password;
mod user_shown;
mod users;
mod watched;

pub use jeton_core::rfc3339;

pub use backup_port::{
    AwayShown, Backups, BackupsShown, DrillShown, DrillsShown, FailedDrillShown, GapShown, LackedShown, Progress, SnapshotShown,
    Unreceived, VerifiedShown, Working,
};
pub use entry::Shown as ShownEntry;
pub use integrity::{CheckReport, Finding, Integrity, LedgerReport};
pub use management::{Management, RootFile};
pub use parameter::{Parameter, Takes};
pub use place::Place;
pub use route::{About, Access, Answers, Repeats, Route, SchemaOf, Verb};
pub use routes::{BESIDE, ROUTES, document, routes};
pub(crate) use routes::{beside, nested};
