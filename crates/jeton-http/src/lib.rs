//! The HTTP surface: routes, extraction, replies and the limits of connections.

pub mod api;
pub mod edge;
pub mod extract;
pub mod feed;
pub mod guarded;
pub mod health;
pub mod letters;
pub mod metrics;
pub mod oauth;
pub mod observe;
pub mod pages;
pub mod reply;
pub mod router;
pub mod seen;
pub mod upstream;
