//! Explaining keys and tokens to those who may know. What lies in the past is read from the ledger and the negatives, by a thread that may
//! block and stops when it is told to; which rule decides, the core says.

pub mod key;
mod past;
pub mod suspension;
pub mod text;
pub mod token;
