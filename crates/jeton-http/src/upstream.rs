//! Providers elsewhere, as a relying party asks them (OpenID Connect Core 1.0 section 3.1): what they publish, and what they say of somebody who
//! comes from there. What they answer is a stranger's: bounded in time and size, read strictly, and followed nowhere.

mod endpoint;
mod exchange;
mod fetch;
pub mod foreign;
mod known;
mod metadata;

pub(crate) use exchange::{Code, Failed};
pub(crate) use known::{Known, Upstream};
