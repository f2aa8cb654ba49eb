//! Texts that have few values, as the document of this API lists them: the names are those of the core.

use std::borrow::Cow;

use jeton_core::api::TokenFormat;
use jeton_core::api_key::verify::Code;
use jeton_core::api_key::{ApiKeyKind, environment_name};
use jeton_core::client::asking::ID_TOKEN_ALGORITHMS;
use jeton_core::client::{Application, AuthenticationMethod, GrantType};
use jeton_core::explain::scope::TakenBy;
use jeton_core::key::{Purpose, State};
use jeton_core::permission::Permission;
use jeton_core::policy::{CredentialKind, Level};
use jeton_core::usage::Outcome;
use jeton_core::usage::bucket::Resolution;
use jeton_jose::Algorithm;
use jeton_service::keys::filter::{KeyOrder, StandingKind};
use jeton_token::Environment;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Declares the names of one thing: a function that lists them, and a type whose schema they are.
macro_rules! names {
    ($($(#[$about:meta])* $list:ident $schema:ident = $names:expr;)*) => {$(
        $(#[$about])*
        pub(super) fn $list() -> Vec<&'static str> {
            $names.into()
        }

        $(#[$about])*
        pub(super) struct $schema;

        impl JsonSchema for $schema {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($schema).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": $list() })
            }
        }
    )*};
}

names! {
    /// The algorithms that tokens are signed with.
    algorithms AlgorithmName = of(Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()), Algorithm::name);
    /// What kinds of application there are.
    applications ApplicationName = of([Application::Web, Application::Native], Application::name);
    /// How a client proves itself.
    authentication_methods AuthenticationMethodName = of(AuthenticationMethod::ALL, AuthenticationMethod::name);
    /// What a check of a key is answered with.
    codes CodeName = of(
        [
            Code::NotFound,
            Code::Revoked,
            Code::Expired,
            Code::Suspended,
            Code::IpDenied,
            Code::InsufficientScope,
            Code::RateLimited,
            Code::UsageExceeded,
            Code::Valid,
        ],
        Code::name,
    );
    /// The kinds of credentials that policies are about.
    credential_kinds CredentialKindName = of(CredentialKind::ALL.iter().copied(), |kind| kind.lifetime().policy_key);
    /// Where a key may be used.
    environments ShownEnvironment = of([Environment::Live, Environment::Test], environment_name);
    /// What a client may ask tokens by.
    grant_types GrantTypeName = of(GrantType::ALL, GrantType::name);
    /// The kinds of keys.
    key_kinds KeyKindName = of([ApiKeyKind::Key, ApiKeyKind::Personal], ApiKeyKind::name);
    /// Where a policy may be said.
    levels LevelName = of([Level::Deployment, Level::Api, Level::Client], Level::name);
    /// Where what holds was said: at a level, or nowhere.
    levels_and_table LevelOrTable = [vec!["table"], levels()].concat();
    /// How a use went.
    outcomes OutcomeName = of(Outcome::ALL, Outcome::name);
    /// Permissions of the management API.
    permissions PermissionName = of(Permission::ALL.iter().copied(), Permission::name);
    /// Whether a client's authorization requests need a challenge.
    pkce PkceName = ["required", "optional"];
    /// Whether people are asked before a client gets anything.
    consents ConsentName = ["required", "waived"];
    /// What may sign ID tokens.
    id_token_algorithms IdTokenAlgorithmName = of(ID_TOKEN_ALGORITHMS, Algorithm::name);
    /// How a person stands.
    person_states PersonState = ["active", "disabled"];
    /// How a person stands, and whether all that is theirs is suspended.
    user_states UserState = ["active", "suspended", "disabled"];
    /// What can be suspended as a whole.
    suspended_kinds SuspendedKind = ["client", "api", "user", "group", "owner"];
    /// How what can be suspended stands.
    subject_states SubjectState = ["active", "suspended"];
    /// What a signing key signs.
    purposes PurposeName = of([Purpose::Token, Purpose::Ledger], Purpose::name);
    /// How long a bucket of usage is.
    resolutions ResolutionName = of(Resolution::ALL, Resolution::name);
    /// How a secret of a client stands.
    secret_states SecretState = ["live", "suspended", "ended"];
    /// Which of the secrets that a key has it is.
    slots SlotName = ["current", "previous"];
    /// Which of the secrets that a key has, or had, it is.
    found_secrets FoundSecret = ["current", "previous", "replaced"];
    /// When a revocation is answered.
    durabilities DurabilityName = ["local", "sync"];
    /// Whose a snapshot is.
    whose WhoseName = ["own", "past", "another"];
    /// What a text that is none of ours looks like.
    looks LookName = [
        "foreign", "damaged", "not_made_here", "left", "no_jwt", "other_issuer", "unknown_key", "revoked_key", "not_signed",
    ];
    /// The rules that decide over a credential.
    rules RuleName = [
        "accepted", "revoked", "suspended", "cut_off", "subject_suspended", "signing_key_revoked", "expired", "idle", "owner_gone",
        "no_access", "owner_disabled", "api_gone", "client_gone", "not_yet", "ip_denied",
    ];
    /// What says when a credential ends.
    ends EndName = ["as_issued", "exception", "policy", "api_lifetime"];
    /// What was said of a credential, or of what it belongs to.
    statements StatementName = [
        "revoked", "suspended", "resumed", "cut_off", "subject_suspended", "subject_resumed", "lifetime_lowered", "signing_key_revoked",
        "changed",
    ];
    /// How a signing key stands.
    signing_key_states SigningKeyState = of([State::Next, State::Current, State::Retired, State::Revoked], State::name);
    /// How a token or a key stands.
    standings StandingName = of(StandingKind::ALL, StandingKind::name);
    /// What takes a scope away from a key.
    takers TakerName = of([TakenBy::Api, TakenBy::Owner, TakenBy::Client, TakenBy::Roles], TakenBy::name);
    /// What access tokens are.
    token_formats TokenFormatName = of([TokenFormat::Jwt, TokenFormat::Opaque], TokenFormat::name);
}

/// What lists of keys are sorted by.
pub(super) fn key_orders() -> Vec<&'static str> {
    of(KeyOrder::ALL, KeyOrder::name)
}

fn of<T>(all: impl IntoIterator<Item = T>, name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.into_iter().map(name).collect()
}
