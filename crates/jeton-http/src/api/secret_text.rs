use jeton_token::Secret;
use serde::de::{Deserialize, Deserializer};

/// A secret as it comes in: from here on nothing prints it, and it is overwritten when it goes.
pub(super) struct SecretText(pub(super) Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        String::deserialize(deserializer).map(|text| SecretText(Secret::new(text)))
    }
}
