//! When a credential ends, and what makes that so.

use super::said::Said;
use super::statement::Statement;
use crate::api::Api;
use crate::api_key::ApiKey;
use crate::api_key::secret::KeptSecret;
use crate::id::ExceptionId;
use crate::policy::effective::{Effective, Policies};
use crate::policy::rule::Subject;
use crate::policy::{CredentialKind, Level};
use crate::token::AccessToken;
use crate::token::negative::Says;

/// The end of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When, in seconds.
    pub at: i64,
    /// Why then.
    pub cause: Cause,
}

/// Why a credential ends when it does: of several that say the same, the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was issued for so long.
    AsIssued,
    /// An exception from the maximum ends then.
    Exception(ExceptionId),
    /// A policy lets it live so long at most.
    Policy {
        /// The level that says so; `None` is the table.
        level: Option<Level>,
        /// How long, in seconds.
        seconds: i64,
        /// Who last set what that level says.
        said: Option<Said>,
    },
    /// What it is for lets it live so long at most: its lifetime is lower now, or was since it was issued.
    ApiLifetime {
        /// How long, in seconds.
        seconds: i64,
        /// Who lowered it.
        said: Option<Said>,
    },
}

impl Cause {
    /// Its name in answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Cause::AsIssued => "as_issued",
            Cause::Exception(_) => "exception",
            Cause::Policy { .. } => "policy",
            Cause::ApiLifetime { .. } => "api_lifetime",
        }
    }
}

/// When a secret of a key ends.
#[must_use]
pub fn of_key(key: &ApiKey, secret: &KeptSecret, policies: &Policies) -> End {
    let at = key.ends_at(secret, policies);
    if at >= secret.expires_at {
        return End { at, cause: Cause::AsIssued };
    }
    let kind = key.kind.credential_kind();
    let cause = match policies.exception_of(kind, &key.id.to_string()) {
        Some(exception) => Cause::Exception(exception.record.id.clone()),
        None => policy(&key.rule(policies), kind, (Subject::Api(key.api.clone()), key.holder().cloned().map(Subject::Client)), policies),
    };
    End { at, cause }
}

/// When a token ends, by what holds now and by what was said since it was issued.
#[must_use]
pub fn of_token(token: &AccessToken, api: Option<&Api>, policies: &Policies, statements: &[Statement]) -> End {
    let mut end = End { at: token.expires_at, cause: Cause::AsIssued };
    let Some(api) = api else { return end };
    let lower = |seconds: i64, cause: Cause, end: &mut End| {
        let at = token.issued_at.saturating_add(seconds);
        if at < end.at {
            *end = End { at, cause };
        }
    };
    let kind = CredentialKind::AccessToken;
    let effective = policies.resolve(kind, Some(&token.api), Some(&token.client));
    let subjects = (Subject::Api(token.api.clone()), Some(Subject::Client(token.client.clone())));
    lower(effective.max_seconds, policy(&effective, kind, subjects, policies), &mut end);
    let seconds = api.access_token_lifetime_seconds;
    lower(seconds, Cause::ApiLifetime { seconds, said: lowered(statements, token.issued_at, seconds) }, &mut end);
    for statement in statements {
        if let Says::Lifetime(_, seconds, before) = &statement.says
            && token.issued_at < *before
        {
            let cause = Cause::ApiLifetime { seconds: *seconds, said: Some(Said::from(statement)) };
            lower(*seconds, cause, &mut end);
        }
    }
    end
}

fn policy(effective: &Effective, kind: CredentialKind, (api, client): (Subject, Option<Subject>), policies: &Policies) -> Cause {
    let subject = match effective.max_from {
        None => None,
        Some(Level::Deployment) => Some(Subject::Deployment),
        Some(Level::Api) => Some(api),
        Some(Level::Client) => client,
    };
    let rule = subject.and_then(|subject| policies.rule(kind, &subject));
    let said = rule.map(|rule| Said { at: rule.record.updated_at, by: rule.record.updated_by.clone(), why: None });
    Cause::Policy { level: effective.max_from, seconds: effective.max_seconds, said }
}

/// Who lowered the lifetime of tokens of then to that.
fn lowered(statements: &[Statement], issued_at: i64, seconds: i64) -> Option<Said> {
    let is_it = |statement: &&Statement| matches!(&statement.says, Says::Lifetime(_, to, before) if *to == seconds && issued_at < *before);
    statements.iter().find(is_it).map(Said::from)
}
