//! Deterministic simulation: Jeton's service on its engine in memory, with clocks, dice, crashes and a network that a seed decides, and
//! verifiers that follow its feed. After every step it is checked that nothing acknowledged is missing and nothing revoked is accepted.

mod act;
pub mod breakage;
mod broadcast;
pub mod chance;
mod clock;
mod executor;
mod hear;
mod history;
mod invariants;
mod network;
mod request;
pub mod run;
mod sabotage;
mod server;
mod subject;
pub mod tally;
mod trace;
mod verifier;
mod wish;
mod world;
