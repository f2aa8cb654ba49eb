//! One row of the management API's table: which request, who may send it, what a repeat of it does, who answers, and what it is about.

use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use jeton_core::administrator::Needed;
use jeton_core::permission::Permission;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::management::Management;
use super::page::Page;
use super::parameter::{OF_PAGE, Parameter};
use super::place::Place;
use crate::observe::{Endpoint, Requests, counted};

/// One request that the management API answers.
pub struct Route {
    /// The method.
    pub method: Verb,
    /// The path, as it goes on after `/api/v1`; parameters in braces.
    pub path: &'static str,
    /// Who may send it.
    pub access: Access,
    /// What a repeat of it does.
    pub repeats: Repeats,
    /// What it is about, and what it takes.
    pub about: About,
    /// What it answers where all goes well.
    pub answers: Answers,
    /// Who answers it: mounted on nothing else, so what has no row cannot be reached.
    pub(super) handler: fn(Mount) -> MethodRouter<Arc<Management>>,
}

/// The methods that the management API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes something, or does something.
    Post,
    /// Sets something as it shall be.
    Put,
    /// Changes a part of something.
    Patch,
    /// Ends or removes something.
    Delete,
}

/// Who may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Who administers and has this permission.
    Permission(Permission),
    /// Who administers and has one of these: which one, the core decides by what is asked.
    AnyOf(&'static [Permission]),
    /// Who administers, whatever they may do.
    Administrator,
    /// A client that proves who it is; or who administers and has this permission.
    ClientOr(Permission),
    /// A client that proves who it is.
    Client,
    /// A key, which is presented as a bearer token.
    KeyItself,
    /// Anybody.
    Anyone,
}

/// What a repeat of a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Nothing is changed by it.
    Reads,
    /// The second leaves things as the first did.
    ByNature,
    /// The second would do it again: it can be told from a new one by an `Idempotency-Key`.
    Remembered,
}

/// What a request is about, and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The noun that it belongs to.
    pub tag: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The parameters of its query, beside those of a page.
    pub parameters: &'static [Parameter],
    /// Whether it is answered page by page.
    pub is_paged: bool,
    /// What its body says; `None`: it has none.
    pub takes: Option<SchemaOf>,
}

/// The schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a request answers where all goes well.
#[derive(Clone, Copy, Debug)]
pub enum Answers {
    /// 204, and nothing.
    Nothing,
    /// This status, and JSON.
    Json(u16, SchemaOf),
    /// How far it is, line by line, and a report.
    Lines(SchemaOf),
    /// Text of this type.
    Text(&'static str),
}

/// What a request is about and what it answers: a row is made of this alone, so that none is without.
pub(super) struct Described(About, Answers);

/// Where a row is mounted.
pub(super) struct Mount {
    pub(super) place: Place,
    /// What describes the whole table; the row that answers it is in the table, too.
    pub(super) document: fn() -> &'static Value,
    verb: Verb,
    requests: Arc<Requests>,
}

impl Route {
    pub(super) const fn new(
        (method, path): (Verb, &'static str),
        access: Access,
        repeats: Repeats,
        handler: fn(Mount) -> MethodRouter<Arc<Management>>,
        Described(about, answers): Described,
    ) -> Route {
        Route { method, path, access, repeats, about, answers, handler }
    }

    /// Who answers it at a place, unguarded.
    pub(super) fn mounted(
        &self,
        place: Place,
        document: fn() -> &'static Value,
        requests: &Arc<Requests>,
    ) -> MethodRouter<Arc<Management>> {
        (self.handler)(Mount { place, document, verb: self.method, requests: requests.clone() })
    }
}

impl About {
    pub(super) const fn new(tag: &'static str, summary: &'static str) -> About {
        About { tag, summary, parameters: &[], is_paged: false, takes: None }
    }

    /// Every parameter that its query may have.
    pub(super) fn in_query(&self) -> impl Iterator<Item = &'static Parameter> {
        let of_page: &[Parameter] = if self.is_paged { OF_PAGE } else { &[] };
        self.parameters.iter().chain(of_page)
    }

    /// With a body of this type.
    pub(super) const fn takes<T: JsonSchema>(self) -> About {
        About { takes: Some(schema_of::<T>), ..self }
    }

    /// With these parameters in its query.
    pub(super) const fn asks(self, parameters: &'static [Parameter]) -> About {
        About { parameters, ..self }
    }

    /// Answered with 200 and this.
    pub(super) const fn answers<T: JsonSchema>(self) -> Described {
        Described(self, Answers::Json(200, schema_of::<T>))
    }

    /// Answered with 201 and what was made.
    pub(super) const fn makes<T: JsonSchema>(self) -> Described {
        Described(self, Answers::Json(201, schema_of::<T>))
    }

    /// Answered with a page of these.
    pub(super) const fn lists<T: JsonSchema>(self) -> Described {
        self.pages::<Page<T>>()
    }

    /// Answered with this, which is a page and more.
    pub(super) const fn pages<T: JsonSchema>(self) -> Described {
        About { is_paged: true, ..self }.answers::<T>()
    }

    /// Answered line by line, with this at last.
    pub(super) const fn reports<T: JsonSchema>(self) -> Described {
        Described(self, Answers::Lines(schema_of::<T>))
    }

    /// Answered with text of this type.
    pub(super) const fn says(self, content_type: &'static str) -> Described {
        Described(self, Answers::Text(content_type))
    }

    /// Answered with 204: it is done, and there is nothing to say.
    pub(super) const fn only_does(self) -> Described {
        Described(self, Answers::Nothing)
    }
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Access {
    /// What an administrator needs to be let in; `None` where the handler itself asks who it is.
    pub(super) fn needed(self) -> Option<Needed> {
        match self {
            Access::Permission(permission) => Some(Needed::One(permission)),
            Access::AnyOf(permissions) => Some(Needed::AnyOf(permissions)),
            Access::Administrator => Some(Needed::Nothing),
            Access::ClientOr(_) | Access::Client | Access::KeyItself | Access::Anyone => None,
        }
    }
}

impl Mount {
    /// Answers by this handler.
    pub(super) fn on<H: Handler<T, Arc<Management>>, T: 'static>(self, handler: H) -> MethodRouter<Arc<Management>> {
        on(self.verb.filter(), handler)
    }

    /// Answers by this handler and counts what it answers as of this endpoint.
    pub(super) fn on_counted<H, T>(self, endpoint: Endpoint, handler: H) -> MethodRouter<Arc<Management>>
    where
        H: Handler<T, Arc<Management>>,
        H::Future: Unpin,
        T: 'static,
    {
        on(self.verb.filter(), counted(&self.requests, endpoint, handler))
    }
}

impl Verb {
    /// As HTTP writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Patch => MethodFilter::PATCH,
            Verb::Delete => MethodFilter::DELETE,
        }
    }
}
