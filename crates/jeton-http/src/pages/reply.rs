//! Answers that people see: what stands around every page, and what a browser is told not to do with it.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jeton_oauth::{Issuer, RedirectUri};

use super::assets::assets;
use super::texts::{Texts, fill, texts};

/// What stands around every page.
pub(super) struct Frame {
    pub(super) texts: &'static Texts,
    /// Whose pages these are: the host of the issuer.
    pub(super) service: String,
    pub(super) footer: String,
    pub(super) style: String,
    pub(super) icon: String,
    /// The script of the pages on which passkeys are made and shown.
    pub(super) passkey: String,
}

impl Frame {
    /// What stands around the pages of this issuer.
    pub(super) fn of(issuer: &Issuer) -> Frame {
        let service = issuer.origin().split_once("://").map_or("", |(_, host)| host).to_owned();
        let texts = texts();
        let asset = |name: &str| format!("{}/assets/{name}", issuer.path());
        Frame {
            texts,
            footer: fill(&texts.frame.footer, &[("service", &service)]),
            service,
            style: asset(&assets().style.name),
            icon: asset(&assets().icon.name),
            passkey: asset(&assets().passkey.name),
        }
    }
}

/// Where the forms of a page may lead, beside this server.
#[derive(Clone, Copy)]
pub(super) enum FormsLead<'u> {
    Here,
    /// A form leads to an address of the application in the end, by a redirect too, which browsers hold against the policy.
    To(&'u RedirectUri),
}

/// Whether a page has a script.
#[derive(Clone, Copy)]
enum Script {
    None,
    OfThisServer,
}

/// What most answers may.
const NOTHING: (FormsLead<'static>, Script) = (FormsLead::Here, Script::None);

/// A page.
pub(super) fn page(issuer: &Issuer, status: StatusCode, forms_lead: FormsLead<'_>, template: &impl Template) -> Response {
    written(issuer, status, (forms_lead, Script::None), template)
}

/// A page on which the script of this server speaks with authenticators.
pub(super) fn page_with_script(issuer: &Issuer, status: StatusCode, forms_lead: FormsLead<'_>, template: &impl Template) -> Response {
    written(issuer, status, (forms_lead, Script::OfThisServer), template)
}

fn written(issuer: &Issuer, status: StatusCode, may: (FormsLead<'_>, Script), template: &impl Template) -> Response {
    // Writing to memory does not fail; a page that is cut off is no page.
    let Ok(text) = template.render() else {
        return with_headers(issuer, StatusCode::INTERNAL_SERVER_ERROR, NOTHING, Body::empty());
    };
    let mut response = with_headers(issuer, status, may, Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The browser goes on by GET, whatever it asked by (RFC 9700 section 4.12). The address is not for logs.
pub(super) fn see_other(issuer: &Issuer, to: &str) -> Response {
    let Ok(to) = HeaderValue::from_str(to) else { return with_headers(issuer, StatusCode::BAD_REQUEST, NOTHING, Body::empty()) };
    let mut response = with_headers(issuer, StatusCode::SEE_OTHER, NOTHING, Body::empty());
    response.headers_mut().insert(LOCATION, to);
    response
}

/// Adds a cookie to an answer.
pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn with_headers(issuer: &Issuer, status: StatusCode, may: (FormsLead<'_>, Script), body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    insert_policy(headers, may);
    if issuer.is_https() {
        headers.insert(HeaderName::from_static("strict-transport-security"), HeaderValue::from_static("max-age=31536000"));
    }
    response
}

const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: with it browsers say `Origin: null` where a form is sent to this server.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// No script but one of this server where a page needs it, no style in the text, no frame, nothing from elsewhere.
fn insert_policy(headers: &mut HeaderMap, (forms_lead, script): (FormsLead<'_>, Script)) {
    let more = match forms_lead {
        FormsLead::Here => String::new(),
        // A policy cannot name an address of IPv6 in brackets.
        FormsLead::To(uri) if uri.origin().contains('[') => format!(" {}:", uri.origin().split(':').next().unwrap_or_default()),
        FormsLead::To(uri) => format!(" {}", uri.origin()),
    };
    let script = match script {
        Script::None => "",
        Script::OfThisServer => " script-src 'self';",
    };
    let policy = format!(
        "default-src 'none';{script} style-src 'self'; img-src 'self'; form-action 'self'{more}; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(HeaderName::from_static("content-security-policy"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_where_forms_lead() {
        fn check(uri: &str, expected: &str) {
            let mut headers = HeaderMap::new();
            insert_policy(&mut headers, (FormsLead::To(&RedirectUri::parse(uri).unwrap()), Script::None));
            let policy = headers["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.contains(&format!("form-action 'self' {expected};")), "{policy}");
        }
        check("https://shop.example/cb;x", "https://shop.example");
        check("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000");
        check("http://[::1]:3000/cb", "http:");
        check("com.example.app:/cb", "com.example.app:");
    }
}
