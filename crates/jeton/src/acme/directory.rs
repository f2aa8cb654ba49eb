//! What is said to an authority's directory: the account, the order, and what its refusals mean for people.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Limited;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error, HttpClient, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, Problem, RetryPolicy,
};
use jeton_http::guarded::cause;
use zeroize::Zeroizing;

use super::challenges::Challenges;
use crate::acme_settings::AcmeSettings;
use crate::https;
use crate::render::text::shown;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// How long an order may take, with all that is asked for it.
const ORDER: Duration = Duration::from_secs(300);

/// How long a state of the order may stay the same.
const STATE: Duration = Duration::from_secs(90);

/// More is no answer of a directory.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// As much of what an authority says as is worth reading.
const SAID_MAX: usize = 600;

/// Why there is no certificate, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) sentence: String,
    pub(super) hint: String,
}

/// An account, and what is to be kept of one that was made now.
type Opened = (Account, Option<Zeroizing<Vec<u8>>>);

/// Opens the account that is kept, or makes one.
pub(super) async fn account(settings: &AcmeSettings, kept: Option<&[u8]>) -> Result<Opened, Refused> {
    let client = || Client::new(settings).map(|client| Account::builder_with_http(Box::new(client)));
    if let Some(credentials) = kept.and_then(|kept| serde_json::from_slice(kept).ok()) {
        let account = client()?.from_credentials(credentials).await.map_err(|error| refused(&error))?;
        return Ok((account, None));
    }
    let contact = settings.contact.as_ref().map(|contact| format!("mailto:{contact}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let asked = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let made = client()?.create(&asked, settings.directory.clone(), None).await;
    let (account, credentials) = made.map_err(|error| refused(&error))?;
    let kept = serde_json::to_vec(&credentials).map_err(|error| Refused::of(&error))?;
    Ok((account, Some(Zeroizing::new(kept))))
}

/// Orders a certificate for the name: its new private key, and after it the certificate with its chain, in PEM.
pub(super) async fn order(account: &Account, name: &str, challenges: &Challenges) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let ordered = tokio::time::timeout(ORDER, issue(account, name, challenges)).await;
    ordered.unwrap_or_else(|_| Err(refused(&Error::Timeout(None))))
}

async fn issue(account: &Account, name: &str, challenges: &Challenges) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let failed = |error: Error| refused(&error);
    let names = [Identifier::Dns(name.to_owned())];
    let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(failed)?;
    let patience = RetryPolicy::new().timeout(STATE);
    let mut answering = None;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(failed)?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization.challenge(ChallengeType::Http01).ok_or_else(|| Refused {
            sentence: format!("the authority does not ask over HTTP whether {name} is this server"),
            hint: "choose an authority with the challenge http-01; a name with * is certified by none in that way".to_owned(),
        })?;
        answering = Some(challenges.answer(&challenge.token, challenge.key_authorization().as_str()));
        challenge.set_ready().await.map_err(failed)?;
    }
    let status = order.poll_ready(&patience).await.map_err(failed)?;
    drop(answering);
    if status == OrderStatus::Invalid {
        return Err(why_invalid(&mut order).await);
    }
    let key = Zeroizing::new(order.finalize().await.map_err(failed)?);
    let chain = order.poll_certificate(&patience).await.map_err(failed)?;
    Ok(Zeroizing::new([key.as_bytes(), chain.as_bytes()].join(&b'\n')))
}

/// The order only says that it failed; its challenge says why.
async fn why_invalid(order: &mut Order) -> Refused {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { break };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone()) {
            return refused(&Error::Api(problem));
        }
    }
    Refused { sentence: "the authority gave the order up, and did not say why".to_owned(), hint: UNREACHED.to_owned() }
}

const UNREACHED: &str = "the authority fetches http://NAME/.well-known/acme-challenge/… from port 80, NAME being the issuer's host: let its name \
                         lead to this machine, and port 80 to `acme_listen`";

fn refused(error: &Error) -> Refused {
    match error {
        Error::Api(problem) => {
            Refused { sentence: format!("the authority refused: {}", said(&problem.to_string())), hint: hint(problem).to_owned() }
        }
        Error::Timeout(_) => Refused {
            sentence: "the authority did not come to an end in time".to_owned(),
            hint: "the next attempt comes by itself".to_owned(),
        },
        Error::Other(error) => unreached(&**error),
        error => Refused {
            sentence: format!("the directory does not answer as one does: {}", said(&error.to_string())),
            hint: "look whether `acme_directory` is the URL of a directory (RFC 8555)".to_owned(),
        },
    }
}

fn unreached(error: &(dyn StdError + 'static)) -> Refused {
    match https::tls_error(error) {
        Some(problem) => Refused {
            sentence: format!("the certificate of the directory is not accepted: {}", said(&problem.to_string())),
            hint: "where its authority is one of your own, name the file of that authority with `acme_ca_file`".to_owned(),
        },
        None => Refused {
            sentence: format!("the directory cannot be reached: {}", said(&cause(error))),
            hint: "look at `acme_directory`, and whether this machine reaches it".to_owned(),
        },
    }
}

/// What to do about a problem (RFC 8555 section 6.7).
fn hint(problem: &Problem) -> &'static str {
    let kind = problem.r#type.as_deref().and_then(|kind| kind.rsplit(':').next()).unwrap_or_default();
    match kind {
        "connection" | "dns" | "unauthorized" | "incorrectResponse" | "tls" => UNREACHED,
        "caa" => "the name's CAA records forbid this authority: change them, or choose another",
        "rateLimited" => "the authority counts what is asked for a name: wait; the next attempt comes by itself",
        "rejectedIdentifier" | "unsupportedIdentifier" => "the authority certifies no such name: look at the host of `issuer`",
        "invalidContact" | "unsupportedContact" => "put `acme_contact` right, or remove it",
        "externalAccountRequired" => "this authority wants accounts that are made beforehand, which Jeton does not do: choose another",
        "accountDoesNotExist" => "remove jeton.acme-account from the data folder: a new account is made",
        "userActionRequired" => "the authority wants its terms to be agreed to anew: follow what it says",
        _ => "look at what the authority says; the next attempt comes by itself",
    }
}

/// What others say, as a log can show it.
fn said(text: &str) -> String {
    shown(text).chars().take(SAID_MAX).collect()
}

impl Refused {
    /// What should not happen.
    pub(super) fn of(error: &dyn std::fmt::Display) -> Refused {
        let sentence = format!("what the authority issued cannot be used: {}", said(&error.to_string()));
        Refused { sentence, hint: "the next attempt comes by itself; choose another authority where it stays so".to_owned() }
    }
}

/// Asks over TLS, within bounds of time and size.
struct Client(legacy::Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

impl Client {
    fn new(settings: &AcmeSettings) -> Result<Client, Refused> {
        let connector = https::connector(settings.ca_file.as_deref()).map_err(|sentence| Refused {
            sentence,
            hint: "`acme_ca_file` names one in PEM; without it, whom this machine trusts is trusted (`ca-certificates`)".to_owned(),
        })?;
        Ok(Client(legacy::Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl HttpClient for Client {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let answer = self.0.request(request);
        Box::pin(async move {
            let answer = tokio::time::timeout(ANSWER, answer).await.map_err(|_| Error::Timeout(None))?;
            let answer = answer.map_err(|error| Error::Other(Box::new(error)))?;
            Ok(BytesResponse::from(answer.map(|body| Limited::new(body, BODY_BYTES_MAX))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, detail: &str, sentence: &str, hint: &str) {
        let problem = serde_json::json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail });
        let refused = refused(&Error::Api(serde_json::from_value(problem).unwrap()));
        assert!(refused.sentence.contains(sentence), "{refused:?}");
        assert!(refused.hint.contains(hint), "{refused:?}");
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        check("connection", "no route", "no route", "port 80");
        check("unauthorized", "404", "404", "`acme_listen`");
        check("rateLimited", "too many", "too many", "wait");
        check("rejectedIdentifier", "no", "no", "`issuer`");
        check("invalidContact", "no", "no", "`acme_contact`");
        check("externalAccountRequired", "no", "no", "choose another");
        check("somethingNew", "no", "no", "by itself");
    }

    #[test]
    fn what_an_authority_says_steers_no_terminal_and_is_no_flood() {
        let loud = format!("\u{1b}[31m\u{202e}{}", "a".repeat(1024 * 1024));
        let problem = serde_json::json!({ "type": "x", "detail": loud });
        let refused = refused(&Error::Api(serde_json::from_value(problem).unwrap()));
        assert!(refused.sentence.len() < 1_000 && !refused.sentence.contains(['\u{1b}', '\u{202e}']));
    }
}
