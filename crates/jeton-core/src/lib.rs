//! Jeton's rules: pure decisions from facts to commits, without I/O, clock or dice.

pub mod commit;
pub mod event;
pub mod id;
pub mod moment;
pub mod outcome;
pub mod record;
pub mod refusal;
