//! `POST /oauth/par` (RFC 9126): a client hands in what it will ask of a person, and gets what stands for it.

use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_core::moment::Moment;
use jeton_oauth::pushed::{PushedResponse, request_of};
use jeton_oauth::token::REPEATABLE;
use jeton_oauth::{ErrorResponse, Form};
use jeton_service::Service;
use jeton_service::authorizations::Unauthorized;
use jeton_service::identify::Identified;

use super::{form_body, identify};
use crate::extract::sender;
use crate::observe::Observer;
use crate::pages::REQUEST_BYTES;
use crate::reply::{OauthError, Reply, created};
use crate::seen;

/// Keeps a request.
pub async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, mut request: Request) -> Reply {
    let body = form_body(&mut request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse_allowing(&body, REPEATABLE)?;
    let client = identify(&service, &observer, &request, &form, &moment)?;
    let sender = sender(request.extensions().get(), request.headers(), &observer.proxies);
    if let Err(wait) = service.take_request(&client, &sender, moment.now.seconds()) {
        return Err(OauthError::too_many(wait.seconds));
    }
    let answer = push(&service, &client, &form, &moment).await;
    Ok(seen::to_client(answer, &client.record().id))
}

async fn push(service: &Service, client: &Identified, form: &Form<'_>, moment: &Moment) -> Reply {
    let text = request_of(client.record().id.as_str(), form)?;
    // What is begun with it is kept by the browser.
    if text.len() > REQUEST_BYTES {
        let detail = format!("the parameters of the request are longer than {REQUEST_BYTES} bytes");
        return Err(OauthError::too_large(ErrorResponse::invalid_request(detail)));
    }
    // On the heap: requests of other kinds need not carry it.
    let kept = Box::pin(service.push(client, &text, moment)).await.map_err(|unauthorized| match unauthorized {
        Unauthorized::Denied(error) => OauthError::from(error),
        Unauthorized::Failed(failure) => OauthError::from(failure),
    })?;
    let expires_in_seconds = u64::try_from(kept.lives_seconds).unwrap_or_default();
    let response = PushedResponse { request_uri: &kept.text, expires_in_seconds };
    Ok(seen::with_outcome(created(response.to_json()), "pushed"))
}
