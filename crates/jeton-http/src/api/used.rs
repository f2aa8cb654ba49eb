//! When a credential was used, as it is told beside what it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::usage::Subject;
use jeton_core::usage::subject::SubjectUse;
use jeton_service::failure::Failure;
use jeton_service::usage::remember::{SubjectUses, distinct};
use schemars::JsonSchema;
use serde::Serialize;

use super::rfc3339;

/// When a credential was used, to the minute, and when it was last refused; each absent where it never was since uses are counted.
#[derive(Clone, Default, JsonSchema, Serialize)]
pub(super) struct Used {
    /// When it was first used.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_used_at: Option<String>,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// When it was last refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refused_at: Option<String>,
    /// The rule that refused it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refusal: Option<String>,
    /// Where it was used from.
    #[serde(skip_serializing_if = "Option::is_none")]
    networks: Option<Origins>,
    /// What used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Origins>,
    /// The scopes that were exercised, each with the day on which it last was.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    scopes_exercised: BTreeMap<Arc<str>, String>,
}

/// Networks, or classes of agents.
#[derive(Clone, JsonSchema, Serialize)]
struct Origins {
    /// About how many there were.
    count: u64,
    /// The last that were new, the newest first.
    last: Vec<Arc<str>>,
}

impl Origins {
    fn of(sketched: &Arc<[u8]>, last: &[Arc<str>]) -> Option<Origins> {
        (!last.is_empty()).then(|| Origins { count: distinct(sketched), last: last.to_vec() })
    }
}

impl Used {
    /// What is remembered of a subject.
    pub(super) fn of(subject: &Subject, uses: &SubjectUses<'_>) -> Result<Used, Failure> {
        Ok(uses.of(subject)?.as_deref().map(Used::from).unwrap_or_default())
    }
}

impl From<&SubjectUse> for Used {
    fn from(known: &SubjectUse) -> Used {
        let refusal = known.last_refusal.as_ref();
        Used {
            first_used_at: known.first_used_at.map(rfc3339::format),
            last_used_at: known.last_used_at.map(rfc3339::format),
            last_refused_at: refusal.map(|last| rfc3339::format(last.at)),
            last_refusal: refusal.map(|last| last.rule.to_string()),
            networks: Origins::of(&known.networks, &known.recent_networks),
            agents: Origins::of(&known.agents, &known.recent_agents),
            scopes_exercised: known.scopes.iter().map(|(scope, day)| (scope.clone(), rfc3339::format(*day))).collect(),
        }
    }
}
