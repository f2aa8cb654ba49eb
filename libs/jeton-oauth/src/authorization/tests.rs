use super::*;
use crate::issuer::Issuer;
use crate::redirect_uri::RedirectUri;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn whole(more: &str) -> String {
    format!("client_id=c&redirect_uri=https%3A%2F%2Fa%2Fcb&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256{more}")
}

#[test]
fn what_belongs_on_a_page() {
    fn check(text: &str, expected: Option<PageError>) {
        assert_eq!(AuthorizationForm::parse(text.as_bytes()).err(), expected, "{text:.200}");
    }
    check("client_id=c", None);
    check(&whole(""), None);
    check("", Some(PageError::NoClient));
    check("client_id=", Some(PageError::NoClient));
    check("redirect_uri=https://a", Some(PageError::NoClient));
    check("client_id=c&client_id=c", Some(PageError::Repeated("client_id")));
    check("client_id=c&client_id=", Some(PageError::Repeated("client_id")));
    check("client_id=c&client%5Fid=d", Some(PageError::Repeated("client_id")));
    check("client_id=c&redirect_uri=a&redirect_uri=b", Some(PageError::Repeated("redirect_uri")));
    check("client_id=c&request_uri=a&request_uri=b", Some(PageError::Repeated("request_uri")));
    check("client_id=c&state=%zz", Some(PageError::Malformed));
    check("client_id=c&x=%ff", Some(PageError::Malformed));
    check(&format!("client_id=c&state={}", "a".repeat(MAX_REQUEST_LEN)), Some(PageError::TooLong));
    check(&"client_id=c&".repeat(65), Some(PageError::TooLong));
    // What may be answered by a redirect is no matter of a page.
    check("client_id=c&state=1&state=2&x=1&x=2&response_mode=nothing", None);
}

#[test]
fn what_goes_back() {
    fn check(more: &str, expected: Result<(), ErrorCode>) {
        let text = whole(more);
        let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
        assert_eq!(form.request().map(|_| ()).map_err(|error| error.code), expected, "{more:.200}");
    }
    let invalid = Err(ErrorCode::InvalidRequest);
    check("", Ok(()));
    check("&scope=openid+orders:read&state=x&nonce=n&prompt=login+consent&max_age=0&login_hint=ada", Ok(()));
    check("&unknown=1&claims=%7B%7D&id_token_hint=x&display=page&dpop_jkt=x", Ok(()));
    check("&resource=urn:a&resource=urn:b", Ok(()));
    check("&state=1&state=2", invalid);
    check("&response_type=code", invalid);
    check("&nonce=1&nonce=1", invalid);
    check("&unknown=1&unknown=2", invalid);
    check("&response_mode=fragment", invalid);
    check("&response_mode=QUERY", invalid);
    check("&response_mode=query.jwt", invalid);
    check("&prompt=none", Ok(()));
    check("&prompt=none+login", invalid);
    check("&prompt=consent+none", invalid);
    check("&prompt=none+none", Ok(()));
    check("&prompt=create", invalid);
    check("&prompt=Login", invalid);
    check("&max_age=-1", invalid);
    check("&max_age=%2B1", invalid);
    check("&max_age=1.5", invalid);
    check("&max_age=x", invalid);
    check("&max_age=4294967295", Ok(()));
    check("&max_age=4294967296", invalid);
    check("&max_age=", Ok(()));
    check(&format!("&state={}", "s".repeat(MAX_STATE_LEN)), Ok(()));
    check(&format!("&state={}", "s".repeat(MAX_STATE_LEN + 1)), invalid);
    check(&format!("&nonce={}", "n".repeat(MAX_STATE_LEN + 1)), invalid);
    check(&format!("&login_hint={}", "n".repeat(MAX_HINT_LEN + 1)), invalid);
    check("&acr_values=a+b+c+d+e+f+g+h", Ok(()));
    check("&acr_values=a+b+c+d+e+f+g+h+i", invalid);
    check("&scope=a++b", Err(ErrorCode::InvalidScope));
    check("&scope=%22", Err(ErrorCode::InvalidScope));
    check("&resource=relative", Err(ErrorCode::InvalidTarget));
    check("&resource=https://a/%23f", Err(ErrorCode::InvalidTarget));
    check("&request=a.b.c", Err(ErrorCode::RequestNotSupported));
    check("&request_uri=urn:x", Err(ErrorCode::RequestUriNotSupported));
    check("&registration=%7B%7D", Err(ErrorCode::RegistrationNotSupported));
}

#[test]
fn response_types_and_challenges() {
    fn check(text: &str, expected: Result<bool, ErrorCode>) {
        let text = format!("client_id=c&{text}");
        let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
        assert_eq!(form.request().map(|request| request.challenge.is_some()).map_err(|error| error.code), expected, "{text}");
    }
    let challenge = format!("code_challenge={CHALLENGE}");
    check("", Err(ErrorCode::InvalidRequest));
    check("response_type=", Err(ErrorCode::InvalidRequest));
    check("response_type=token", Err(ErrorCode::UnsupportedResponseType));
    check("response_type=code+id_token", Err(ErrorCode::UnsupportedResponseType));
    check("response_type=Code", Err(ErrorCode::UnsupportedResponseType));
    check("response_type=none", Err(ErrorCode::UnsupportedResponseType));
    // Whether a client may go without is a rule, not a matter of reading.
    check("response_type=code", Ok(false));
    check(&format!("response_type=code&{challenge}&code_challenge_method=S256"), Ok(true));
    check(&format!("response_type=code&{challenge}"), Err(ErrorCode::InvalidRequest));
    check(&format!("response_type=code&{challenge}&code_challenge_method=plain"), Err(ErrorCode::InvalidRequest));
    check(&format!("response_type=code&{challenge}&code_challenge_method=s256"), Err(ErrorCode::InvalidRequest));
    check(&format!("response_type=code&{challenge}&code_challenge_method=S512"), Err(ErrorCode::InvalidRequest));
    check("response_type=code&code_challenge_method=S256", Err(ErrorCode::InvalidRequest));
    check("response_type=code&code_challenge=short&code_challenge_method=S256", Err(ErrorCode::InvalidRequest));
}

#[test]
fn what_it_says() {
    let text = whole(
        "&scope=b+a&state=%2B+%26%C3%A9&prompt=select_account&max_age=60&acr_values=phr++x&ui_locales=de+en&response_mode=form_post&junk=1",
    );
    let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
    let request = form.request().unwrap();
    assert_eq!((request.client_id, request.redirect_uri), ("c", Some("https://a/cb")));
    assert_eq!(request.scope.as_ref().map(ScopeSet::as_str), Some("a b"));
    assert_eq!((request.state, form.state()), (Some("+ &é"), Some("+ &é")));
    assert_eq!(request.prompt, Prompt { login: true, ..Prompt::default() });
    assert_eq!((request.max_age_seconds, request.response_mode), (Some(60), ResponseMode::FormPost));
    assert_eq!((request.acr_values, request.ui_locales), (vec!["phr", "x"], vec!["de", "en"]));
    assert_eq!(request.challenge.unwrap().to_text(), CHALLENGE);
    let again = form.to_text();
    assert!(!again.contains("junk"));
    assert_eq!(AuthorizationForm::parse(again.as_bytes()).unwrap().request(), form.request());
}

#[test]
fn a_state_that_was_sent_twice_is_not_given_back() {
    let form = AuthorizationForm::parse(b"client_id=c&state=a&state=b").unwrap();
    assert_eq!(form.state(), None);
    assert_eq!(AuthorizationForm::parse(b"client_id=c&state=").unwrap().state(), None);
    // One that is too long is, with the refusal of it.
    let long = format!("client_id=c&state={}", "s".repeat(600));
    assert_eq!(AuthorizationForm::parse(long.as_bytes()).unwrap().state().map(str::len), Some(600));
}

#[test]
fn answers() {
    fn check(answer: &AuthorizationAnswer, expected: &str) {
        let uri = RedirectUri::parse("https://a/cb").unwrap();
        assert_eq!(answer.location(&uri).expose(), expected);
        assert!(!format!("{answer:?}").contains("hunter2"));
    }
    let issuer = Issuer::parse("https://id.example").unwrap();
    check(
        &AuthorizationAnswer::code(&"hunter2".into(), Some("a b&c"), &issuer),
        "https://a/cb?code=hunter2&state=a+b%26c&iss=https%3A%2F%2Fid.example",
    );
    check(&AuthorizationAnswer::code(&"hunter2".into(), None, &issuer), "https://a/cb?code=hunter2&iss=https%3A%2F%2Fid.example");
    check(
        &AuthorizationAnswer::error(&ErrorResponse::new(ErrorCode::AccessDenied, "no"), Some("s"), &issuer),
        "https://a/cb?error=access_denied&error_description=no&state=s&iss=https%3A%2F%2Fid.example",
    );
}
