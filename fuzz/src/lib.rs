//! Fuzz targets: one function for each parser of foreign bytes.

pub mod oauth;
#[cfg(test)]
mod smoke;
pub mod token;
