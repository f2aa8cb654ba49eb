//! The names of whoever forgot their password, until they are looked at.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many names wait at most: what comes on top is dropped, as a name that nobody has is.
const WAITING_MAX: usize = 1_024;
/// The longest name that is looked at, in bytes: nobody has as long a one.
const NAME_BYTES: usize = 256;

/// The names that wait.
#[derive(Default)]
pub(crate) struct ForgottenNames(Mutex<VecDeque<String>>);

impl ForgottenNames {
    pub(crate) fn add(&self, name: String) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if name.len() <= NAME_BYTES && names.len() < WAITING_MAX {
            names.push_back(name);
        }
    }

    pub(crate) fn next(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
