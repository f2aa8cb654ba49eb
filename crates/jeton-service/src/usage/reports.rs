//! What verifiers report of the checks that they made by themselves: counted once, like every other use.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::client::Client;
use jeton_core::id::{ApiId, ApiKeyId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::usage::report::{Batch, judge};
use jeton_core::usage::{Outcome, Subject};
use jeton_oauth::UsageReport;
use jeton_oauth::usage_report::{self, AgentClass, Item, Network};

use super::marks::Marks;
use super::recorder::Seen;
use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::service::Service;

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Whether it was counted now; otherwise it was before.
    pub is_counted: bool,
    /// How many batches of this verifier never came.
    pub lost: u64,
}

/// What is known of the verifiers that reported within the last two days, since each began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportTotals {
    /// How many verifiers reported.
    pub verifiers: u64,
    /// How many batches never came.
    pub batches_lost: u64,
    /// How many checks the verifiers could not keep.
    pub checks_dropped: u64,
}

impl Service {
    /// Counts what a verifier of `client` reports, unless it was counted before. Counted in memory, like every other use, and written within a
    /// second together with its number: what a crash loses is a second's batches, each whole, and the verifier's next one shows the gap.
    ///
    /// # Errors
    /// [`Failure::Refused`]: not for this client, or not of a time that has been; [`Failure::Busy`] where too much waits to be written, of this
    /// client's verifiers or of all: the batch is to be sent again; [`Failure::Fault`] when the engine cannot read.
    pub async fn take_report(&self, client: &Client, report: &UsageReport, moment: &Moment) -> Result<Received, Failure> {
        let known_api = self.reportable(client, report)?;
        let (api, api_scopes) = (&known_api.record.id, known_api.record.scope_set());
        let keys = self.keys_of(report, api).await?;
        let now = moment.now;
        let mut known = self.reports.read(|| self.store.view(), now)?;
        let name = (client.id.clone(), report.verifier);
        known.make_room(&name, now.seconds())?;
        if known.is_crowded(&name) {
            return Err(Failure::Busy);
        }
        let before = known.verifiers.get(&name);
        let reported = match judge(report, &client.id, before, now.seconds())? {
            Batch::Repeated => return Ok(Received { is_counted: false, lost: before.map_or(0, |before| before.lost) }),
            Batch::Counted(reported) => reported,
        };
        known.take_room(&client.id, report.items.len())?;
        let lost = reported.lost;
        known.verifiers.insert(name.clone(), reported);
        known.changed.insert(name);
        // Under the lock: whoever writes the batch's number writes its counts.
        for item in &report.items {
            let subject = self.subject_of(item, &keys);
            let (outcome, at) = (Outcome::Offline(item.cell.outcome), Time::from_seconds(item.cell.minute).min(now));
            // Whoever judges a key in memory knows of it at once, as of a check that was made here.
            if let (Subject::Key(id), true) = (&subject, outcome.is_use())
                && let Some(entry) = keys.get(id).and_then(Option::as_ref)
            {
                entry.note_use(at);
            }
            // A scope that the API does not have is none: names without end must not fill tables.
            let scopes = item.cell.scope.as_ref().map(|scopes| scopes.intersection(&api_scopes));
            known.recorder.record_many(
                Seen {
                    subject,
                    api: Some(api.clone()),
                    outcome,
                    refused_by: None,
                    marks: Marks {
                        address: item.cell.network.map(Network::address),
                        agent: item.cell.agent.as_ref().map(AgentClass::as_str),
                        scopes: scopes.as_ref(),
                    },
                    at,
                },
                u32::try_from(item.count).unwrap_or(u32::MAX),
            );
        }
        Ok(Received { is_counted: true, lost })
    }

    /// What is known of the verifiers that reported within the last two days.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn report_totals(&self) -> Result<ReportTotals, Failure> {
        let now = self.moments.time();
        let mut known = self.reports.read(|| self.store.view(), now)?;
        known.forget_gone(now.seconds());
        let mut totals = ReportTotals::default();
        for reported in known.verifiers.values() {
            totals.verifiers += 1;
            totals.batches_lost = totals.batches_lost.saturating_add(reported.lost);
            totals.checks_dropped = totals.checks_dropped.saturating_add(reported.dropped);
        }
        Ok(totals)
    }

    /// The API of a report: one that its client may introspect for.
    fn reportable(&self, client: &Client, report: &UsageReport) -> Result<Arc<Versioned<Api>>, Refusal> {
        if !client.may_introspect {
            let detail = "this client may not report for an API: `jeton client update --may-introspect`";
            return Err(Refusal::new(Reason::UnauthorizedClient, detail));
        }
        let api = self.registry.api_of_audience(report.audience.as_str()).filter(|api| client.apis.contains(&api.record.id));
        let target = || Refusal::new(Reason::InvalidTarget, "name the `audience` of an API that this client was registered for");
        api.ok_or_else(target)
    }

    /// Which of the keys that a report names are keys of its API: others' names must not fill tables.
    async fn keys_of(&self, report: &UsageReport, api: &ApiId) -> Result<HashMap<ApiKeyId, Option<Arc<KeyEntry>>>, Failure> {
        let mut keys = HashMap::new();
        for item in &report.items {
            if let usage_report::Subject::Key(id) = &item.cell.subject {
                let id = ApiKeyId(id.to_bytes());
                if let Entry::Vacant(place) = keys.entry(id) {
                    place.insert(self.key(id).await?.filter(|entry| entry.key.record.api == *api));
                }
            }
        }
        Ok(keys)
    }

    /// Whose use it was. A client or key that is not registered is nobody: names without end must not fill tables.
    fn subject_of(&self, item: &Item, keys: &HashMap<ApiKeyId, Option<Arc<KeyEntry>>>) -> Subject {
        match &item.cell.subject {
            usage_report::Subject::Client(id) => match self.registry.clients.get(id) {
                Some(entry) => Subject::Client(entry.client.record.id.clone()),
                None => Subject::Unknown,
            },
            usage_report::Subject::Key(id) => {
                let id = ApiKeyId(id.to_bytes());
                if keys.get(&id).is_some_and(Option::is_some) { Subject::Key(id) } else { Subject::Unknown }
            }
            usage_report::Subject::Unknown => Subject::Unknown,
            usage_report::Subject::Other => Subject::Other,
        }
    }
}
