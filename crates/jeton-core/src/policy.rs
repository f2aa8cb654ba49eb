//! How long each kind of credential lives: one table, so that none is without an end. A deployment, an API and a client may each narrow it
//! ([`rule`]); what follows is in [`effective`].

pub mod change;
pub mod effective;
pub mod exception;
pub mod idle;
pub mod rule;
pub mod set;

/// The lifetimes of one kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// What it is called in policies.
    pub policy_key: &'static str,
    /// What many of it are called by people.
    pub plural: &'static str,
    /// How long it lives when nobody says, in seconds.
    pub default_seconds: i64,
    /// The least maximum that a policy may set, in seconds.
    pub least_seconds: i64,
    /// How long it may live at most, in seconds.
    pub max_seconds: i64,
    /// After how long without a use one is refused until somebody resumes it, in seconds. After as long again it is revoked.
    pub idle_seconds: Option<i64>,
    /// Where a policy may narrow it.
    pub levels: &'static [Level],
}

/// Where a policy holds, from the widest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Everywhere.
    Deployment,
    /// For one API.
    Api,
    /// For one client.
    Client,
}

impl Level {
    /// Its name in requests and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Deployment => "deployment",
            Level::Api => "api",
            Level::Client => "client",
        }
    }
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Access tokens.
pub const ACCESS_TOKEN: Lifetime = Lifetime {
    policy_key: "access_token",
    plural: "access tokens",
    default_seconds: HOUR,
    least_seconds: 1,
    max_seconds: DAY,
    idle_seconds: None,
    levels: &[Level::Deployment, Level::Api, Level::Client],
};

/// Client secrets.
pub const CLIENT_SECRET: Lifetime = Lifetime {
    policy_key: "client_secret",
    plural: "client secrets",
    default_seconds: 180 * DAY,
    least_seconds: 1,
    max_seconds: 366 * DAY,
    idle_seconds: Some(30 * DAY),
    levels: &[Level::Deployment, Level::Client],
};

/// API keys.
pub const API_KEY: Lifetime = Lifetime {
    policy_key: "api_key",
    plural: "API keys",
    default_seconds: 90 * DAY,
    least_seconds: 1,
    max_seconds: 366 * DAY,
    idle_seconds: Some(30 * DAY),
    levels: &[Level::Deployment, Level::Api, Level::Client],
};

/// Personal access tokens.
pub const PERSONAL_ACCESS_TOKEN: Lifetime = Lifetime {
    policy_key: "personal_access_token",
    plural: "personal access tokens",
    default_seconds: 90 * DAY,
    least_seconds: 1,
    max_seconds: 366 * DAY,
    idle_seconds: Some(30 * DAY),
    levels: &[Level::Deployment, Level::Api],
};

/// Signing keys: how long one signs before the next takes over. Not less than a day: each one that was retired stays published for two.
pub const SIGNING_KEY: Lifetime = Lifetime {
    policy_key: "signing_key",
    plural: "signing keys",
    default_seconds: 90 * DAY,
    least_seconds: DAY,
    max_seconds: 366 * DAY,
    idle_seconds: None,
    levels: &[Level::Deployment],
};

/// Client assertions: how far ahead their `exp` may lie (RFC 7523 section 3).
pub const CLIENT_ASSERTION: Lifetime = Lifetime {
    policy_key: "client_assertion",
    plural: "client assertions",
    default_seconds: 60,
    least_seconds: 1,
    max_seconds: HOUR,
    idle_seconds: None,
    levels: &[Level::Deployment, Level::Client],
};

/// Refresh tokens, and the grants that they are of: over when nobody refreshed for the idle time.
pub const REFRESH_TOKEN: Lifetime = Lifetime {
    policy_key: "refresh_token",
    plural: "refresh tokens",
    default_seconds: 90 * DAY,
    least_seconds: 1,
    max_seconds: 366 * DAY,
    idle_seconds: Some(30 * DAY),
    levels: &[Level::Deployment, Level::Client],
};

/// Authorization codes.
pub const AUTHORIZATION_CODE: Lifetime = Lifetime {
    policy_key: "authorization_code",
    plural: "authorization codes",
    default_seconds: 60,
    least_seconds: 1,
    max_seconds: 600,
    idle_seconds: None,
    levels: &[Level::Deployment, Level::Client],
};

/// Authorization requests that were handed in.
pub const PUSHED_REQUEST: Lifetime = Lifetime {
    policy_key: "pushed_request",
    plural: "requests handed in",
    default_seconds: 90,
    least_seconds: 1,
    max_seconds: 600,
    idle_seconds: None,
    levels: &[Level::Deployment, Level::Client],
};

/// Device codes, from the question of a device on: so long somebody has to say yes.
pub const DEVICE_CODE: Lifetime = Lifetime {
    policy_key: "device_code",
    plural: "device codes",
    default_seconds: 600,
    least_seconds: 1,
    max_seconds: 1_800,
    idle_seconds: None,
    levels: &[Level::Deployment, Level::Client],
};

/// Sessions of people who signed in: over when nobody came for the idle time.
pub const SESSION: Lifetime = Lifetime {
    policy_key: "session",
    plural: "sessions",
    default_seconds: 30 * DAY,
    least_seconds: 1,
    max_seconds: 90 * DAY,
    idle_seconds: Some(DAY),
    levels: &[Level::Deployment],
};

/// How long it counts that somebody proved who they are: afterwards nothing is refreshed until they do again.
pub const REAUTHENTICATION: Lifetime = Lifetime {
    policy_key: "reauthentication",
    plural: "proofs of who somebody is",
    default_seconds: 30 * DAY,
    least_seconds: 1,
    max_seconds: 90 * DAY,
    idle_seconds: None,
    levels: &[Level::Deployment],
};

/// The same of those who administer.
pub const ADMINISTRATOR_REAUTHENTICATION: Lifetime = Lifetime {
    policy_key: "administrator_reauthentication",
    plural: "proofs of who an administrator is",
    default_seconds: 12 * HOUR,
    least_seconds: 1,
    max_seconds: DAY,
    idle_seconds: None,
    levels: &[Level::Deployment],
};

/// What people allowed applications.
pub const CONSENT: Lifetime = Lifetime {
    policy_key: "consent",
    plural: "consents",
    default_seconds: 366 * DAY,
    least_seconds: 1,
    max_seconds: 366 * DAY,
    idle_seconds: None,
    levels: &[Level::Deployment, Level::Client],
};

/// Links by which somebody who was taken in chooses a password.
pub const INVITATION: Lifetime = Lifetime {
    policy_key: "invitation",
    plural: "invitations",
    default_seconds: 7 * DAY,
    least_seconds: 1,
    max_seconds: 30 * DAY,
    idle_seconds: None,
    levels: &[Level::Deployment],
};

/// Links by which somebody who forgot their password chooses another.
pub const PASSWORD_RESET: Lifetime = Lifetime {
    policy_key: "password_reset",
    plural: "links to choose another password",
    default_seconds: HOUR,
    least_seconds: 1,
    max_seconds: DAY,
    idle_seconds: None,
    levels: &[Level::Deployment],
};

/// Links by which somebody shows that letters reach them.
pub const EMAIL_VERIFICATION: Lifetime = Lifetime {
    policy_key: "email_verification",
    plural: "links to confirm an address",
    default_seconds: DAY,
    least_seconds: 1,
    max_seconds: 7 * DAY,
    idle_seconds: None,
    levels: &[Level::Deployment],
};

/// Declares the kinds of credentials, each with its line of the table: there is no other way to have one.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $lifetime:ident),* $(,)?) => {
        /// The kinds of credentials there are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CredentialKind {$($(#[$doc])* $kind),*}

        impl CredentialKind {
            /// All of them.
            pub const ALL: &'static [CredentialKind] = &[$(CredentialKind::$kind),*];

            /// Its line of the table.
            #[must_use]
            pub const fn lifetime(self) -> &'static Lifetime {
                match self {$(CredentialKind::$kind => &$lifetime),*}
            }
        }
    };
}
kinds! {
    /// Access tokens.
    AccessToken: ACCESS_TOKEN,
    /// Secrets of clients.
    ClientSecret: CLIENT_SECRET,
    /// API keys.
    ApiKey: API_KEY,
    /// Personal access tokens.
    PersonalAccessToken: PERSONAL_ACCESS_TOKEN,
    /// Signing keys.
    SigningKey: SIGNING_KEY,
    /// Client assertions.
    ClientAssertion: CLIENT_ASSERTION,
    /// Refresh tokens.
    RefreshToken: REFRESH_TOKEN,
    /// Authorization codes.
    AuthorizationCode: AUTHORIZATION_CODE,
    /// Authorization requests that were handed in.
    PushedRequest: PUSHED_REQUEST,
    /// Device codes.
    DeviceCode: DEVICE_CODE,
    /// Sessions.
    Session: SESSION,
    /// How long it counts that somebody proved who they are.
    Reauthentication: REAUTHENTICATION,
    /// The same of those who administer.
    AdministratorReauthentication: ADMINISTRATOR_REAUTHENTICATION,
    /// What people allowed applications.
    Consent: CONSENT,
    /// Links by which somebody who was taken in chooses a password.
    Invitation: INVITATION,
    /// Links by which somebody who forgot their password chooses another.
    PasswordReset: PASSWORD_RESET,
    /// Links by which somebody shows that letters reach them.
    EmailVerification: EMAIL_VERIFICATION,
}

impl CredentialKind {
    /// What one of it is called by people.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            CredentialKind::PushedRequest => "request handed in",
            CredentialKind::Reauthentication => "proof of who somebody is",
            CredentialKind::AdministratorReauthentication => "proof of who an administrator is",
            CredentialKind::PasswordReset => "link to choose another password",
            CredentialKind::EmailVerification => "link to confirm an address",
            _ => self.lifetime().plural.trim_end_matches('s'),
        }
    }

    /// The kind of a policy key.
    #[must_use]
    pub fn from_policy_key(key: &str) -> Option<CredentialKind> {
        CredentialKind::ALL.iter().copied().find(|kind| kind.lifetime().policy_key == key)
    }
}

/// How far the clocks of others may be off, in seconds.
pub const LEEWAY_SECONDS: i64 = 10;

/// How long a revocation is kept after what it revokes has expired, in seconds: a clock that was set back must not bring it to life.
pub const KEPT_AFTER_EXPIRY_SECONDS: i64 = DAY;

/// How long caches may hold the published key set, in seconds.
pub const KEY_SET_MAX_AGE_SECONDS: i64 = 300;

#[cfg(test)]
mod tests {
    use jeton_token::Kind;

    use super::*;

    #[test]
    fn every_kind_ends() {
        let mut keys = std::collections::BTreeSet::new();
        for kind in CredentialKind::ALL {
            let lifetime = kind.lifetime();
            assert!(0 < lifetime.least_seconds && lifetime.least_seconds <= lifetime.default_seconds, "{}", lifetime.policy_key);
            assert!(lifetime.default_seconds <= lifetime.max_seconds, "{}", lifetime.policy_key);
            assert!(lifetime.levels.first() == Some(&Level::Deployment) && lifetime.levels.is_sorted(), "{}", lifetime.policy_key);
            // What is kept for long and presented again and again ends, for now or for good, where nobody does; what a signature or an hour
            // ends does not.
            let is_presented = match kind {
                CredentialKind::ClientSecret
                | CredentialKind::ApiKey
                | CredentialKind::PersonalAccessToken
                | CredentialKind::RefreshToken
                | CredentialKind::Session => true,
                CredentialKind::AccessToken
                | CredentialKind::SigningKey
                | CredentialKind::ClientAssertion
                | CredentialKind::AuthorizationCode
                | CredentialKind::PushedRequest
                | CredentialKind::DeviceCode
                | CredentialKind::Reauthentication
                | CredentialKind::AdministratorReauthentication
                | CredentialKind::Consent
                | CredentialKind::Invitation
                | CredentialKind::PasswordReset
                | CredentialKind::EmailVerification => false,
            };
            assert_eq!(lifetime.idle_seconds.is_some(), is_presented, "{}", lifetime.policy_key);
            assert!(lifetime.idle_seconds.is_none_or(|idle| (idle::LEAST_SECONDS..=lifetime.default_seconds).contains(&idle)));
            assert!(keys.insert(lifetime.policy_key), "two kinds are called {}", lifetime.policy_key);
            assert_eq!(CredentialKind::from_policy_key(lifetime.policy_key), Some(*kind));
        }
    }

    /// Whoever adds a kind of token text, or begins to mint one, says here which line of the table ends it.
    #[test]
    fn every_token_that_is_minted_has_a_line() {
        let line = |kind: Kind| match kind {
            Kind::AccessToken => Some(CredentialKind::AccessToken),
            Kind::ClientSecret => Some(CredentialKind::ClientSecret),
            Kind::ApiKey => Some(CredentialKind::ApiKey),
            Kind::PersonalAccessToken => Some(CredentialKind::PersonalAccessToken),
            Kind::RefreshToken => Some(CredentialKind::RefreshToken),
            Kind::AuthorizationCode => Some(CredentialKind::AuthorizationCode),
            Kind::Session => Some(CredentialKind::Session),
            Kind::DeviceCode => Some(CredentialKind::DeviceCode),
            // Each purpose of a link has its own.
            Kind::Invitation => Some(CredentialKind::Invitation),
            Kind::RegistrationAccessToken => None,
        };
        let minted = Kind::ALL.into_iter().filter_map(line).count();
        assert_eq!(minted, 9);
    }
}
