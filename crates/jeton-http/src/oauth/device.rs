//! `POST /oauth/device_authorization` (RFC 8628 section 3.1): a device without a browser begins.

use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_core::authorize::polling::INTERVAL_SECONDS;
use jeton_core::moment::Moment;
use jeton_core::sender::Sender;
use jeton_oauth::Form;
use jeton_oauth::device::{DeviceAuthorizationRequest, DeviceAuthorizationResponse};
use jeton_oauth::token::REPEATABLE;
use jeton_service::Service;
use jeton_service::authorizations::Unauthorized;
use jeton_service::identify::Identified;

use super::{form_body, identify};
use crate::extract::sender;
use crate::observe::Observer;
use crate::reply::{OauthError, Reply, json};
use crate::seen;

/// Keeps what a device asks for.
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
    let answer = begin(&service, &client, &form, &sender, &moment).await;
    Ok(seen::to_client(answer, &client.record().id))
}

async fn begin(service: &Service, client: &Identified, form: &Form<'_>, sender: &Sender, moment: &Moment) -> Reply {
    let asked = DeviceAuthorizationRequest::parse(form)?;
    // On the heap: requests of other kinds need not carry it.
    let begun = Box::pin(service.begin_device(client, &asked, sender, moment)).await.map_err(|unauthorized| match unauthorized {
        Unauthorized::Denied(error) => OauthError::from(error),
        Unauthorized::Failed(failure) => OauthError::from(failure),
    })?;
    let verification_uri = service.issuer().endpoint("/device");
    let user_code = begun.user_code.to_text();
    let response = DeviceAuthorizationResponse {
        device_code: begun.device_code.0.expose(),
        user_code: user_code.expose(),
        verification_uri: &verification_uri,
        verification_uri_complete: &format!("{verification_uri}?user_code={}", user_code.expose()),
        expires_in_seconds: u64::try_from(begun.lives_seconds).unwrap_or_default(),
        interval_seconds: INTERVAL_SECONDS.unsigned_abs(),
    };
    Ok(seen::with_outcome(json(response.to_json()), "begun"))
}
