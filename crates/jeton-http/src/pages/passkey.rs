//! What is asked of authenticators, and comes back with their answer: sealed in the form, for the flow that the browser keeps or the session that
//! it has. An answer is of no use in another one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::passkey::challenge::Asked;
use jeton_oauth::Form;
use jeton_service::Service;

use super::flow::Flow;
use super::guard::{Door, token};
use super::view::PasskeyForm;
use super::visit::Visit;

/// The form of a flow, where this server has a name that authenticators know it by.
pub(super) fn form_in(visit: &Visit, flow: &Flow) -> Option<PasskeyForm> {
    let server = visit.service.relying_party()?.id.to_owned();
    let mut moment = visit.service.moments().now();
    let asked = Asked::draw(&mut moment);
    Some(PasskeyForm {
        action: visit.path_in("/signin/passkey", flow),
        form: token(&visit.service, Door::Passkey, &flow.secret, visit.now()),
        asked: seal(&visit.service, &asked.to_bytes(), &context(flow))?,
        challenge: URL_SAFE_NO_PAD.encode(asked.challenge.0),
        server,
    })
}

/// What was asked in a flow, as the form brings it back.
pub(super) fn open_in(visit: &Visit, flow: &Flow, form: &Form<'_>) -> Option<Asked> {
    open(&visit.service, form.get("asked")?, &context(flow)).map(|(asked, _)| asked)
}

/// What a field of a form holds, of those that the script fills in.
pub(super) fn field(form: &Form<'_>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(form.get(name)?).ok()
}

/// Seals what was asked, with what is to come back beside it.
pub(super) fn seal(service: &Service, state: &[u8], context: &str) -> Option<String> {
    let sealed = service.seal_page_state(state, context, &mut service.moments().now())?;
    Some(URL_SAFE_NO_PAD.encode(sealed))
}

/// Opens it.
pub(super) fn open(service: &Service, sealed: &str, context: &str) -> Option<(Asked, Vec<u8>)> {
    let state = service.open_page_state(&URL_SAFE_NO_PAD.decode(sealed).ok()?, context)?;
    let (asked, rest) = Asked::from_bytes(&state)?;
    Some((asked, rest.to_vec()))
}

fn context(flow: &Flow) -> String {
    format!("passkey to be shown in flow {}", URL_SAFE_NO_PAD.encode(flow.secret))
}
