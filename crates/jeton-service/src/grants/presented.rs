//! Codes and refresh tokens by their text. The keyed check turns away what was never made here without a read.

use jeton_core::grant::code::{AuthorizationCode, TABLE};
use jeton_core::id::GrantId;
use jeton_core::record::Value;
use jeton_core::token::text;
use jeton_token::{Kind, Token};

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

impl Service {
    /// A text of this kind, if its check says that it was made here.
    pub(crate) fn made_here(&self, text: &str, kind: Kind) -> Option<Token> {
        let parsed = Token::parse(text, &self.prefix).ok().filter(|parsed| parsed.kind() == kind)?;
        let is_ours = self.registry.root_keys().epoch(parsed.epoch()).is_some_and(|keys| parsed.check(&keys.check));
        is_ours.then_some(parsed)
    }

    /// The grant that the text of a refresh token names, unproven.
    pub(super) fn grant_named_by(&self, text: &str) -> Option<(GrantId, Token)> {
        let parsed = self.made_here(text, Kind::RefreshToken)?;
        Some((GrantId(parsed.id().to_bytes()), parsed))
    }

    /// The code of a text of this kind, proven; `None`: it is none of ours, has left with its time, or is of a device that nobody answered.
    pub(super) async fn code_of(&self, text: &str, kind: Kind) -> Result<Option<AuthorizationCode>, Failure> {
        let Some(parsed) = self.made_here(text, kind) else { return Ok(None) };
        let Some(row) = self.fetch(&TABLE, Value::Id(parsed.id().to_bytes())).await? else { return Ok(None) };
        let code = AuthorizationCode::from_row(&row.record).map_err(damaged)?;
        Ok(text::is(text, &code.proof, &self.registry.root_keys()).then_some(code))
    }
}
