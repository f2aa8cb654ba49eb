//! What handlers take from a request: its body within limits, its content type, what it presents, its client's address.

mod bearer;
mod body;
mod client_address;
mod content_type;
mod marks;
mod sender;

pub use crate::edge::BodyError;
pub use bearer::Bearer;
pub use body::read_body;
pub use client_address::{ClientAddress, ForwardedHeader, TrustedProxies};
pub use content_type::{ContentType, content_type};
pub use jeton_core::network::{Network, NetworkError};
pub(crate) use marks::marks;
pub(crate) use sender::sender;
