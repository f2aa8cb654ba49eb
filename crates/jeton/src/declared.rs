//! What files under version control say of a deployment: its APIs, clients, groups, roles and policies by name. No secret, no key, no person.

pub(crate) mod change;
pub(crate) mod difference;
pub(crate) mod file;
pub(crate) mod held;
pub(crate) mod references;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// All that is declared. What a thing's table leaves out is left as it is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Declared {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) api: Vec<Api>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) client: Vec<Client>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) group: Vec<Group>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) role: Vec<Role>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy: Vec<Policy>,
}

/// An API; its audience names it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) audience: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_scope: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_lifetime_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<BTreeMap<String, String>>,
}

/// A client; its name names it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    /// The group that answers for it, `group:NAME`; a person is in no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_types: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audiences: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_introspect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uris: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_logout_redirect_uris: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotates_refresh_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_window_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_pushed_authorization_requests: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pkce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<Map<String, Value>>,
}

/// A group; its name names it. Who is in it is no matter of files.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// A role; its API and its name name it, and one that comes with Jeton its `built_in`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    audience: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// The name of a role that comes with Jeton: only who holds it can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    built_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<BTreeSet<String>>,
    /// The groups that hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<BTreeSet<String>>,
}

/// What a level says of a kind of credential; kind and level name it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_seconds: Option<i64>,
}

/// The kinds of thing that files declare, in the order in which they are made; they are removed in the other order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Noun {
    Api,
    /// Before clients, which groups answer for.
    Group,
    Client,
    Role,
    /// That a group holds a role.
    Assignment,
    Policy,
}

/// One thing, for comparing: what names it, and all else that is said of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thing {
    pub(crate) noun: Noun,
    pub(crate) key: Vec<String>,
    pub(crate) members: Map<String, Value>,
}

impl Noun {
    /// As files and answers name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Noun::Api => "api",
            Noun::Client => "client",
            Noun::Group => "group",
            Noun::Role => "role",
            Noun::Assignment => "assignment",
            Noun::Policy => "policy",
        }
    }

    /// The members that name one of it.
    fn key(self) -> &'static [&'static str] {
        match self {
            Noun::Api => &["audience"],
            Noun::Client | Noun::Group => &["name"],
            Noun::Role => &["audience", "name"],
            Noun::Assignment => &["audience", "name", "group"],
            Noun::Policy => &["kind", "api", "client"],
        }
    }
}

impl Declared {
    /// All things, each kind in the order of its names.
    pub(crate) fn things(&self) -> Vec<Thing> {
        let mut things: Vec<Thing> = self.api.iter().map(|api| Thing::of(Noun::Api, api)).collect();
        things.extend(self.client.iter().map(|client| Thing::of(Noun::Client, client)));
        things.extend(self.group.iter().map(|group| Thing::of(Noun::Group, group)));
        things.extend(self.role.iter().map(Role::thing));
        things.extend(self.role.iter().flat_map(Role::assignments));
        things.extend(self.policy.iter().map(|policy| Thing::of(Noun::Policy, policy)));
        things.sort_by(|one, other| (one.noun, &one.key).cmp(&(other.noun, &other.key)));
        things
    }

    /// The same without what says that there is nothing: a new deployment has nothing either.
    pub(crate) fn without_empty_claims(&self) -> Declared {
        let mut declared = self.clone();
        let claims = declared.api.iter_mut().map(|api| &mut api.claims).chain(declared.client.iter_mut().map(|client| &mut client.claims));
        claims.filter(|claims| claims.as_ref().is_some_and(BTreeMap::is_empty)).for_each(|claims| *claims = None);
        declared
    }

    /// The roles whose groups are said.
    pub(crate) fn says_groups_of(&self, audience: &str, name: &str) -> bool {
        self.role.iter().any(|role| role.key() == (audience, name) && role.groups.is_some())
    }
}

impl Client {
    /// What is wrong with what a file says of it.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let is_group = |owner: &String| owner.strip_prefix("group:").is_some_and(|name| !name.is_empty());
        let fault =
            "the `owner` of a client is a group here, `group:NAME`: people are in no file (`jeton client update CLIENT --owner user:NAME`)";
        (!self.owner.as_ref().is_none_or(is_group)).then_some(fault)
    }
}

impl Role {
    /// The API and the name; a role that comes with Jeton is of no API that a file names.
    fn key(&self) -> (&str, &str) {
        self.built_in.as_deref().map_or((&self.audience, &self.name), |name| ("", name))
    }

    fn thing(&self) -> Thing {
        match &self.built_in {
            Some(name) => Thing { noun: Noun::Role, key: vec![String::new(), name.clone()], members: Map::new() },
            None => Thing::of(Noun::Role, &Role { groups: None, ..self.clone() }),
        }
    }

    /// What is wrong with what a file says of it.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let says_more = !self.audience.is_empty() || !self.name.is_empty() || self.description.is_some() || self.scope.is_some();
        match self.built_in {
            Some(_) if says_more => Some("a role with `built_in` has `groups`, and nothing else"),
            Some(_) => None,
            None if self.audience.is_empty() => Some("missing field `audience` of a role"),
            None if self.name.is_empty() => Some("missing field `name` of a role"),
            None => None,
        }
    }

    fn assignments(&self) -> impl Iterator<Item = Thing> {
        let groups = self.groups.iter().flatten();
        groups.map(|group| Thing {
            noun: Noun::Assignment,
            key: vec![self.key().0.to_owned(), self.key().1.to_owned(), group.clone()],
            members: Map::new(),
        })
    }
}

impl Thing {
    /// Whether it comes with Jeton: it is neither made nor removed.
    pub(crate) fn is_built_in(&self) -> bool {
        self.noun == Noun::Role && self.key.first().is_some_and(String::is_empty)
    }

    fn of(noun: Noun, value: &impl Serialize) -> Thing {
        // Texts, numbers and collections of them always can be written as JSON.
        let Ok(Value::Object(mut members)) = serde_json::to_value(value) else {
            return Thing { noun, key: Vec::new(), members: Map::new() };
        };
        let mut take = |name: &&str| members.remove(*name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        let key = noun.key().iter().map(&mut take).collect();
        Thing { noun, key, members }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> String {
        let part = |place: usize| self.key.get(place).map_or("", String::as_str);
        match self.noun {
            Noun::Api | Noun::Client | Noun::Group => part(0).to_owned(),
            Noun::Role => format!("{}{}", part(1), at(part(0))),
            Noun::Assignment => format!("group:{} holds {}{}", part(2), part(1), at(part(0))),
            Noun::Policy => match (part(1), part(2)) {
                ("", "") => part(0).to_owned(),
                ("", client) => format!("{} of client {client}", part(0)),
                (api, _) => format!("{} of {api}", part(0)),
            },
        }
    }
}

fn at(audience: &str) -> String {
    if audience.is_empty() { " of Jeton".to_owned() } else { format!(" at {audience}") }
}
