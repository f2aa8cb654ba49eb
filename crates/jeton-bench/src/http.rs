//! HTTP/1.1 as far as a load generator needs it: rendering requests, finding the end of an answer, one exchange at a time.

mod exchange;
mod reply;
mod request;

pub(crate) use exchange::{exchange, exchange_on_socket};
pub(crate) use reply::Reply;
pub(crate) use request::{Template, basic_authorization, get};
