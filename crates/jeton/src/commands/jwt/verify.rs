use std::path::{Path, PathBuf};

use clap::Args;
use jeton_jose::jwk::{Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys};
use jeton_jose::jws::{self, Verified};
use jeton_jose::jwt::{Audience, Claims, TokenType, Validation};
use jeton_jose::{Algorithm, KeyError, TokenError};
use serde_json::{Map, Value, json};

use super::algorithm::algorithm;
use super::difference::{self, Wanted};
use super::key_file;
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::render::jwt;
use crate::render::text::{items, member};

const EXAMPLES: &str = "\
Examples:
  jeton jwt verify - --jwks keys.json < token.txt
  jeton jwt verify token.txt --issuer https://id.example.com \\
      --audience https://orders.example --typ at+jwt

Without --jwks the keys of the server at --data are used. Exit code 1, with
the reason, if the token is not what it should be. What no flag names (issuer,
audience, type) is not compared. Whether it was revoked is for the server to
say: `jeton token introspect`.";

/// Check a token: signature, times, and what flags name
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// The token: `-`, standard input; or a file that holds it
    #[arg(value_name = "-|FILE", default_value = "-")]
    token: PathBuf,
    /// The keys, a JWK Set or one JWK: `-`, standard input; or a file
    #[arg(long, value_name = "-|FILE")]
    jwks: Option<PathBuf>,
    /// The algorithm of keys that do not name theirs
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// What `iss` must be
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// What `aud` must name
    #[arg(long, value_name = "URI")]
    audience: Option<String>,
    /// What `typ` must be, such as at+jwt
    #[arg(long, value_name = "TYPE")]
    typ: Option<String>,
    /// How far clocks may differ
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    leeway: u32,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Some(jwks) = &self.jwks {
            input::not_both((&self.token, "the token"), (jwks, "the keys"))?;
        }
        let keys = match &self.jwks {
            Some(file) => self.keys_of_file(file)?,
            None => self.keys_of_server(context)?,
        };
        let token = input::token(&self.token)?;
        let refused = |error: TokenError| {
            let key_ids: Vec<String> = keys.keys().iter().filter_map(|key| key.key_id().map(str::to_owned)).collect();
            let wanted = Wanted {
                issuer: self.issuer.as_deref(),
                audience: self.audience.as_deref(),
                typ: self.typ.as_deref(),
                key_ids: &key_ids,
                now_seconds: context.now_seconds,
            };
            Failure::no(
                format!("{error}{}", difference::lines(token.expose(), &error, &wanted)),
                "`jeton jwt decode` shows all that it says",
            )
        };
        let (verified, claims) = self.check(token.expose(), &keys, context.now_seconds).map_err(refused)?;
        let header = json!({ "alg": verified.header.algorithm.name(), "kid": verified.header.key_id, "typ": verified.header.token_type });
        let unchecked: Vec<&str> = [("iss", &self.issuer), ("aud", &self.audience), ("typ", &self.typ)]
            .into_iter()
            .filter_map(|(name, wanted)| wanted.is_none().then_some(name))
            .collect();
        context.show(
            &json!({ "valid": true, "header": header, "claims": claims, "unchecked": unchecked, "revocation_checked": false }),
            jwt::verified,
        )
    }

    fn check<'keys>(&self, token: &str, keys: &'keys VerifyingKeys, now_seconds: i64) -> Result<(Verified<'keys>, Claims), TokenError> {
        let verified = jws::verify(token, keys, jws::MAX_TOKEN_BYTES)?;
        if let Some(wanted) = &self.typ
            && !TokenType::Named(wanted.clone()).matches(verified.header.token_type.as_deref())
        {
            return Err(TokenError::WrongType);
        }
        let claims = Claims::parse(&verified.payload)?;
        // What nobody asked for is compared with itself; what was asked for must be there.
        let issuer = self.issuer.clone().or_else(|| claims.issuer.clone());
        let audience = self.audience.clone().or_else(|| claims.audience.as_ref()?.names().first().cloned());
        let mut judged = claims.clone();
        if self.issuer.is_none() {
            judged.issuer = Some(issuer.clone().unwrap_or_default());
        }
        if self.audience.is_none() {
            judged.audience = Some(Audience::one(audience.clone().unwrap_or_default()));
        }
        let validation = Validation {
            leeway_seconds: self.leeway,
            ..Validation::access_token(issuer.unwrap_or_default(), audience.unwrap_or_default())
        };
        validation.check_claims(&judged, now_seconds)?;
        Ok((verified, claims))
    }

    fn keys_of_file(&self, file: &Path) -> Result<VerifyingKeys, Failure> {
        let text = input::text(file, "the keys")?;
        let wanted = "name a JWK Set or a JWK; a server publishes its set at ISSUER/.well-known/jwks.json";
        if text.contains("-----BEGIN ") {
            return Err(Failure::usage(format!("{}: this is PEM, not a JWK", file.display()), wanted));
        }
        let parsed = match JwkSet::parse(text.as_bytes()) {
            Ok(set) => VerifyingKeys::from_jwk_set(&set, self.alg).and_then(|(keys, ignored)| match ignored.into_iter().next() {
                // Without any key the token would be blamed.
                Some(first) if keys.keys().is_empty() => Err(first.reason),
                _ => Ok(keys),
            }),
            Err(KeyError::Missing("keys")) => self.one_key(text.as_bytes()),
            Err(error) => Err(error),
        };
        parsed.map_err(|error| Failure::usage(format!("{}: {error}", file.display()), key_file::hint(error, wanted)))
    }

    fn one_key(&self, text: &[u8]) -> Result<VerifyingKeys, KeyError> {
        let key = match Jwk::parse(text) {
            Ok(jwk) => VerifyingKey::from_jwk(&named(jwk)?, self.alg)?,
            // The key that signed, or a shared secret.
            Err(KeyError::PrivateMember(_) | KeyError::UnsupportedKeyType) => SigningKey::from_jwk(text, self.alg)?.verifying_key()?,
            Err(error) => return Err(error),
        };
        VerifyingKeys::new(vec![key])
    }

    /// The server's keys for tokens, but those that are no longer trusted.
    fn keys_of_server(&self, context: &Context) -> Result<VerifyingKeys, Failure> {
        let keys = context.server()?.get_all("/api/v1/signing-keys")?;
        let trusted = items(&keys).iter().filter(|key| member(key, "purpose") == "token" && member(key, "state") != "revoked");
        let set = Map::from_iter([("keys".to_owned(), Value::Array(trusted.filter_map(|key| key.get("jwk").cloned()).collect()))]);
        let keys = JwkSet::from_members(&set).and_then(|set| VerifyingKeys::from_jwk_set(&set, None));
        keys.map(|(keys, _)| keys)
            .map_err(|error| Failure::could_not(format!("the server's keys cannot be used: {error}"), "name them with --jwks"))
    }
}

/// The key under the name that `jeton jwt sign` gives one that has none: its thumbprint.
fn named(jwk: Jwk) -> Result<Jwk, KeyError> {
    if jwk.key_id().is_some() {
        return Ok(jwk);
    }
    let mut members: Map<String, Value> = serde_json::from_str(&jwk.to_json()).unwrap_or_default();
    members.insert("kid".to_owned(), json!(jwk.thumbprint()));
    Jwk::from_members(&members)
}
