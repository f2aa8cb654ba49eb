//! Nanoseconds to parse and print what every request needs: `cargo bench -p jeton-oauth`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Duration;

use jeton_oauth::client_authentication::basic_authorization;
use jeton_oauth::feed::{Change, Cursor, FeedEvent, FeedParser, Narrowing};
use jeton_oauth::token::{REPEATABLE, TokenType};
use jeton_oauth::{ActiveToken, BearerToken, ClientAuthentication, Form, IntrospectionResponse, ScopeSet, TokenRequest, TokenResponse};
use jeton_token::{Secret, TokenId};

const SECRET: &str = "jtn_cs_05K3ogYFMde7kwgft5p2Xy7kwgnrHMHlTGo39nQMwvBbGo39nQMwv8b8c6bjp13s0LNg";

fn main() {
    requests();
    responses();
    feed();
}

fn requests() {
    let body = b"grant_type=client_credentials&scope=orders%3Aread+orders%3Awrite";
    report("token request", || {
        let form = Form::parse_allowing(black_box(body), REPEATABLE);
        black_box(form.is_ok_and(|form| TokenRequest::parse(&form).is_ok()));
    });
    let header = basic_authorization("c_0123456789abcdef", &Secret::from(SECRET));
    let Ok(form) = Form::parse(b"") else { return };
    report("client_secret_basic", || {
        black_box(ClientAuthentication::parse([black_box(header.expose()).as_bytes()], &form).is_ok());
    });
    let header = format!("Bearer {SECRET}");
    report("bearer", || {
        black_box(BearerToken::parse([black_box(&header).as_bytes()]).is_ok());
    });
    let (Ok(left), Ok(right)) = (ScopeSet::parse("a b c d e f g h"), ScopeSet::parse("b d f h")) else { return };
    report("scope intersection", || {
        black_box(black_box(&left).intersection(black_box(&right)));
    });
}

fn responses() {
    let scope = ScopeSet::parse("orders:read orders:write").ok();
    let mut out = Vec::with_capacity(1024);
    let response = TokenResponse {
        access_token: SECRET,
        token_type: TokenType::Bearer,
        expires_in_seconds: 3600,
        scope: scope.as_ref(),
        refresh_token: None,
        id_token: None,
    };
    report("token response", || {
        out.clear();
        black_box(&response).write_json(&mut out);
        black_box(&out);
    });
    let active = IntrospectionResponse::Active(ActiveToken {
        scope,
        client_id: Some("c_0123456789abcdef".into()),
        token_type: Some("Bearer".into()),
        exp: Some(1_900_000_000),
        iat: Some(1_899_996_400),
        sub: Some("c_0123456789abcdef".into()),
        aud: vec!["https://orders.example".into()],
        iss: Some("https://id.example".into()),
        jti: Some("0123456789abcdef0123456789abcdef".into()),
        ver: Some(1),
        ..ActiveToken::default()
    });
    report("introspection response", || {
        out.clear();
        black_box(&active).write_json(&mut out);
        black_box(&out);
    });
    let json = active.to_json();
    report("introspection response read", || {
        black_box(IntrospectionResponse::parse(black_box(&json)).is_ok());
    });
}

fn feed() {
    let Ok(Cursor { incarnation, .. }) = Cursor::parse("1.1") else { return };
    let change = Change::TokenRevoked { id: TokenId::from_bytes([0x5a; 16]), until_seconds: 1_900_000_000 };
    let event = FeedEvent::Narrowing { incarnation, narrowing: Narrowing { sequence: 1, at_micros: 1_899_996_400_000_000, change } };
    report("feed event printed", || {
        black_box(black_box(&event).to_bytes());
    });
    let (bytes, mut events) = (event.to_bytes(), Vec::new());
    let mut parser = FeedParser::new();
    report("feed event read", || {
        events.clear();
        black_box(parser.feed(black_box(&bytes), &mut events).is_ok());
    });
}

/// The best of several rounds, so that other work on the machine weighs little.
fn report(name: &str, mut work: impl FnMut()) {
    let mut rounds = 1;
    while time(rounds, &mut work) < Duration::from_millis(20) {
        rounds *= 2;
    }
    let best = (0..9).map(|_| time(rounds, &mut work)).min().unwrap_or_default();
    println!("{name:<28} {:>12.1} ns", best.as_secs_f64() * 1e9 / f64::from(rounds));
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn time(rounds: u32, work: &mut impl FnMut()) -> Duration {
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        work();
    }
    start.elapsed()
}
