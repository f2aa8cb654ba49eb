//! Which entries of the ledger a query asks for.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::event::kinds::{KINDS, is_kind};
use jeton_core::id::{ApiKeyId, ClientId, GroupId, PersonId};
use jeton_core::owner::Owner;
use jeton_core::refusal::{Reason, Refusal};
use jeton_service::Service;
use jeton_service::audit::EntryFilter;

use super::parameter::Parameter;
use super::problem::{Problem, ProblemKind, shown};
use super::query::Query;
use super::rfc3339;

pub(super) const FILTERS: &[Parameter] = &[
    Parameter::number("from", "From this entry on; 0 with `limit` alone."),
    Parameter::number("last", "The last so many."),
    Parameter::number("before", "Of `last`: the last before this entry."),
    Parameter::text("kind", "Those of a kind, as `api_key.revoked`, or of all kinds of a thing, as `api_key`."),
    Parameter::text(
        "by",
        "Those of what somebody did, themselves or with a key of theirs: a username, `user:`, `client:` or `group:` with a name or id, `external:TEXT`, `key:ID`, `unix:UID` or `system`.",
    ),
    Parameter::text("client", "Those that name a client, by name or id: what was done to it and with it."),
    Parameter::text("user", "Those that name a person, by username or id: what was done to them."),
    Parameter::text("group", "Those that name a group, by name or id."),
    Parameter::text("api", "Those that name an API, by audience or id."),
    Parameter::text("owner", "Those that name an owner of keys, as `external:TEXT`, or one of their keys."),
    Parameter::text("key", "Those that name a key, by id: what was done to it and by whoever holds it."),
    Parameter::text("since", "Those from this time on, as 2026-01-31T23:59:59Z."),
];

/// What is asked for; the keys of owners are not looked up yet.
pub(super) struct Asked {
    filter: EntryFilter,
    /// Whose keys are named, too: beside the ids that stand for them.
    owner: Option<Owner>,
    by: Option<Doer>,
    /// The keys of people among them who are gone, and of whom no row says which were theirs.
    gone: BTreeMap<PersonId, Vec<ApiKeyId>>,
}

/// Who did something.
enum Doer {
    /// With this credential, or as this user of the machine.
    One(String),
    /// Themselves, or with one of their keys.
    Owner(Owner),
}

impl Asked {
    /// Reads a query. What is gone is still named by its id.
    pub(super) fn parse(query: &Query<'_>, service: &Service) -> Result<Asked, Problem> {
        let since = query.text("since").map(|text| {
            let wrong = || Problem::invalid("`since` is no time", "write it as 2026-01-31T23:59:59Z");
            rfc3339::parse(text).ok_or_else(wrong)
        });
        let mut naming = vec![];
        if let Some(name) = query.text("client") {
            naming.push(BTreeSet::from([client(service, name)?]));
        }
        if let Some(name) = query.text("user") {
            naming.push(BTreeSet::from([user(service, name)?]));
        }
        if let Some(name) = query.text("group") {
            naming.push(BTreeSet::from([group(service, name)?]));
        }
        if let Some(name) = query.text("api") {
            naming.push(api(service, name)?);
        }
        if let Some(key) = query.text("key") {
            naming.push(BTreeSet::from([super::keys::id(key)?.to_string()]));
        }
        let filter =
            EntryFilter { kind: query.text("kind").map(kind).transpose()?, naming, since: since.transpose()?, ..EntryFilter::default() };
        Ok(Asked {
            filter,
            owner: query.text("owner").map(|text| owner(service, text)).transpose()?,
            by: query.text("by").map(|text| doer(service, text)).transpose()?,
            gone: BTreeMap::new(),
        })
    }

    /// With the keys of people who are gone, which the ledger tells. Only where one of them is named is it read for that.
    pub(super) async fn with_keys_of_gone(mut self, service: &Service) -> Result<Asked, Problem> {
        let by = self.by.as_ref().and_then(|by| match by {
            Doer::Owner(owner) => Some(owner),
            Doer::One(_) => None,
        });
        let people: BTreeSet<PersonId> = by.into_iter().chain(&self.owner).filter_map(person).cloned().collect();
        for id in people {
            if service.find_user(id.as_str()).is_err() {
                let keys = service.keys_of_gone(&id).await?;
                self.gone.insert(id, keys);
            }
        }
        Ok(self)
    }

    fn keys_of(&self, service: &Service, owner: &Owner) -> Result<Vec<ApiKeyId>, Problem> {
        let gone = person(owner).and_then(|id| self.gone.get(id)).into_iter().flatten();
        Ok(keys_of(service, owner)?.into_iter().chain(gone.copied()).collect())
    }

    /// With the keys of whom it names. Reads rows: for a thread that may block.
    pub(super) fn filter(self, service: &Service) -> Result<EntryFilter, Problem> {
        let mut filter = self.filter.clone();
        if let Some(owner) = &self.owner {
            let mut ids: BTreeSet<String> = self.keys_of(service, owner)?.iter().map(ApiKeyId::to_string).collect();
            ids.insert(match owner {
                Owner::External(_) => owner.to_string(),
                Owner::Client(ClientId(id)) | Owner::Person(PersonId(id)) | Owner::Group(GroupId(id)) => id.to_string(),
            });
            filter.naming.push(ids);
        }
        filter.by = match &self.by {
            None => None,
            Some(Doer::One(actor)) => Some(BTreeSet::from([actor.clone()])),
            Some(Doer::Owner(owner)) => {
                let keys = self.keys_of(service, owner)?;
                Some(keys.iter().map(|key| format!("key:{key}")).chain([owner.to_string()]).collect())
            }
        };
        Ok(filter)
    }
}

/// The person that an owner is.
fn person(owner: &Owner) -> Option<&PersonId> {
    match owner {
        Owner::Person(id) => Some(id),
        Owner::Client(_) | Owner::Group(_) | Owner::External(_) => None,
    }
}

/// The keys of an owner, where they are few enough to be looked for.
fn keys_of(service: &Service, owner: &Owner) -> Result<Vec<ApiKeyId>, Problem> {
    match service.key_ids_of(owner)? {
        (keys, false) => Ok(keys),
        (_, true) => Err(Problem::invalid(
            "they have more keys than are looked for at once",
            "name one key: `jeton key list --owner OWNER` shows them",
        )),
    }
}

fn kind(text: &str) -> Result<String, Problem> {
    if is_kind(text) {
        return Ok(text.to_owned());
    }
    // Whoever remembers what was done, and not to what, is told the kinds of that.
    let word = text.rsplit('.').next().filter(|word| word.len() > 2).unwrap_or(text);
    let alike: Vec<&str> = KINDS.iter().copied().filter(|kind| !word.is_empty() && kind.contains(word)).take(8).collect();
    let thing = text.split('.').next().unwrap_or(text);
    let alike = match alike.is_empty() {
        true => KINDS.iter().copied().filter(|kind| kind.split('.').next() == Some(thing)).collect(),
        false => alike,
    };
    let hint = match alike.is_empty() {
        true => "write it as `api_key.revoked`, or `api_key` for all of them".to_owned(),
        false => format!("there are {}", alike.join(", ")),
    };
    Err(Problem::invalid(format!("`{}` is no kind of entries", shown(text)), hint))
}

fn doer(service: &Service, text: &str) -> Result<Doer, Problem> {
    match text.split_once(':') {
        Some(("unix", uid)) if !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Doer::One(text.to_owned())),
        Some(("key", id)) => Ok(Doer::One(format!("key:{}", super::keys::id(id)?))),
        Some(("client" | "user" | "group" | "external", _)) => owner(service, text).map(Doer::Owner),
        Some(_) => Err(Problem::invalid("`by` names nobody", "name a username, `client:NAME`, `key:ID`, `unix:UID` or `system`")),
        None if text == "system" => Ok(Doer::One(text.to_owned())),
        None => user(service, text).map(|id| Doer::Owner(Owner::Person(PersonId(id.into())))),
    }
}

fn owner(service: &Service, text: &str) -> Result<Owner, Problem> {
    match text.split_once(':') {
        Some(("client", name)) => client(service, name).map(|id| Owner::Client(ClientId(id.into()))),
        Some(("user", name)) => user(service, name).map(|id| Owner::Person(PersonId(id.into()))),
        Some(("group", name)) => group(service, name).map(|id| Owner::Group(GroupId(id.into()))),
        _ => Ok(service.named_owner(text)?),
    }
}

fn client(service: &Service, name: &str) -> Result<String, Problem> {
    gone(name, "client_", service.find_client(name).map(|found| found.client.record.id.to_string()), &["client.created"])
}

fn user(service: &Service, name: &str) -> Result<String, Problem> {
    // Of who was deleted that entry says what they were called, and of who was erased none does.
    gone(name, "user_", service.find_user(name).map(|found| found.record.id.to_string()), &["user.created", "user.erased"])
}

fn group(service: &Service, name: &str) -> Result<String, Problem> {
    gone(name, "group_", service.find_group(name).map(|found| found.record.id.to_string()), &["group.created"])
}

/// An API is named by its id, and where all of it ends, or is suspended, by its audience.
fn api(service: &Service, name: &str) -> Result<BTreeSet<String>, Problem> {
    match service.find_api(name) {
        Ok(api) => Ok(BTreeSet::from([api.record.id.to_string(), api.record.audience.to_string()])),
        Err(refusal) => Ok(BTreeSet::from([gone(name, "api_", Err(refusal), &["api.created"])?])),
    }
}

/// The id of what is there, or of what was; `told` are the kinds of entries that tell it.
fn gone(text: &str, prefix: &str, found: Result<String, Refusal>, told: &[&str]) -> Result<String, Problem> {
    match found {
        Err(refusal) if refusal.reason == Reason::NotFound && is_id(text, prefix) => Ok(text.to_owned()),
        found => found.map_err(|refusal| {
            let commands: Vec<String> = told.iter().map(|kind| format!("`jeton audit tail --kind {kind} -o wide`")).collect();
            let look = format!("what is gone is named by its id, which is told by {}", commands.join(" or "));
            Problem::from(refusal).advise(ProblemKind::NotFound, look)
        }),
    }
}

/// Whether this is a whole id: one that was cut short names somebody else.
fn is_id(text: &str, prefix: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.strip_prefix(prefix).is_some_and(|letters| letters.len() == 20 && letters.bytes().all(is_letter))
}
