//! `jeton jwt`: without a server.

mod algorithm;
pub(super) mod decode;
mod difference;
mod key_file;
mod sign;
mod verify;

use clap::Subcommand;

use super::context::Context;
use super::failure::Failure;
use decode::Decode;
use sign::Sign;
use verify::Verify;

const EXAMPLES: &str = "\
Examples:
  jeton jwt decode - < token.txt
  jeton jwt verify token.txt --jwks keys.json --audience https://orders.example
  jeton jwt sign --key private.json --claims claims.json --typ JWT";

/// JSON Web Tokens: take apart, check, sign; works without a server
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Jwt {
    Decode(Decode),
    Verify(Verify),
    Sign(Sign),
}

impl Jwt {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Jwt::Decode(decode) => decode.run(context),
            Jwt::Verify(verify) => verify.run(context),
            Jwt::Sign(sign) => sign.run(context),
        }
    }
}
