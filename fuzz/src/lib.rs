//! Fuzz targets: one function for each parser of foreign bytes.

pub mod oauth;
pub mod token;
