//! API keys and personal access tokens: made, found, listed, ended, checked.

pub(crate) mod allowances;
pub mod change;
pub mod create;
pub mod end;
pub mod entry;
pub mod filter;
mod idle;
pub mod import;
pub mod itself;
pub(crate) mod leases;
pub mod list;
pub mod lookup;
pub mod of_owner;
mod overtaken;
pub mod owned;
pub(crate) mod owner;
pub(crate) mod read;
pub mod suspended_owners;
mod uses;
pub mod verify;
pub(crate) mod walk;
