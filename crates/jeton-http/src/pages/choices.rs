//! The providers that somebody may sign in by, as they stand on a page.

use std::sync::Arc;

use jeton_core::plain;
use jeton_core::provider::Provider;
use jeton_core::record::Versioned;

use super::flow::Flow;
use super::visit::Visit;

/// One provider.
pub(super) struct Choice {
    /// Where it begins.
    pub(super) to: String,
    pub(super) name: Arc<str>,
    /// What it is called on a page.
    pub(super) title: String,
}

/// The providers that somebody may choose in a flow.
pub(super) fn choices(visit: &Visit, flow: &Flow) -> Vec<Choice> {
    let choice = |provider: Arc<Versioned<Provider>>| Choice {
        to: visit.path_in(&format!("/signin/with/{}", provider.record.name), flow),
        name: provider.record.name.clone(),
        title: plain::shown(&provider.record.title),
    };
    visit.service.providers().into_iter().map(choice).collect()
}
