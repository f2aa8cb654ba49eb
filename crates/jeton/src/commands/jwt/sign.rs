use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jeton_jose::Algorithm;
use jeton_jose::json::{self, Limits};
use jeton_jose::jwk::SigningKey;
use jeton_jose::jws::{MAX_TOKEN_BYTES, Signer};
use jeton_token::Secret;
use serde_json::{Value, json};

use super::algorithm::algorithm;
use super::key_file;
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::render::text::member;

const EXAMPLES: &str = "\
Examples:
  jeton jwt sign --key private.json --claims claims.json
  echo '{\"iss\":\"client_…\",\"sub\":\"client_…\",\"aud\":\"https://id.example.com\",
         \"jti\":\"7\",\"exp\":1790000060}' |
      jeton jwt sign --key private.json --claims - --typ JWT";

const LIMITS: Limits = Limits { length_bytes: MAX_TOKEN_BYTES, depth: 32 };

/// Sign claims with a key of yours
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sign {
    /// The private key, a JWK: `-`, standard input; or a file
    #[arg(long, value_name = "-|FILE")]
    key: PathBuf,
    /// The claims: `-`, standard input; or a file
    #[arg(long, value_name = "-|FILE", default_value = "-")]
    claims: PathBuf,
    /// What stands in `typ`
    #[arg(long, value_name = "TYPE", default_value = "JWT")]
    typ: String,
    /// The algorithm, if the key does not name its own
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    alg: Option<Algorithm>,
}

impl Sign {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        input::not_both((&self.key, "the key"), (&self.claims, "the claims"))?;
        let text = Secret::new(input::text(&self.key, "the key")?);
        let wanted = "name a file with one private JWK";
        if let Some(found) = key_file::other_than_jwk(text.expose()) {
            return Err(Failure::usage(format!("{}: {found}", self.key.display()), wanted));
        }
        let key = SigningKey::from_jwk(text.expose().as_bytes(), self.alg)
            .map_err(|error| Failure::usage(format!("{}: {error}", self.key.display()), key_file::hint(error, wanted)))?;
        let claims = input::text(&self.claims, "the claims")?;
        let claims = json::parse_object(claims.as_bytes(), LIMITS)
            .map_err(|error| Failure::usage(format!("the claims: {error}"), "write one JSON object, each claim once"))?;
        let token = Signer::new(Arc::new(key), &self.typ).sign(Value::Object(claims).to_string().as_bytes());
        let token = token.map_err(|error| Failure::could_not(error.to_string(), "try another key"))?;
        context.show(&json!({ "token": token }), |value, _| format!("{}\n", member(value, "token")))
    }
}
