//! The wire types of OAuth.

use jeton_oauth::authorization::AuthorizationForm;
use jeton_oauth::device::UserCode;
use jeton_oauth::feed::{Cursor, FeedParser, SnapshotPart};
use jeton_oauth::pkce::{Challenge, Verifier};
use jeton_oauth::token::{REPEATABLE, ReceivedToken};
use jeton_oauth::{
    AuthorizationAnswer, BearerChallenge, BearerToken, ClientAuthentication, Description, ErrorResponse, Form, IntrospectionRequest,
    IntrospectionResponse, Issuer, RedirectUri, Resource, RevocationRequest, ScopeSet, ServerMetadata, TokenRequest, UsageReport, form,
};

/// [`Form::parse`]: what is read prints to a body that reads the same; no parameter is there twice.
pub fn form(data: &[u8]) {
    let Ok(parsed) = Form::parse(data) else { return };
    let printed = form::encode(parsed.iter());
    let again = Form::parse(printed.as_bytes());
    assert!(again.is_ok_and(|again| again.iter().eq(parsed.iter())) || printed.len() > form::MAX_BODY_LEN);
    for (name, value) in parsed.iter() {
        assert_eq!(parsed.get(name), Some(value));
        assert_eq!(parsed.all(name).count(), 1);
    }
}

/// The requests of the token, introspection and revocation endpoints, and their errors.
pub fn requests(data: &[u8]) {
    let Ok(form) = Form::parse_allowing(data, REPEATABLE) else { return };
    if let Err(error) = TokenRequest::parse(&form) {
        error_prints(&error);
    }
    if let Err(error) = ClientAuthentication::parse(None, &form) {
        error_prints(&error.response);
    }
    let introspection = IntrospectionRequest::parse(&form).ok().map(|request| (request.token, request.hint));
    let revocation = RevocationRequest::parse(&form).ok().map(|request| (request.token, request.hint));
    assert_eq!(introspection, revocation);
}

/// [`AuthorizationForm::parse`]: printed again it asks for the same, or is refused for the same, and each error has an answer that
/// the application can read.
pub fn authorization(data: &[u8]) {
    let Ok(asked) = AuthorizationForm::parse(data) else { return };
    let printed = asked.to_text();
    if let Ok(again) = AuthorizationForm::parse(printed.as_bytes()) {
        assert_eq!(
            (again.client_id(), again.redirect_uri(), again.response_mode()),
            (asked.client_id(), asked.redirect_uri(), asked.response_mode())
        );
        if let Ok(request) = asked.request() {
            assert_eq!(again.request().as_ref(), Ok(&request));
            assert_eq!(request.state, asked.state());
        }
    } else {
        assert!(printed.len() > jeton_oauth::authorization::MAX_REQUEST_LEN);
    }
    let (Ok(issuer), Ok(uri), Err(error)) = (Issuer::parse("https://a"), RedirectUri::parse("https://b/?c=1"), asked.request()) else {
        return;
    };
    let location = AuthorizationAnswer::error(&error, asked.state(), &issuer).location(&uri);
    let query = location.expose().strip_prefix("https://b/?c=1&").unwrap_or_default();
    assert!(Form::parse(query.as_bytes()).is_ok_and(|answer| {
        answer.get("error") == Some(error.code.as_str()) && answer.get("state") == asked.state() && answer.get("iss") == Some("https://a")
    }));
}

/// [`Challenge`], [`Verifier`] and [`RedirectUri`]: what is read prints as it was, and an address allows itself.
pub fn exchange(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(challenge) = Challenge::parse(text) {
        assert_eq!(challenge.to_text(), text);
    }
    if let Ok(verifier) = Verifier::parse(text) {
        assert!(verifier.answers(&verifier.challenge()));
        assert_eq!(Challenge::parse(&verifier.challenge().to_text()), Ok(verifier.challenge()));
    }
    if let Ok(uri) = RedirectUri::parse(text) {
        assert!(uri.as_str() == text && uri.allows(text, false) && text.starts_with(uri.origin()) && text.contains(uri.host()));
        let location = uri.with_parameters([("code", "x&y")]);
        assert!(location.starts_with(text) && location.ends_with("code=x%26y"));
        // A free port changes nothing else: the other address is loopback too.
        assert!(!uri.allows("http://127.0.0.1:1/cb", true) || uri.is_loopback());
    }
}

/// [`ClientAuthentication::parse`] of a header: what is read prints to a header that reads the same.
pub fn basic(data: &[u8]) {
    let Ok(empty) = Form::parse(b"") else { return };
    match ClientAuthentication::parse([data], &empty) {
        Ok(ClientAuthentication::Basic { client_id, client_secret }) => {
            let header = jeton_oauth::client_authentication::basic_authorization(&client_id, &client_secret);
            let again = ClientAuthentication::parse([header.expose().as_bytes()], &empty);
            let same = again.is_ok_and(|again| again == ClientAuthentication::Basic { client_id, client_secret });
            assert!(same || header.len() > 8 * 1024);
        }
        Ok(other) => assert!(other.method().is_empty(), "a header alone is Basic or nothing"),
        Err(error) => error_prints(&error.response),
    }
}

/// [`BearerToken::parse`], and challenges made of foreign text: one line of visible ASCII, no quote from inside.
pub fn bearer(data: &[u8]) {
    if let Ok(token) = BearerToken::parse([data]) {
        let header = format!("Bearer {}", token.expose());
        assert!(BearerToken::parse([header.as_bytes()]).is_ok_and(|again| again.expose() == token.expose()));
    }
    let text = String::from_utf8_lossy(data).into_owned();
    let challenge = BearerChallenge { realm: Some(Description::new(text)), ..BearerChallenge::default() }.to_string();
    assert!(challenge.bytes().all(|byte| matches!(byte, 0x20..=0x7e)));
    assert_eq!(challenge.matches('"').count(), 2);
}

/// [`ErrorResponse::parse`].
pub fn error(data: &[u8]) {
    if let Some(response) = ErrorResponse::parse(data) {
        error_prints(&response);
    }
    error_prints(&ErrorResponse::invalid_request(String::from_utf8_lossy(data).into_owned()));
}

fn error_prints(response: &ErrorResponse) {
    assert_eq!(ErrorResponse::parse(&response.to_json()).as_ref(), Some(response));
}

/// [`ScopeSet::parse`]: printing is stable, and the algebra holds with itself and a part of it.
pub fn scope(data: &[u8]) {
    let Ok(set) = std::str::from_utf8(data).map_err(drop).and_then(|text| ScopeSet::parse(text).map_err(drop)) else { return };
    assert_eq!(ScopeSet::parse(set.as_str()).as_ref(), Ok(&set));
    assert!(set.iter().is_sorted_by(|left, right| left < right));
    let part = set.iter().step_by(2).collect::<Vec<_>>().join(" ");
    let Ok(part) = ScopeSet::parse(&part) else { return };
    assert!(part.is_subset(&set));
    assert_eq!(set.is_subset(&part), set == part);
    assert_eq!(set.intersection(&part), part);
    assert_eq!(set.difference(&part).len() + part.len(), set.len());
}

/// [`Issuer`], [`Resource`] and [`Cursor`]: what is read prints as it was. A [`UserCode`] that is read reads the same as it is shown.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(issuer) = Issuer::parse(text) {
        assert_eq!(issuer.as_str(), text);
        assert_eq!(format!("{}{}", issuer.origin(), issuer.path()), text.strip_suffix('/').unwrap_or(text));
    }
    if let Ok(resource) = Resource::parse(text) {
        assert_eq!(resource.as_str(), text);
    }
    if let Some(code) = UserCode::parse(text) {
        assert_eq!(UserCode::parse(code.to_text().expose()), Some(code));
    }
    if let Ok(cursor) = Cursor::parse(text) {
        assert_eq!(cursor.to_string(), text);
    }
}

/// The JSON documents that clients and verifiers read.
pub fn documents(data: &[u8]) {
    if let Ok(response) = IntrospectionResponse::parse(data) {
        assert_eq!(IntrospectionResponse::parse(&response.to_json()), Ok(response));
    }
    if let Some(token) = ReceivedToken::parse(data) {
        assert!(!token.access_token.is_empty());
    }
    if let Some(part) = SnapshotPart::parse(data) {
        assert_eq!(SnapshotPart::parse(&part.to_json()), Some(part));
    }
    let Ok(issuer) = Issuer::parse("https://a") else { return };
    if let Ok(metadata) = ServerMetadata::parse(data, &issuer) {
        assert_eq!(ServerMetadata::parse(&metadata.to_json(), &issuer), Ok(metadata));
    }
}

/// [`UsageReport::parse`]: what is read prints to a report that reads the same.
pub fn report(data: &[u8]) {
    if let Ok(report) = UsageReport::parse(data) {
        assert!(report.items.len() <= UsageReport::MAX_ITEMS);
        assert_eq!(UsageReport::parse(&report.to_json()), Ok(report));
    }
}

/// [`FeedParser::feed`]: the pieces do not matter, and what is read prints to a feed that reads the same.
pub fn feed(data: &[u8]) {
    let (whole, result) = read_feed([data].into_iter());
    assert_eq!(read_feed(data.chunks(1)), (whole.clone(), result));
    assert_eq!(read_feed(data.chunks(7)), (whole.clone(), result));
    let printed: Vec<u8> = whole.iter().flat_map(jeton_oauth::feed::FeedEvent::to_bytes).collect();
    let known = whole.iter().filter(|event| !matches!(event, jeton_oauth::feed::FeedEvent::Unknown { .. }));
    let (again, result) = read_feed([&*printed].into_iter());
    assert!(result.is_ok() && again.iter().eq(known));
}

fn read_feed<'d>(chunks: impl Iterator<Item = &'d [u8]>) -> (Vec<jeton_oauth::feed::FeedEvent>, Result<(), jeton_oauth::feed::FeedError>) {
    let (mut parser, mut events, mut result) = (FeedParser::new(), Vec::new(), Ok(()));
    for chunk in chunks {
        result = result.and(parser.feed(chunk, &mut events));
    }
    (events, result)
}

#[cfg(test)]
mod tests {
    #[test]
    fn requests_hold() {
        let samples = [
            "grant_type=client_credentials&scope=a+b%20c&resource=https%3A%2F%2Fa&client_id=c&client_secret=s",
            "token=abc&token_type_hint=access_token&x=%C3%A9",
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c",
            "a=&b&&=c&%=",
        ];
        run(super::form, &samples);
        run(super::requests, &samples);
    }

    #[test]
    fn authorization_requests_hold() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let whole = format!(
            "client_id=c&redirect_uri=https%3A%2F%2Fa%2Fcb&response_type=code&state=%C3%A9&scope=a+b&code_challenge={challenge}&code_challenge_method=S256&prompt=login+consent&resource=urn:a&max_age=5"
        );
        run(super::authorization, &[&whole, "client_id=c&state=a&state=b&x", "client_id=c&response_mode=form_post&response_type=token"]);
        run(
            super::exchange,
            &[
                challenge,
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                "https://shop.example:8443/cb?a=1",
                "http://127.0.0.1:1/cb",
                "com.example.app:/cb",
            ],
        );
    }

    #[test]
    fn headers_hold() {
        let samples = ["Basic YzpzZWNyZXQ=", "basic YyUzQTE6cCUyMHErcg==", "Bearer jtn_at_0.a-b~c+d/e==", "Bearer", "Basic Og=="];
        run(super::basic, &samples);
        run(super::bearer, &samples);
    }

    #[test]
    fn names_hold() {
        let samples = [
            "orders:read orders:write a b c",
            "https://id.example.com:8443/a/b/",
            "http://[::1]:8420",
            "urn:a:b%20",
            "7f3a.18446744073709551615",
        ];
        run(super::scope, &samples);
        run(super::names, &samples);
    }

    #[test]
    fn documents_hold() {
        let samples = [
            r#"{"active":true,"scope":"a b","client_id":"c","exp":5,"aud":["x","y"],"cnf":{"jkt":"k"},"amr":["pwd"]}"#,
            r#"{"active":false}"#,
            r#"{"error":"invalid_request","error_description":"text"}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":5,"scope":"a"}"#,
            r#"{"iss":"https://a","iat":5,"cursor":"1.9","part":1,"parts":2,"ledger_key":"id+00000000+AQ==","changes":[{"kind":"signing_keys_changed"},{"kind":"new"}]}"#,
            r#"{"issuer":"https://a","token_endpoint":"https://a/t","grant_types_supported":["client_credentials"]}"#,
        ];
        run(super::documents, &samples);
        run(super::error, &samples);
    }

    #[test]
    fn feed_holds() {
        let samples = [
            "event: snapshot\nid: a.1\ndata: a.b.c\n\n",
            "event: narrowing\nid: a.2\ndata: {\"sequence\":2,\"at_micros\":1,\"kind\":\"lifetime\",\"api\":\"urn:a\",\"seconds\":5,\"before\":9,\"until\":9}\n\n",
            "event: checkpoint\r\nid: a.2\r\ndata: x\r\ndata: \r\n\r\n",
            ": comment\rretry: 5\r\revent: new\rid: a.3\rdata\r\r",
        ];
        run(super::feed, &samples);
    }

    /// Runs a target on the samples, on each of their beginnings, and on each with one bit flipped.
    fn run(target: fn(&[u8]), samples: &[&str]) {
        for sample in samples {
            (0..=sample.len()).for_each(|end| target(&sample.as_bytes()[..end]));
            for position in 0..sample.len() * 8 {
                let mut altered = sample.as_bytes().to_vec();
                altered[position / 8] ^= 1 << (position % 8);
                target(&altered);
            }
        }
    }
}
