//! APIs: what tokens are for (the protected resources of RFC 6749, named by an audience URI).

pub mod create;
pub mod declared_scopes;
pub mod delete;
pub mod management;
pub mod update;
pub mod userinfo;

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_oauth::scope::{NotAScope, ScopeSet};

use self::declared_scopes::DeclaredScopes;
use crate::claim_rules::ClaimRules;
use crate::id::ApiId;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};
use crate::token::cut_off::DATED_AHEAD_SECONDS;

/// One API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its id.
    pub id: ApiId,
    /// What stands in the `aud` of its tokens: an absolute URI, unique.
    pub audience: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
    /// Its scopes and what each allows, in words for people.
    pub scopes: DeclaredScopes,
    /// What is granted when nothing is asked for. Empty: all that the client may have.
    pub default_scope: ScopeSet,
    /// How long its access tokens live, in seconds; 24 h at most.
    pub access_token_lifetime_seconds: i64,
    /// What its access tokens are.
    pub token_format: TokenFormat,
    /// What signs its JWTs.
    pub signing_algorithm: Algorithm,
    /// When it was declared, in seconds.
    pub created_at: i64,
    /// When it last changed, in seconds.
    pub updated_at: i64,
    /// What its access tokens tell beside what is standard.
    pub claims: ClaimRules,
}

impl Api {
    /// What signed a JWT of this API with that `iat`; `None` where that may have changed since.
    #[must_use]
    pub fn signed_with(&self, issued_at: i64) -> Option<Algorithm> {
        let is_as_it_was = self.updated_at == self.created_at || self.updated_at < issued_at.saturating_sub(DATED_AHEAD_SECONDS);
        is_as_it_was.then_some(self.signing_algorithm)
    }
}

/// What an access token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// A JWT (RFC 9068): checked offline.
    Jwt,
    /// Opaque: checked by introspection (RFC 7662).
    Opaque,
}

impl TokenFormat {
    /// Its name in requests and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TokenFormat::Jwt => "jwt",
            TokenFormat::Opaque => "opaque",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<TokenFormat> {
        [TokenFormat::Jwt, TokenFormat::Opaque].into_iter().find(|format| format.name() == name)
    }
}

/// Where APIs are kept.
pub static TABLE: Table = Table {
    name: "api",
    columns: &[
        Column::text("id"),
        Column::text("audience"),
        Column::text("name"),
        Column::text("scopes"),
        Column::text("default_scope"),
        Column::int("access_token_lifetime_seconds"),
        Column::text("token_format"),
        Column::text("signing_algorithm"),
        Column::int("created_at"),
        Column::int("updated_at"),
        Column::text("claims").or_null(),
    ],
    key: 1,
    indexes: &[Index { name: "api_by_audience", columns: &[1], unique: true }],
    class: Class::Authority,
};

impl Api {
    /// The names of its scopes.
    #[must_use]
    pub fn scope_set(&self) -> ScopeSet {
        self.scopes.names().clone()
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.audience.clone()),
            Value::Text(self.name.clone()),
            Value::text(&serde_json::to_string(&*self.scopes).unwrap_or_default()),
            Value::text(&self.default_scope.to_string()),
            Value::Int(self.access_token_lifetime_seconds),
            Value::text(self.token_format.name()),
            Value::text(self.signing_algorithm.name()),
            Value::Int(self.created_at),
            Value::Int(self.updated_at),
            self.claims.value(),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Api, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Api {
            id: ApiId(row.text()?),
            audience: row.text()?,
            name: row.text()?,
            scopes: row.read(|value| serde_json::from_str::<BTreeMap<_, _>>(value.as_text()?).ok())?.into(),
            default_scope: row.read(|value| parse_scope_list(value.as_text()?).ok())?,
            access_token_lifetime_seconds: row.int()?,
            token_format: row.read(|value| TokenFormat::from_name(value.as_text()?))?,
            signing_algorithm: row.read(|value| Algorithm::from_name(value.as_text()?))?,
            created_at: row.int()?,
            updated_at: row.int()?,
            claims: row.read(ClaimRules::from_value)?,
        })
    }
}

/// A list of scopes that may be empty, which the grammar of RFC 6749 section 3.3 does not allow on the wire.
///
/// # Errors
/// When a name is not one.
pub fn parse_scope_list(text: &str) -> Result<ScopeSet, NotAScope> {
    if text.is_empty() { Ok(ScopeSet::empty()) } else { ScopeSet::parse(text) }
}
