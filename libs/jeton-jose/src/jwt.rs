//! JSON Web Tokens: claims and their validation (RFC 7519, RFC 9068, RFC 8725).

mod access_token;
mod audience;
mod claims;
mod date;
mod reading;
mod validation;

pub use access_token::AccessTokenClaims;
pub use audience::Audience;
pub use claims::Claims;
pub use reading::MAX_CLAIMS_DEPTH;
pub use validation::{Times, TokenType, Validation};
