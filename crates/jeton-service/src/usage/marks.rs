//! What a use leaves behind beside its count: where it came from, what made it, and what it exercised.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use jeton_core::id::ApiId;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::origin::OriginNetwork;
use jeton_core::usage::subject::SubjectUse;
use jeton_oauth::scope::ScopeSet;
use jeton_oauth::usage_report::AgentClass;

use super::sketch;

/// What was seen of one use, as far as anybody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks<'a> {
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// What made it: a User-Agent.
    pub agent: Option<&'a str>,
    /// The scopes that were asked for and allowed.
    pub scopes: Option<&'a ScopeSet>,
}

/// What the uses of one second left behind. Of a crowd of keys most leave nothing, which takes a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted(Option<Box<Traces>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Traces {
    networks: Vec<OriginNetwork>,
    agents: Vec<Arc<str>>,
    /// Each with the API that has it.
    scopes: Vec<(Option<ApiId>, Arc<str>)>,
}

/// How many networks and agents are told apart in a second.
const DISTINCT_MAX: usize = 16;
/// How many scopes: as many as a set holds.
const SCOPES_MAX: usize = 64;
/// How many networks and agents are remembered by name.
const NAMED_MAX: usize = 4;

impl Noted {
    /// Takes up one use.
    pub(crate) fn note(&mut self, api: Option<&ApiId>, marks: &Marks<'_>) {
        if *marks == Marks::default() {
            return;
        }
        let traces = self.traces();
        if let Some(network) = marks.address.map(OriginNetwork::from) {
            traces.note_network(network);
        }
        if let Some(agent) = marks.agent {
            traces.note_agent(AgentClass::parts(agent));
        }
        for scope in marks.scopes.into_iter().flat_map(ScopeSet::iter) {
            traces.note_scope(api, scope);
        }
    }

    /// Takes up what was noted elsewhere.
    pub(crate) fn merge(&mut self, other: Noted) {
        let Some(other) = other.0 else { return };
        match &mut self.0 {
            None => self.0 = Some(other),
            Some(traces) => traces.merge(*other),
        }
    }

    /// The APIs of the scopes.
    pub(crate) fn apis(&self) -> BTreeSet<&ApiId> {
        self.scopes().iter().filter_map(|(api, _)| api.as_ref()).collect()
    }

    /// The scopes of one API, and nothing else.
    pub(crate) fn scopes_at(&self, api: &ApiId) -> Noted {
        let scopes: Vec<_> = self.scopes().iter().filter(|(known, _)| known.as_ref() == Some(api)).cloned().collect();
        Noted((!scopes.is_empty()).then(|| Box::new(Traces { scopes, ..Traces::default() })))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|traces| traces.networks.is_empty() && traces.agents.is_empty() && traces.scopes.is_empty())
    }

    /// The classes of agents.
    pub(crate) fn agents(&self) -> &[Arc<str>] {
        self.0.as_ref().map_or(&[], |traces| &traces.agents)
    }

    /// The networks.
    pub(crate) fn networks(&self) -> impl Iterator<Item = Arc<str>> {
        self.0.iter().flat_map(|traces| &traces.networks).map(|network| Arc::from(network.to_string()))
    }

    /// Brings it to what is remembered.
    pub(crate) fn leave_on(&self, known: &mut SubjectUse) {
        if self.0.is_none() {
            return;
        }
        let networks: Vec<Arc<str>> = self.networks().collect();
        remember(&networks, &mut known.recent_networks, &mut known.networks);
        remember(self.agents(), &mut known.recent_agents, &mut known.agents);
        let day = Resolution::Day.start_of(known.last_used_at.unwrap_or_default());
        for (_, scope) in self.scopes() {
            let has_room = known.scopes.contains_key(scope) || known.scopes.len() < SCOPES_MAX || forget_oldest(known, day);
            if has_room {
                known.scopes.insert(scope.clone(), day);
            }
        }
    }

    fn scopes(&self) -> &[(Option<ApiId>, Arc<str>)] {
        self.0.as_ref().map_or(&[], |traces| &traces.scopes)
    }

    fn traces(&mut self) -> &mut Traces {
        self.0.get_or_insert_default()
    }
}

impl Traces {
    fn merge(&mut self, other: Traces) {
        other.networks.into_iter().for_each(|network| self.note_network(network));
        other.agents.iter().for_each(|agent| note_text(&mut self.agents, agent, DISTINCT_MAX));
        other.scopes.iter().for_each(|(api, scope)| self.note_scope(api.as_ref(), scope));
    }

    /// Nothing is copied of one that was noted before.
    fn note_agent(&mut self, parts: (&str, &str)) {
        let is_known = |known: &Arc<str>| known.split_once('/').unwrap_or((known, "")) == parts;
        if self.agents.len() < DISTINCT_MAX && !self.agents.iter().any(is_known) {
            self.agents.push(Arc::from(AgentClass::of(parts).as_str()));
        }
    }

    fn note_scope(&mut self, api: Option<&ApiId>, scope: &str) {
        let is_known = |(known_api, known): &(Option<ApiId>, Arc<str>)| **known == *scope && known_api.as_ref() == api;
        if self.scopes.len() < SCOPES_MAX && !self.scopes.iter().any(is_known) {
            self.scopes.push((api.cloned(), Arc::from(scope)));
        }
    }

    fn note_network(&mut self, network: OriginNetwork) {
        if self.networks.len() < DISTINCT_MAX && !self.networks.contains(&network) {
            self.networks.push(network);
        }
    }
}

fn note_text(texts: &mut Vec<Arc<str>>, text: &str, most: usize) {
    if texts.len() < most && !texts.iter().any(|known| **known == *text) {
        texts.push(Arc::from(text));
    }
}

/// Whatever has a name there is in the sketch.
fn remember(seen: &[Arc<str>], named: &mut Vec<Arc<str>>, sketched: &mut Arc<[u8]>) {
    let fresh: Vec<&Arc<str>> = seen.iter().filter(|seen| !named.contains(seen)).collect();
    if fresh.is_empty() {
        return;
    }
    *sketched = sketch::with(sketched, fresh.iter().map(|text| &***text));
    fresh.into_iter().for_each(|text| named.insert(0, text.clone()));
    named.truncate(NAMED_MAX);
}

/// The scopes of a key may have changed over the years: what was exercised longest ago gives way, unless that was on this day.
fn forget_oldest(known: &mut SubjectUse, today: i64) -> bool {
    let oldest = known.scopes.iter().filter(|(_, day)| **day < today).min_by_key(|(_, day)| **day).map(|(scope, _)| scope.clone());
    oldest.is_some_and(|oldest| known.scopes.remove(&oldest).is_some())
}

#[cfg(test)]
mod tests {
    use jeton_core::usage::Subject;

    use super::*;

    #[test]
    fn networks_and_agents_without_end_take_no_memory_without_end() {
        let mut known = SubjectUse::new(Subject::All);
        known.used(86_400 + 60);
        for second in 0..1_000_u32 {
            let mut noted = Noted::default();
            for number in 0..1_000_u32 {
                let number = second * 1_000 + number;
                let agent = format!("agent{number}/1");
                noted.note(None, &Marks { address: Some(IpAddr::from((number << 8).to_be_bytes())), agent: Some(&agent), scopes: None });
            }
            assert!(noted.networks().count() <= DISTINCT_MAX && noted.agents().len() <= DISTINCT_MAX);
            noted.leave_on(&mut known);
        }
        assert_eq!((known.recent_networks.len(), known.recent_agents.len()), (NAMED_MAX, NAMED_MAX));
        assert!(known.networks.len() < 1_024 && known.agents.len() < 1_024);
        // Sixteen thousand of each were looked at.
        for sketched in [&known.networks, &known.agents] {
            assert!((12_000..20_000).contains(&sketch::count(sketched)), "{}", sketch::count(sketched));
        }
    }

    #[test]
    fn as_many_scopes_as_a_key_may_have_are_remembered() {
        let scope = |number: usize| format!("scope:{number:03}");
        let mut known = SubjectUse::new(Subject::All);
        let mut exercise = |day: i64, numbers: std::ops::Range<usize>| {
            let scopes = ScopeSet::parse(&numbers.map(scope).collect::<Vec<_>>().join(" ")).unwrap();
            let mut noted = Noted::default();
            noted.note(None, &Marks { scopes: Some(&scopes), ..Marks::default() });
            known.used(day * 86_400);
            noted.leave_on(&mut known);
            known.scopes.iter().map(|(scope, day)| (scope.to_string(), day / 86_400)).collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..64).map(|number| (scope(number), 1)).collect();
        assert_eq!(exercise(1, 0..64), all);
        assert_eq!(exercise(1, 0..64), all, "nor is a row written for each of them again");
        assert_eq!(exercise(1, 64..65), all, "one more waits for another day");
        let later = exercise(2, 63..66);
        assert_eq!((later.len(), &later[61..]), (64, &[(scope(63), 2), (scope(64), 2), (scope(65), 2)][..]));
    }

    #[test]
    fn the_last_that_were_new_have_names_and_all_are_counted() {
        let mut known = SubjectUse::new(Subject::All);
        known.used(86_400 + 60);
        let scopes = ScopeSet::parse("orders:read orders:write").unwrap();
        for agent in ["a/1.2", "b/2", "c/3", "d/4", "e/5", "e/5.1"] {
            let mut noted = Noted::default();
            noted.note(None, &Marks { address: Some(IpAddr::from([192, 0, 2, 7])), agent: Some(agent), scopes: Some(&scopes) });
            noted.leave_on(&mut known);
        }
        assert_eq!(known.recent_agents.iter().map(|agent| &**agent).collect::<Vec<_>>(), ["e/5", "d/4", "c/3", "b/2"]);
        assert_eq!(known.recent_networks.iter().map(|network| &**network).collect::<Vec<_>>(), ["192.0.2.0/24"]);
        assert_eq!((sketch::count(&known.agents), sketch::count(&known.networks)), (5, 1));
        assert_eq!(
            known.scopes.iter().map(|(scope, day)| (&**scope, *day)).collect::<Vec<_>>(),
            [("orders:read", 86_400), ("orders:write", 86_400)]
        );
    }
}
