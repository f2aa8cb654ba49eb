//! The steps of a key's life, as the ledger tells them: each names the commit that wrote the key as it was before.

use crate::event::Event;
use crate::id::ApiKeyId;

/// The key that an event changes, and the first sequence of the commit that wrote it before; `None` where there was none before. `None` of
/// an event that writes no key.
#[must_use]
pub fn step(event: &Event) -> Option<(ApiKeyId, Option<u64>)> {
    match event {
        Event::ApiKeyCreated { key, .. } | Event::ApiKeyImported { key, .. } => Some((*key, None)),
        Event::ApiKeyNarrowed { key, previous, .. }
        | Event::ApiKeyWidened { key, previous, .. }
        | Event::ApiKeyDescribed { key, previous, .. }
        | Event::ApiKeyRotated { key, previous, .. }
        | Event::ApiKeySecretConfirmed { key, previous, .. }
        | Event::ApiKeyToldAgain { key, previous, .. }
        | Event::ApiKeySecretEnded { key, previous, .. }
        | Event::ApiKeyTransferred { key, previous, .. }
        | Event::ApiKeySuspended { key, previous, .. }
        | Event::ApiKeyResumed { key, previous, .. }
        | Event::ApiKeyCutOff { key, previous, .. }
        | Event::ApiKeyRevoked { key, previous, .. } => Some((*key, Some(*previous))),
        _ => None,
    }
}
