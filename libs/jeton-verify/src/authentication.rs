//! How strongly, and how recently, a person must have proved who they are (RFC 9470).

use jeton_oauth::Description;

/// What an API asks of how a person proved who they are. Tokens of clients that act for themselves have nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    acr_values: Vec<String>,
    max_age_seconds: Option<u32>,
}

impl Authentication {
    /// One of these values of `acr`, separated by spaces, the best first: `urn:jeton:2fa` is two factors.
    #[must_use]
    pub fn by(acr_values: &str) -> Self {
        let acr_values = acr_values.split(' ').filter(|value| !value.is_empty()).map(str::to_owned).collect();
        Self { acr_values, max_age_seconds: None }
    }

    /// So many seconds ago at most, however it was proved.
    #[must_use]
    pub fn within_seconds(seconds: u32) -> Self {
        Self { acr_values: Vec::new(), max_age_seconds: Some(seconds) }
    }

    /// The same, and so many seconds ago at most.
    #[must_use]
    pub fn and_within_seconds(self, seconds: u32) -> Self {
        Self { max_age_seconds: Some(seconds), ..self }
    }

    /// Whether a proof is such a one; `now_seconds` is since 1970.
    pub(crate) fn is_met_by(&self, class: Option<&str>, at_seconds: Option<i64>, now_seconds: i64) -> bool {
        let is_strong = self.acr_values.is_empty() || class.is_some_and(|class| self.acr_values.iter().any(|value| value == class));
        let is_within = |at: i64, most: u32| now_seconds.saturating_sub(at) <= i64::from(most);
        let is_young = self.max_age_seconds.is_none_or(|most| at_seconds.is_some_and(|at| is_within(at, most)));
        is_strong && is_young
    }

    pub(crate) fn acr_values(&self) -> Option<Description> {
        (!self.acr_values.is_empty()).then(|| Description::new(self.acr_values.join(" ")))
    }

    pub(crate) const fn max_age_seconds(&self) -> Option<u32> {
        self.max_age_seconds
    }
}
