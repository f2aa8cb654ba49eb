//! Why something is ended, or refused for now, as a request says it.

use jeton_core::api_key::state::Why;
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::SaidWhy;
use super::problem::Problem;

/// Why something is ended.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "End")]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// Why: `leaked`, `superseded`, `owner_left`, `no_longer_needed`, or `unspecified` if left out.
    #[schemars(with = "Option<SaidWhy>")]
    why: Option<String>,
}

impl End {
    /// The reason that is given.
    pub(super) fn why(&self) -> Result<Why, Problem> {
        let Some(name) = &self.why else { return Ok(Why::Unspecified) };
        Why::from_name(name).filter(|why| Why::SAID_BY_PEOPLE.contains(why)).ok_or_else(|| {
            let names = Why::SAID_BY_PEOPLE.map(Why::name).join(", ");
            Problem::invalid("there is no such reason", format!("`why` is one of {names}"))
        })
    }
}
