//! `POST /oauth/revoke` (RFC 7009).

use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_core::moment::Moment;
use jeton_oauth::{Form, RevocationRequest};
use jeton_service::Service;
use jeton_service::identify::Identified;

use super::{form_body, identify};
use crate::observe::Observer;
use crate::reply::{Reply, empty};
use crate::seen;

/// Revokes a token that its client hands in.
pub async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, mut request: Request) -> Reply {
    let body = form_body(&mut request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse(&body)?;
    let client = identify(&service, &observer, &request, &form, &moment)?;
    let answer = revoke(&service, &client, &form, &moment).await;
    Ok(seen::to_client(answer, &client.record().id))
}

async fn revoke(service: &Service, client: &Identified, form: &Form<'_>, moment: &Moment) -> Reply {
    let request = RevocationRequest::parse(form)?;
    service.revoke_own(client, request.token, moment).await?;
    Ok(seen::with_outcome(empty(), "revoked"))
}
