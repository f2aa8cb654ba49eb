//! Texts that were handed in as leaked and wait to be looked at, and who handed some in how often.

use std::collections::VecDeque;
use std::sync::Mutex;

use jeton_token::Secret;

use crate::keys::allowances::Allowances;

/// What waits to be looked at, and who came how often.
#[derive(Default)]
pub(crate) struct Leaks {
    pub(crate) waiting: Mutex<Waiting>,
    pub(crate) networks: Allowances,
}

#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) texts: VecDeque<Secret>,
    pub(crate) bytes: usize,
}
