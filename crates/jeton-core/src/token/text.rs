//! The texts of what is presented once or for long and kept as a hash: authorization codes and sessions.

use jeton_token::{Environment, Kind, Label, Prefix, SecretBytes, SecretHash, TokenId};

use super::mint::Clear;
use crate::moment::Moment;
use crate::refusal::Refusal;
use crate::root_key::RootKeys;

/// A text and what is kept of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The text.
    pub clear: Clear,
    /// Its keyed hash, and the epoch of the root key that it is under.
    pub proof: (SecretHash, u16),
}

/// Makes the text of this kind and id, with a secret of its own.
///
/// # Errors
/// When the root key holds no epoch.
pub fn make(kind: Kind, id: [u8; 16], prefix: Prefix, root_keys: &RootKeys, moment: &mut Moment) -> Result<Made, Refusal> {
    let (epoch, Some(keys)) = root_keys.current() else {
        return Err(Refusal::invalid("the root key holds no epoch"));
    };
    let label = Label { prefix, environment: Environment::Live, kind, epoch, id: TokenId::from_bytes(id) };
    let clear = label.mint(&SecretBytes::new(moment.draw()), &keys.check);
    let hash = keys.hash.hash(clear.expose());
    Ok(Made { clear: Clear(clear), proof: (hash, epoch) })
}

/// Whether a text is the one of which this is kept.
#[must_use]
pub fn is(text: &str, (hash, epoch): &(SecretHash, u16), root_keys: &RootKeys) -> bool {
    root_keys.epoch(*epoch).is_some_and(|keys| keys.hash.hash(text).matches(hash))
}
