//! Pages that people see: they sign in, say yes or no, and read what went wrong. Plain forms, no script, and nothing in memory between two of
//! them: what a browser was about is in its own sealed cookie ([`flow`]). Each form comes in by one door ([`guard`]).

mod account;
mod assets;
mod authorize;
mod choices;
mod consent;
pub(crate) mod cookies;
pub(crate) mod dates;
mod device;
mod device_cookie;
mod flow;
pub mod foreign;
mod forgot;
mod guard;
mod link;
mod logout;
mod passkey;
mod passkey_shown;
mod picture;
mod problem;
mod reply;
pub mod routes;
mod scope_lines;
mod second_factor;
mod second_step;
mod session_cookie;
mod sign_in;
mod sign_out;
pub(crate) mod texts;
mod upstream;
mod view;
mod visit;

pub(crate) use flow::ASKED_BYTES as REQUEST_BYTES;
