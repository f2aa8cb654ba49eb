//! How long each kind of credential lives: one table, so that none is without an end.

/// The lifetimes of one kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// What it is called in policies.
    pub policy_key: &'static str,
    /// How long it lives when nobody says, in seconds.
    pub default_seconds: i64,
    /// How long it may live at most, in seconds.
    pub max_seconds: i64,
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Access tokens.
pub const ACCESS_TOKEN: Lifetime = Lifetime { policy_key: "access_token", default_seconds: HOUR, max_seconds: DAY };

/// Client secrets.
pub const CLIENT_SECRET: Lifetime = Lifetime { policy_key: "client_secret", default_seconds: 180 * DAY, max_seconds: 366 * DAY };

/// Signing keys: how long one signs before the next takes over.
pub const SIGNING_KEY: Lifetime = Lifetime { policy_key: "signing_key", default_seconds: 90 * DAY, max_seconds: 366 * DAY };

/// Client assertions: how far ahead their `exp` may lie (RFC 7523 section 3).
pub const CLIENT_ASSERTION: Lifetime = Lifetime { policy_key: "client_assertion", default_seconds: 60, max_seconds: HOUR };

/// Every kind there is.
pub const ALL: [Lifetime; 4] = [ACCESS_TOKEN, CLIENT_SECRET, SIGNING_KEY, CLIENT_ASSERTION];

/// How far the clocks of others may be off, in seconds.
pub const LEEWAY_SECONDS: i64 = 10;

/// How long a revocation is kept after what it revokes has expired, in seconds: a clock that was set back must not bring it to life.
pub const KEPT_AFTER_EXPIRY_SECONDS: i64 = DAY;

/// How long caches may hold the published key set, in seconds.
pub const KEY_SET_MAX_AGE_SECONDS: i64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_ends() {
        for lifetime in ALL {
            assert!(0 < lifetime.default_seconds && lifetime.default_seconds <= lifetime.max_seconds, "{}", lifetime.policy_key);
        }
    }
}
