//! Signing in by a browser on this machine (RFC 8252): the answer comes to a port that nobody else has, and a code without what is kept here is
//! of no use (RFC 7636).

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_oauth::token::{GrantType, ReceivedToken};
use jeton_oauth::{Form, Issuer, form, pkce};
use jeton_token::Secret;

use super::Asked;
use super::discovery::Endpoints;
use crate::commands::connection::Connection;
use crate::commands::failure::Failure;
use crate::commands::token_endpoint;
use crate::dice::seed;
use crate::render::text::shown;

/// How long somebody may take to sign in.
const WAIT: Duration = Duration::from_secs(600);

/// How long a browser may take to say where it goes, and the most of it that is read, in bytes.
const REQUEST: Duration = Duration::from_secs(10);
const REQUEST_BYTES_MAX: u64 = 16 * 1024;

const CALLBACK: &str = "/callback";

/// What opens an address here.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// What is expected of the answer.
struct Expected {
    issuer: String,
    state: Secret,
}

/// What came.
enum Came {
    Code(Secret),
    /// Why there is no code.
    Refused(String),
    /// Of another server (RFC 9207 section 2.4).
    FromElsewhere,
}

/// Lets somebody sign in, and comes back with their tokens.
///
/// # Errors
/// When they do not, or say no.
pub(crate) fn sign_in(
    server: &Issuer,
    endpoints: &Endpoints,
    connection: &Connection,
    asked: &Asked,
    opens_browser: bool,
) -> Result<ReceivedToken, Failure> {
    let path =
        endpoints.authorization.as_deref().ok_or_else(|| Failure::could_not(format!("{server} has no page to sign in"), "try --device"))?;
    let no_port = |error: io::Error| Failure::could_not(format!("no port of this machine can be listened on: {error}"), "try --device");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
    let redirect_uri = format!("http://{}{CALLBACK}", listener.local_addr().map_err(no_port)?);
    let (state, verifier) = (drawn(), drawn());
    let challenge =
        pkce::Verifier::parse(verifier.expose()).map_err(|error| Failure::could_not(error.to_string(), "try again"))?.challenge();
    let challenge = challenge.to_text();
    let mut parameters = asked.parameters();
    parameters.extend([
        ("response_type", "code"),
        ("redirect_uri", redirect_uri.as_str()),
        ("state", state.expose()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", pkce::METHOD),
    ]);
    show(&format!("{}?{}", server.endpoint(path), form::encode(parameters)), opens_browser);
    let code = answer(listener, Expected { issuer: endpoints.issuer.clone(), state })?;
    let grant = [
        ("grant_type", GrantType::AuthorizationCode.as_str()),
        ("code", code.expose()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", verifier.expose()),
    ];
    Ok(token_endpoint::ask(connection, &endpoints.token, &asked.at_token_endpoint(&grant))?)
}

fn drawn() -> Secret {
    Secret::from(URL_SAFE_NO_PAD.encode(seed()))
}

/// Shows an address, and opens it where that can be done.
fn show(address: &str, opens_browser: bool) {
    // As it stands: folded it would be another. There is nowhere left to say that it could not be said.
    let _ = writeln!(anstream::stderr(), "Open this address in a browser on this machine, and sign in:\n\n{address}\n");
    if opens_browser {
        let quiet = || Stdio::null();
        // Where there is none, somebody opens it.
        drop(Command::new(OPENER).arg(address).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn());
    }
}

/// Waits for the answer: whoever comes with another state is sent away, and does not end it.
fn answer(listener: TcpListener, expected: Expected) -> Result<Secret, Failure> {
    let (sender, receiver) = mpsc::channel();
    let expected = Arc::new(expected);
    thread::spawn(move || {
        // A browser may connect ahead of time, and say nothing.
        for stream in listener.incoming().map_while(Result::ok) {
            let (expected, sender) = (expected.clone(), sender.clone());
            thread::spawn(move || hear(stream, &expected, &sender));
        }
    });
    match receiver.recv_timeout(WAIT) {
        Ok(Came::Code(code)) => Ok(code),
        Ok(Came::Refused(why)) => {
            Err(Failure::no(format!("nobody was signed in: {why}"), "look at --client, --audience and --scope, and at who signs in"))
        }
        Ok(Came::FromElsewhere) => Err(Failure::could_not(
            "the answer came from another server: somebody may have mixed them up",
            "sign in again, by the address that is shown",
        )),
        Err(_) => Err(Failure::sign_in("nobody signed in within ten minutes", "try again; on a machine without a browser: --device")),
    }
}

fn hear(stream: TcpStream, expected: &Expected, sender: &Sender<Came>) -> Option<()> {
    stream.set_read_timeout(Some(REQUEST)).ok()?;
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().ok()?.take(REQUEST_BYTES_MAX));
    reader.read_line(&mut line).ok()?;
    // The rest is read, so that the browser is not cut off before it hears the answer.
    while reader.read_line(&mut String::new()).ok()? > 2 {}
    let came = came(&line, expected);
    let (status, sentence) = match &came {
        Some(Came::Code(_)) => ("200 OK", "Jeton has what it waited for. Go back to the terminal; this page can be closed."),
        Some(_) => ("200 OK", "Nobody was signed in. Go back to the terminal, which says why; this page can be closed."),
        None => ("404 Not Found", "There is nothing here: sign in by the address that the terminal shows."),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{sentence}\n",
        sentence.len() + 1
    );
    // Whoever does not wait for it has sent what counts.
    let _ = (&stream).write_all(answer.as_bytes());
    sender.send(came?).ok()
}

/// What a request says; `None`: it is not the answer.
fn came(line: &str, expected: &Expected) -> Option<Came> {
    let query = line.strip_prefix("GET ")?.split(' ').next()?.strip_prefix(CALLBACK)?.strip_prefix('?')?;
    let form = Form::parse(query.as_bytes()).ok()?;
    if Secret::from(form.get("state")?) != expected.state {
        return None;
    }
    if form.get("iss") != Some(&expected.issuer) {
        return Some(Came::FromElsewhere);
    }
    match (form.get("code"), form.get("error")) {
        (Some(code), None) => Some(Came::Code(Secret::from(code))),
        (_, Some(error)) => Some(Came::Refused(match form.get("error_description") {
            Some(description) => format!("{}: {}", shown(error), shown(description)),
            None => shown(error),
        })),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let known = Expected { issuer: "https://a.example".to_owned(), state: Secret::from("s") };
        let came = match came(line, &known) {
            Some(Came::Code(code)) => format!("code {}", code.expose()),
            Some(Came::Refused(why)) => why,
            Some(Came::FromElsewhere) => "from elsewhere".to_owned(),
            None => "nothing".to_owned(),
        };
        assert_eq!(came, expected, "{line}");
    }

    #[test]
    fn an_answer_has_the_state_and_comes_from_the_server() {
        let of = "iss=https%3A%2F%2Fa.example";
        check(&format!("GET /callback?code=c&state=s&{of} HTTP/1.1\r\n"), "code c");
        check(&format!("GET /callback?error=access_denied&state=s&{of} HTTP/1.1\r\n"), "access_denied");
        check(&format!("GET /callback?error=x&error_description=no+%1b%5b&state=s&{of} HTTP/1.1\r\n"), "x: no \u{fffd}[");
        check("GET /callback?code=c&state=s HTTP/1.1\r\n", "from elsewhere");
        check("GET /callback?code=c&state=s&iss=https%3A%2F%2Fb.example HTTP/1.1\r\n", "from elsewhere");
        for line in [
            format!("GET /callback?code=c&state=other&{of} HTTP/1.1\r\n"),
            format!("GET /callback?code=c&{of} HTTP/1.1\r\n"),
            format!("GET /callback?code=c&state=s&state=s&{of} HTTP/1.1\r\n"),
            format!("GET /callback?state=s&{of} HTTP/1.1\r\n"),
            format!("POST /callback?code=c&state=s&{of} HTTP/1.1\r\n"),
            format!("GET /other?code=c&state=s&{of} HTTP/1.1\r\n"),
            "GET / HTTP/1.1\r\n".to_owned(),
            String::new(),
        ] {
            check(&line, "nothing");
        }
    }
}
