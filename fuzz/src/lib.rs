//! Fuzz targets: one function for each parser of foreign bytes.

pub mod http;
pub mod jose;
pub mod ledger;
pub mod oauth;
pub mod token;
