use jeton_oauth::{ErrorCode, ErrorResponse};
use jeton_token::Secret;

use super::*;

/// What would be markup, an entity, a placeholder or the end of an attribute.
const HOSTILE: &str = "<b>\"'&{person}</b>`";

fn issuer() -> Issuer {
    Issuer::parse("https://tokens.example").unwrap()
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

const ALL: Has = Has { address_to_confirm: true, providers: true, passkeys: true, password: true };

fn sign_in(why: Why) -> SignIn<'static> {
    SignIn {
        action: "/signin?flow=abcdefgh".into(),
        form: "token".into(),
        client: Some(HOSTILE),
        is_for_device: false,
        username: HOSTILE.into(),
        why,
        leads_to: None,
        forgot: Some("/forgot?flow=abcdefgh".to_owned()),
        providers: vec![("/signin/with/corp?flow=abcdefgh".into(), HOSTILE.into())],
        passkey: Some(PasskeyForm {
            action: "/signin/passkey?flow=abcdefgh".into(),
            form: "token".into(),
            asked: "sealed".into(),
            challenge: "AAAA".into(),
            server: "tokens.example".into(),
        }),
    }
}

fn consent(uri: &RedirectUri) -> Consent<'_> {
    let line = |words: &str, place: Option<&str>| Line { words: words.into(), place: place.map(str::to_owned) };
    Consent {
        action: "/oauth/authorize?flow=abcdefgh".into(),
        form: "token".into(),
        shown: "shown".into(),
        other: ("/signout?flow=abcdefgh".into(), "other".into()),
        client: HOSTILE,
        client_id: "client_1",
        contact: Some(HOSTILE),
        person: HOSTILE,
        asked: vec![line(HOSTILE, Some(HOSTILE))],
        already: vec![line("know who you are here", None)],
        until: 1_800_000_000,
        redirect_uri: uri,
        is_native: false,
        has_changed: true,
    }
}

fn device_enter() -> device::Enter {
    device::Enter { action: "/device?flow=abcdefgh".into(), form: "token".into(), typed: HOSTILE.into(), why: Some(device::Why::NoCode) }
}

fn device_consent() -> device::Consent<'static> {
    device::Consent {
        action: "/device?flow=abcdefgh".into(),
        form: "token".into(),
        shown: "shown".into(),
        other: ("/signout?flow=abcdefgh".into(), "other".into()),
        client: HOSTILE,
        client_id: "client_1",
        contact: Some(HOSTILE),
        person: HOSTILE,
        code: "BCDF-GHJK".into(),
        network: Some(HOSTILE),
        asked: vec![Line { words: HOSTILE.into(), place: Some(HOSTILE.into()) }],
        until: 1_800_000_000,
        has_changed: true,
    }
}

#[tokio::test]
async fn nothing_is_reflected_that_was_not_escaped() {
    let uri = RedirectUri::parse("https://shop.example/cb").unwrap();
    let answer = AuthorizationAnswer::error(&ErrorResponse::new(ErrorCode::AccessDenied, "no"), Some(HOSTILE), &issuer());
    let pages = [
        sign_in(Why::Refused).reply(&issuer()),
        consent(&uri).reply(&issuer()),
        account(&issuer(), HOSTILE, 0, &ALL, ("/signout".into(), "token".into())),
        go_on(&issuer(), HOSTILE, &uri, &answer),
        device_enter().reply(&issuer()),
        device_consent().reply(&issuer()),
    ];
    for page in pages {
        let text = text(page).await;
        assert!(text.contains("&#60;b&#62;&#34;&#39;&#38;"), "{text}");
        assert!(!text.contains("<b>") && !text.contains("\"'"), "{text}");
    }
}

#[tokio::test]
async fn no_page_has_script_or_style_in_its_text_and_each_has_its_headings_and_labels() {
    let uri = RedirectUri::parse("http://127.0.0.1:3000/cb").unwrap();
    let answer = AuthorizationAnswer::code(&Secret::from("c"), None, &issuer());
    let pages = [
        sign_in(Why::First).reply(&issuer()),
        consent(&uri).reply(&issuer()),
        account(&issuer(), "ada", 0, &ALL, ("/signout".into(), "token".into())),
        signed_out(&issuer(), "/signin".into()),
        go_on(&issuer(), "Shop", &uri, &answer),
    ];
    for page in pages {
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let text = text(page).await;
        // Where passkeys are shown, one of this server's.
        let has_passkeys = text.contains("data-passkey=");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.matches("script-src").count(), usize::from(has_passkeys), "{policy}");
        assert_eq!(policy.contains(" script-src 'self';"), has_passkeys, "{policy}");
        assert_eq!(text.matches("<script").count(), usize::from(has_passkeys), "{text}");
        assert_eq!(text.matches("<script src=\"/assets/passkey-").count(), usize::from(has_passkeys), "{text}");
        for absent in ["style=", "<style", "onclick", "javascript:", "http-equiv"] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
        assert_eq!((text.matches("<h1>").count(), text.matches("<main>").count()), (1, 1), "{text}");
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">") && text.contains("<meta name=\"viewport\""), "{text}");
        for field in text.split("<input ").skip(1).filter(|field| !field.starts_with("type=\"hidden\"")) {
            let id = field.split("id=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(text.contains(&format!("<label for=\"{id}\">")), "{id}: {text}");
        }
    }
}

#[tokio::test]
async fn who_signs_in_is_told_why_they_are_asked_again() {
    async fn check(why: Why, status: u16, expected: Option<&str>) {
        let page = sign_in(why).reply(&issuer());
        assert_eq!(page.status(), status, "{why:?}");
        let text = text(page).await;
        assert_eq!(text.contains("role=\"alert\""), expected.is_some_and(|expected| !expected.starts_with("Sign in once")), "{text}");
        assert!(expected.is_none_or(|expected| text.contains(expected)), "{why:?} {text}");
    }
    check(Why::First, 200, None).await;
    check(Why::Again, 200, Some("Sign in once more")).await;
    check(Why::Refused, 200, Some("is not right")).await;
    check(Why::Busy, 503, Some("Many people")).await;
    check(Why::Passkey, 200, Some("This passkey does not sign you in")).await;
    check(Why::PasskeyFenced, 503, Some("whether your passkey still holds")).await;
}

#[tokio::test]
async fn who_is_asked_reads_where_the_answer_goes() {
    async fn check(uri: &str, is_native: bool, expected: &str, is_warned: bool) {
        let uri = RedirectUri::parse(uri).unwrap();
        let text = text(Consent { is_native, ..consent(&uri) }.reply(&issuer())).await;
        assert!(text.contains(&format!("<dd>{expected}</dd>")), "{expected}: {text}");
        assert_eq!(text.contains("class=\"note\""), is_warned, "{text}");
        assert!(text.contains("This holds until 15 January 2027,"), "{text}");
        // Both answers are one press away, and saying no comes first.
        let (deny, allow) = (text.find("value=\"deny\"").unwrap(), text.find("value=\"allow\"").unwrap());
        assert!(deny < allow, "{text}");
    }
    check("https://shop.example:8443/cb", false, "shop.example", false).await;
    check("http://127.0.0.1:3000/cb", false, "a program on this computer (127.0.0.1)", true).await;
    check("http://127.0.0.1:3000/cb", true, "a program on this computer (127.0.0.1)", false).await;
    check("com.example.app:/cb", true, "the application com.example.app on this device", false).await;
}
