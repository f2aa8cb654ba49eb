//! Wire types of OAuth 2.1 and its companions: parse and print, nothing else.
//!
//! No module here decides anything or does I/O: text and bytes come in, values go out, and back. What may happen with them is
//! ruled elsewhere. Every parser limits its input before it works, refuses what is repeated, and holds text that it checked.
#![warn(missing_docs)]

pub mod authorization;
pub mod bearer;
pub mod client_authentication;
pub mod device;
pub mod error;
pub mod feed;

pub mod form;
pub mod introspection;
pub mod issuer;
mod json;
pub mod logout;
pub mod metadata;
pub mod pkce;
pub mod pushed;
pub mod redirect_uri;
pub mod resource;
pub mod revocation;
pub mod scope;
pub mod token;
pub mod token_type_hint;
mod uri;
pub mod usage_report;
pub mod userinfo;

pub use authorization::{AuthorizationAnswer, AuthorizationForm, AuthorizationRequest};
pub use bearer::{BearerChallenge, BearerToken};
pub use client_authentication::ClientAuthentication;
pub use error::{Description, ErrorCode, ErrorResponse};
pub use form::Form;
pub use introspection::{ActiveToken, IntrospectionRequest, IntrospectionResponse};
pub use issuer::Issuer;
pub use logout::LogoutForm;
pub use metadata::ServerMetadata;
pub use redirect_uri::RedirectUri;
pub use resource::Resource;
pub use revocation::RevocationRequest;
pub use scope::{ScopeName, ScopeSet};
pub use token::{GrantType, TokenRequest, TokenResponse};
pub use token_type_hint::TokenTypeHint;
pub use usage_report::UsageReport;
pub use userinfo::UserinfoResponse;
