//! API keys and personal access tokens: made, found, listed, ended, checked.

pub(crate) mod allowances;
pub mod change;
pub mod create;
pub mod end;
pub mod entry;
pub mod import;
pub mod itself;
pub(crate) mod leases;
pub mod list;
mod owner;
mod read;
mod uses;
pub mod verify;
