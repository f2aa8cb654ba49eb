//! Tries: what can be guessed, or costs something, is counted before it is made.

use jeton_core::throttle::{Kind, Wait};

use crate::service::Service;
use crate::sign_ins::SignIn;
use crate::throttles::{BucketKey, Taken};

impl Service {
    /// The bucket of somebody or something; `within` tells several of one kind apart.
    #[must_use]
    pub fn bucket(&self, kind: Kind, whose: &[u8], within: &[u8]) -> BucketKey {
        BucketKey::new(kind, self.page_tag(&[b"throttled", whose]), self.page_tag(&[b"throttled within", within]))
    }

    /// Counts one try in each of these buckets, or in none: where one is full, it is not to be made. It is counted before it is known how it goes.
    ///
    /// # Errors
    /// [`Wait`], as long as none of them is full any more.
    pub fn take_try(&self, buckets: &[BucketKey], now: i64) -> Result<Taken, Wait> {
        self.throttles.take(buckets, now)
    }

    /// A try that did not fail, or was not made, is not counted after all.
    pub fn give_back(&self, taken: &Taken) {
        self.throttles.give_back(taken);
    }

    /// Somebody showed who they are: what they failed before is forgotten.
    pub fn forget_tries(&self, taken: &Taken) {
        taken.keys().for_each(|key| self.throttles.forget(key));
    }

    /// How often a bucket was full, by its kind.
    pub fn throttled(&self) -> impl Iterator<Item = (Kind, u64)> {
        self.throttles.refused()
    }

    /// Counts how a sign-in went.
    pub fn count_sign_in(&self, how: SignIn) {
        self.sign_ins.count(how);
    }

    /// How many sign-ins went how.
    pub fn sign_ins(&self) -> impl Iterator<Item = (SignIn, u64)> {
        self.sign_ins.counts()
    }
}
