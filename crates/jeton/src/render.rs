//! What people see: tables, details, times.

pub(crate) mod administrators;
pub(crate) mod api_keys;
pub(crate) mod apis;
pub(crate) mod changes;
pub(crate) mod clients;
pub(crate) mod details;
pub(crate) mod doctor;
pub(crate) mod entries;
pub(crate) mod groups;
pub(crate) mod jwt;
pub(crate) mod keys;
pub(crate) mod policies;
pub(crate) mod policy_exceptions;
pub(crate) mod reference;
pub(crate) mod relative;
pub(crate) mod reports;
pub(crate) mod revocations;
pub(crate) mod roles;
pub(crate) mod secrets;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod tokens;
pub(crate) mod usage;
mod used;
pub(crate) mod users;
pub(crate) mod view;
