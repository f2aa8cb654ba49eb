//! What hears of every durable group before its commits are answered.

use std::sync::Arc;

use jeton_core::canary;
use jeton_core::commit::Write;
use jeton_core::event::Event;
use jeton_core::id::ApiId;
use jeton_core::moment::Time;
use jeton_oauth::feed::Change;
use jeton_store::store::{Answer, Fault, Group, Subscriber};

use crate::cut_offs::CutOffs;
use crate::feed::{Feed, change_of_negative};
use crate::key_cache::KeyCache;
use crate::logouts_waiting::Logouts;
use crate::registry::Registry;
use crate::scatter::Scatter;
use crate::snapshot_cache::Snapshots;

pub(crate) struct Publisher {
    pub(crate) registry: Arc<Registry>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) snapshots: Arc<Snapshots>,
    pub(crate) keys: Arc<KeyCache>,
    pub(crate) cut_offs: Arc<CutOffs>,
    pub(crate) logouts: Arc<Logouts>,
    pub(crate) scatter: Scatter,
    pub(crate) on_lost: Box<dyn Fn(&Fault) + Send + Sync>,
}

impl Subscriber for Publisher {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        let mut events: Vec<(u64, Time, &Event)> = vec![];
        for (first, commit) in group.commits {
            events.extend((*first..).zip(&commit.events).map(|(sequence, event)| (sequence, time_of(group, sequence), event)));
        }
        // Before the ledger is said to have come so far: whoever looks how far it was worked off finds these in it.
        events.iter().for_each(|(sequence, _, event)| self.logouts.note(*sequence, event));
        let leaving = self.leaving(&events);
        for (sequence, commit) in group.commits {
            if let Err(error) = self.registry.apply(*sequence, &commit.writes) {
                // A row that was just written and cannot be read is a fault of the program: nothing may be served on top of it.
                tracing::error!(%error, "a committed row could not be taken up");
                return Err(error.into());
            }
            self.keys.apply(&commit.writes);
        }
        self.registry.reached(group.head.clone());
        events.iter().for_each(|(_, _, event)| self.cut_offs.note(event));
        // Another API may have the audience by now: its followers take a snapshot then.
        for (_, audience) in &leaving {
            self.snapshots.forget(audience);
            self.feed.forget(audience);
        }
        let gone = |api: &str| leaving.iter().find(|(id, _)| id.as_str() == api).map(|(_, audience)| audience.clone());
        let audience_of = |api: &str| self.registry.api(api).map(|api| api.record.audience.clone()).or_else(|| gone(api));
        if let Some(canary) = canary_of(group) {
            self.feed.publish_beside(canary, group.head);
        }
        self.feed.publish(&events, audience_of, group.head);
        Ok(())
    }

    fn answer(&self, answers: Vec<Answer>) {
        self.scatter.tell(answers);
    }

    fn lost(&self, fault: &Fault) {
        (self.on_lost)(fault);
    }
}

impl Publisher {
    /// The APIs that go with this group, and their audiences: events of the same group may concern those who follow them.
    fn leaving(&self, events: &[(u64, Time, &Event)]) -> Vec<(ApiId, Arc<str>)> {
        let audience = |id: &ApiId| Some((id.clone(), self.registry.api(id.as_str())?.record.audience.clone()));
        let leaving = events.iter().filter_map(|(_, _, event)| match event {
            Event::ApiDeleted { api, .. } => audience(api),
            _ => None,
        });
        leaving.collect()
    }
}

/// What a canary that was let fall tells verifiers: it has no entry.
fn canary_of(group: &Group<'_>) -> Option<(Option<Arc<str>>, Change)> {
    let writes = group.commits.iter().flat_map(|(_, commit)| &commit.writes);
    let mut rows = writes.filter_map(|write| match write {
        Write::Put { table, row } if std::ptr::eq(*table, &canary::TABLE) => Some(row),
        Write::Put { .. } | Write::Delete { .. } => None,
    });
    // One that cannot be read was refused by the registry before.
    change_of_negative(&canary::negative_of_row(rows.next_back()?).ok()?, |_| None)
}

/// The time of an entry of this group.
fn time_of(group: &Group<'_>, sequence: u64) -> Time {
    let place = group.entries.binary_search_by_key(&sequence, |entry| entry.sequence);
    place.ok().and_then(|place| group.entries.get(place)).map_or(group.head.time, |entry| entry.time)
}
