//! Fuzz targets: one function for each parser of foreign bytes.

pub mod command;
pub mod core;
pub mod http;
pub mod jose;
pub mod ledger;
pub mod oauth;
pub mod token;
