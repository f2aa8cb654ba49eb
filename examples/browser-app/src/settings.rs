//! What the application is told.

use jeton_token::Secret;

/// What the application must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Jeton is, as it calls itself.
    pub issuer: String,
    /// What it is called there.
    pub client_id: String,
    /// How it proves that.
    pub client_secret: Secret,
    /// Where browsers find this application: scheme, host and port.
    pub home: String,
    /// Where the API is.
    pub api: String,
}
