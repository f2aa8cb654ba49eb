//! What explanations of keys and tokens have in common.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jeton_core::event::CutOffSubject;
use jeton_core::explain::cut_off::CutOff;
use jeton_core::explain::end::{Cause, End};
use jeton_core::explain::rule::Rule;
use jeton_core::explain::said::Said;
use jeton_core::explain::statement::Statement;
use jeton_core::explain::suspension::Suspension;
use jeton_core::explain::text::Look;
use jeton_core::id::{Actor, CredentialId, KeyId};
use jeton_core::token::negative::Says;
use jeton_core::why::Because;
use jeton_service::Service;
use jeton_token::Kind;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::{EndName, LevelOrTable, LookName, RuleName, StatementName};
use super::rfc3339;

/// How long the past is searched; what was not found by then is left out, and said to be.
pub(super) const SEARCHING: Duration = Duration::from_secs(8);

/// The rule that decides, and what is known of it; what does not belong to it is absent.
#[derive(Default, JsonSchema, Serialize)]
#[schemars(rename = "DecidingRule")]
pub(super) struct Decided {
    /// The rule, by name.
    #[schemars(with = "RuleName")]
    rule: &'static str,
    /// When it began to hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Who said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    by: Option<Actor>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Of a cut-off or a suspension: over what.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    subject: Option<CutOffSubject>,
    /// What stands for that: an id, or of an API the audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    /// What people call it now, where that is an id of what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<Arc<str>>,
    /// What was issued before is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// The `kid` that was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    signing_key: Option<KeyId>,
    /// The level of the policies that says so; `table`: none narrows what is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LevelOrTable>")]
    level: Option<&'static str>,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    /// Of an idle key: whether nothing but another key helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_final: Option<bool>,
    /// The address that was asked about, where no network of the key has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<IpAddr>,
}

/// When a credential ends, and why then.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "EndExplained")]
pub(super) struct Ends {
    /// When it ends.
    at: String,
    /// What says so.
    #[schemars(with = "EndName")]
    cause: &'static str,
    /// The level of the policies that says so; `table`: none narrows what is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LevelOrTable>")]
    level: Option<&'static str>,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    /// Who last set what says so, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    set_by: Option<Actor>,
    /// When it was last set.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_at: Option<String>,
    /// The exception that says so, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
}

/// Something that was said of a credential, or of what it belongs to.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Statement")]
pub(super) struct Told {
    /// What was said.
    #[schemars(with = "StatementName")]
    what: &'static str,
    /// When.
    at: String,
    /// Who said so.
    #[schemars(with = "String")]
    by: Actor,
    /// Why, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Its number in the ledger.
    sequence: u64,
    /// Of a cut-off or a suspension: over what.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    subject: Option<CutOffSubject>,
    /// What stands for that: an id, or of an API the audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    /// What people call it now, where that is an id of what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<Arc<str>>,
    /// What was issued before is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    /// The `kid` that was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    signing_key: Option<KeyId>,
}

/// A text that is no credential that is known here.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "UnknownText")]
pub(super) struct NotOurs {
    /// `false`: it is no credential that is known here.
    is_ours: bool,
    /// What it looks like.
    #[schemars(with = "LookName")]
    looks: &'static str,
    /// What kind of credential it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// The id that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    id: Option<CredentialId>,
    /// When it was made, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_at: Option<String>,
    /// What it says of itself; nobody vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    says_issuer: Option<String>,
    /// The `kid` that it says signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    says_signing_key: Option<String>,
}

impl From<&Rule> for Decided {
    fn from(rule: &Rule) -> Decided {
        let decided = Decided { rule: rule.name(), ..Decided::default() };
        match rule {
            Rule::Revoked(said) | Rule::Suspended(said) => decided.said(said.as_ref()),
            Rule::SigningKeyRevoked(key, said) => Decided { signing_key: Some(key.clone()), ..decided.said(said.as_ref()) },
            Rule::CutOff(Some(CutOff { subject, name, before, said })) => {
                let (name, before) = (Some(name.clone()).filter(|name| !name.is_empty()), Some(rfc3339::format(*before)));
                Decided { subject: Some(*subject), name, before, ..decided.said(Some(said)) }
            }
            Rule::SubjectSuspended(Some(Suspension { subject, name, said })) => {
                let name = Some(name.clone()).filter(|name| !name.is_empty());
                Decided { subject: Some(*subject), name, ..decided.said(Some(said)) }
            }
            Rule::Expired(end) => Decided { at: Some(rfc3339::format(end.at)), ..decided },
            Rule::Idle(unused) => {
                let level = Some(unused.level.map_or("table", jeton_core::policy::Level::name));
                Decided { level, seconds: Some(unused.seconds), is_final: Some(unused.is_final), ..decided }
            }
            Rule::NotYet(from) => Decided { at: Some(rfc3339::format(*from)), ..decided },
            Rule::IpDenied(address) => Decided { client_ip: Some(*address), ..decided },
            Rule::Accepted
            | Rule::CutOff(None)
            | Rule::SubjectSuspended(None)
            | Rule::OwnerGone
            | Rule::NoAccess
            | Rule::OwnerDisabled
            | Rule::ApiGone
            | Rule::ClientGone => decided,
        }
    }
}

impl Decided {
    /// The same, with what people call what it names.
    pub(super) fn called(self, service: &Service) -> Decided {
        Decided { called: self.name.as_ref().and_then(|id| service.called(id)), ..self }
    }

    fn said(self, said: Option<&Said>) -> Decided {
        let Some(Said { at, by, why }) = said else { return self };
        Decided { at: Some(rfc3339::format(*at)), by: Some(by.clone()), why: said_why(why.as_ref()), ..self }
    }
}

impl From<&End> for Ends {
    fn from(end: &End) -> Ends {
        let ends = Ends {
            at: rfc3339::format(end.at),
            cause: end.cause.name(),
            level: None,
            seconds: None,
            set_by: None,
            set_at: None,
            exception: None,
        };
        let set = |said: Option<&Said>| (said.map(|said| said.by.clone()), said.map(|said| rfc3339::format(said.at)));
        match &end.cause {
            Cause::AsIssued => ends,
            Cause::Exception(exception) => Ends { exception: Some(exception.to_string()), ..ends },
            Cause::Policy { level, seconds, said } => {
                let ((set_by, set_at), level) = (set(said.as_ref()), level.map_or("table", jeton_core::policy::Level::name));
                Ends { level: Some(level), seconds: Some(*seconds), set_by, set_at, ..ends }
            }
            Cause::ApiLifetime { seconds, said } => {
                let (set_by, set_at) = set(said.as_ref());
                Ends { seconds: Some(*seconds), set_by, set_at, ..ends }
            }
        }
    }
}

impl From<&Statement> for Told {
    fn from(statement: &Statement) -> Told {
        let told = Told {
            what: "",
            at: rfc3339::format(statement.at),
            by: statement.by.clone(),
            why: said_why(statement.why.as_ref()),
            sequence: statement.sequence,
            subject: None,
            name: None,
            called: None,
            before: None,
            seconds: None,
            signing_key: None,
        };
        match &statement.says {
            Says::Revoked(..) => Told { what: "revoked", ..told },
            Says::Suspended(..) => Told { what: "suspended", ..told },
            Says::Resumed(..) => Told { what: "resumed", ..told },
            Says::CutOff(subject, name, before) => {
                let name = Some(name.clone()).filter(|name| !name.is_empty());
                Told { what: "cut_off", subject: Some(*subject), name, before: Some(rfc3339::format(*before)), ..told }
            }
            Says::SubjectSuspended(subject, name) => Told {
                what: "subject_suspended",
                subject: Some(*subject),
                name: Some(name.clone()).filter(|name| !name.is_empty()),
                ..told
            },
            Says::SubjectResumed(subject, name) => {
                Told { what: "subject_resumed", subject: Some(*subject), name: Some(name.clone()).filter(|name| !name.is_empty()), ..told }
            }
            Says::ApiKeyChanged(..) => Told { what: "changed", ..told },
            Says::Lifetime(_, seconds, before) => {
                Told { what: "lifetime_lowered", seconds: Some(*seconds), before: Some(rfc3339::format(*before)), ..told }
            }
            Says::KeyRevoked(key) => Told { what: "signing_key_revoked", signing_key: Some(key.clone()), ..told },
        }
    }
}

impl Told {
    /// The same, with what people call what it names.
    pub(super) fn called(self, service: &Service) -> Told {
        Told { called: self.name.as_ref().and_then(|id| service.called(id)), ..self }
    }
}

impl From<&Look> for NotOurs {
    fn from(look: &Look) -> NotOurs {
        let other =
            NotOurs { is_ours: false, looks: look.name(), kind: None, id: None, made_at: None, says_issuer: None, says_signing_key: None };
        match look {
            Look::Foreign | Look::Damaged | Look::NoJwt | Look::NotSigned => other,
            Look::NotMadeHere(kind) => NotOurs { kind: Some(name(*kind)), ..other },
            Look::Left(kind, id) => {
                let made_at = Some(rfc3339::format(id.issued_at().seconds()));
                NotOurs { kind: Some(name(*kind)), id: Some(*id), made_at, ..other }
            }
            Look::OtherIssuer(issuer) => NotOurs { says_issuer: Some(issuer.clone()), ..other },
            Look::UnknownKey(key) => NotOurs { says_signing_key: Some(key.clone()), ..other },
            Look::RevokedKey(key, id) => NotOurs { says_signing_key: Some(key.clone()), id: *id, ..other },
        }
    }
}

fn said_why(why: Option<&Because>) -> Option<String> {
    why.map(|why| why.as_str().to_owned())
}

/// What a kind of text is called in answers.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::AccessToken => "access_token",
        Kind::ApiKey => "api_key",
        Kind::PersonalAccessToken => "personal_access_token",
        Kind::ClientSecret => "client_secret",
        _ => kind.as_str(),
    }
}
