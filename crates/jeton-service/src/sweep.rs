//! What time does to credentials, written down: what nobody uses is suspended and then revoked, what ends soon is told, and what ended long
//! ago leaves. All of it in small steps, and only while the clock is believed.

mod keys;
mod notices;
mod secrets;

use jeton_core::moment::Moment;
use jeton_core::notice::Ending;

use crate::failure::Failure;
use crate::service::Service;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many were suspended because nobody uses them.
    pub suspended: u64,
    /// How many were revoked for it.
    pub revoked: u64,
    /// How many left, that ended long ago.
    pub removed: u64,
    /// How many notices were told.
    pub told: u64,
}

impl Service {
    /// Goes over every key, secret and exception once. For a schedule. `None`: the clock is doubted, and nothing was done on its word.
    ///
    /// # Errors
    /// [`Failure`]; what was not done then is done by the next pass.
    pub async fn sweep(&self, moment: &Moment) -> Result<Option<Swept>, Failure> {
        if !self.posture.may_destroy(self.moments.time()) {
            return Ok(None);
        }
        let mut swept = Swept::default();
        self.sweep_keys(&mut swept, moment).await?;
        self.sweep_secrets(&mut swept, moment).await?;
        self.tell_of_exceptions(&mut swept, moment).await?;
        Ok(Some(swept))
    }

    /// How many notices were told since the start: kind, days ahead, count.
    pub fn notices_told(&self) -> impl Iterator<Item = (Ending, i64, u64)> {
        self.notices.counts()
    }
}
