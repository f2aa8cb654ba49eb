//! One request of a browser: what it is asked with, and who is signed in there.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_oauth::Issuer;
use jeton_service::Service;
use jeton_service::failure::Failure;

use super::flow::{About, Flow, FlowId};
use super::guard::Posted;
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::session_cookie::{self, SessionCookie};
use crate::extract::sender;
use crate::observe::Observer;

/// How long ago somebody may have proved who they are who changes by what they sign in, in seconds.
const FRESH_SECONDS: i64 = 600;

/// One request of a browser.
pub(super) struct Visit {
    pub(super) service: Arc<Service>,
    pub(super) headers: HeaderMap,
    pub(super) query: Option<String>,
    pub(super) sender: Sender,
    pub(super) moment: Moment,
}

/// Who is signed in in a browser.
pub(super) struct Here {
    pub(super) session: Versioned<Session>,
    cookie: SessionCookie,
}

impl Visit {
    /// What is known of a request that is answered now.
    pub(super) fn of(service: &Arc<Service>, observer: &Observer, request: &Request) -> Visit {
        let headers = request.headers();
        Visit {
            service: service.clone(),
            headers: headers.clone(),
            query: request.uri().query().map(str::to_owned),
            sender: sender(request.extensions().get(), headers, &observer.proxies),
            moment: service.moments().now(),
        }
    }

    /// The same once its body is there, which may take its time: what has expired meanwhile has expired.
    pub(super) fn later(self) -> Visit {
        Visit { moment: self.service.moments().now(), ..self }
    }

    pub(super) fn issuer(&self) -> &Issuer {
        self.service.issuer()
    }

    /// What the clock reads, in seconds.
    pub(super) fn now(&self) -> i64 {
        self.moment.now.seconds()
    }

    /// The path of a page, below the issuer's.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.issuer().path())
    }

    /// The same, with the flow that it is about.
    pub(super) fn path_in(&self, path: &str, flow: &Flow) -> String {
        format!("{}{path}?flow={}", self.issuer().path(), flow.id.as_str())
    }

    /// The name of a flow in the address, if there is one.
    pub(super) fn flow_id(&self) -> Option<FlowId> {
        FlowId::of_query(self.query.as_deref())
    }

    /// The flow that the address names.
    ///
    /// # Errors
    /// The browser has none of this name, or it is over.
    pub(super) fn flow(&self) -> Result<Flow, Problem> {
        let id = self.flow_id().ok_or(Problem::Flow)?;
        Flow::open(&self.service, &self.headers, &id, self.now()).ok_or(Problem::Flow)
    }

    /// Sends the browser to a page about a flow that begins.
    pub(super) fn begin(&mut self, about: About, path: &str) -> Result<Response, Problem> {
        let flow = Flow::begin(about, &mut self.moment);
        self.keep(&flow, path)
    }

    /// Lets somebody sign in, and come back to a page of their account, which is below the issuer's path.
    pub(super) fn sign_in_for(&mut self, page: String) -> Result<Response, Problem> {
        self.begin(About::Account(page), "/signin")
    }

    /// Sends the browser to a page about a flow that has changed.
    pub(super) fn keep(&mut self, flow: &Flow, path: &str) -> Result<Response, Problem> {
        let lines = flow.keep(&self.service, &self.headers, &mut self.moment).ok_or(Problem::Unavailable)?;
        let mut response = see_other(self.issuer(), &self.path_in(path, flow));
        lines.iter().for_each(|line| set_cookie(&mut response, line));
        Ok(response)
    }

    /// Who is signed in, if somebody is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn here(&self) -> Result<Option<Here>, Problem> {
        let Some(cookie) = SessionCookie::read(&self.service, &self.headers) else { return Ok(None) };
        let session = self.service.session(cookie.text.expose(), cookie.seen_at, &self.moment).await?;
        Ok(session.map(|session| Here { session, cookie }))
    }

    /// What is read on a thread that may block.
    ///
    /// # Errors
    /// It could not be.
    pub(super) async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Service, &Moment) -> Result<R, Failure> + Send + 'static,
    ) -> Result<R, Problem> {
        let (service, moment) = (self.service.clone(), self.moment.clone());
        let read = tokio::task::spawn_blocking(move || work(&service, &moment)).await;
        Ok(read.map_err(|_| Problem::Unavailable)??)
    }

    /// The answer, with the time that the browser was here written anew where that is due.
    pub(super) fn seen(&self, here: Option<&Here>, mut response: Response) -> Response {
        if let Some(Here { session, cookie }) = here.filter(|here| here.cookie.is_stale(self.now())) {
            set_cookie(&mut response, &session_cookie::set(&self.service, &cookie.text, self.now(), session.record.expires_at));
        }
        response
    }

    /// Reads the form of the request, and answers it by `take`; by a page of why where it is none, or comes from elsewhere.
    pub(super) async fn posted(
        self,
        request: Request,
        take: impl AsyncFnOnce(&mut Visit, &Posted) -> Result<Response, Problem>,
    ) -> Response {
        match Posted::read(&self.service, request).await {
            Ok(posted) => {
                let mut visit = self.later();
                let answer = take(&mut visit, &posted).await;
                visit.reply(answer)
            }
            Err(problem) => self.reply(Err(problem)),
        }
    }

    /// The answer, or the page that says why there is none.
    pub(super) fn reply(&self, answer: Result<Response, Problem>) -> Response {
        answer.unwrap_or_else(|problem| problem.reply(self.issuer(), self.now()))
    }
}

impl Here {
    /// Whether they proved who they are a moment ago: whoever finds a browser open makes no way in.
    pub(super) fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.session.record.authenticated.at) <= FRESH_SECONDS
    }

    /// What forms of the session are bound to.
    pub(super) fn whose(&self) -> &[u8; 16] {
        &self.session.record.id.0
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        if let Failure::Fault(fault) = &failure {
            // The cause is for the log; a stranger learns only that it is ours.
            tracing::error!(%fault, "a page failed in the store");
        }
        Problem::Unavailable
    }
}
