//! A flow: what somebody was about when they had to sign in first. The browser keeps it, sealed; nothing of it is in memory here, and the address
//! of a page names the flow and nothing else.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jeton_core::id::{PersonId, ProviderId};
use jeton_core::moment::Moment;
use jeton_oauth::form::Form;
use jeton_service::Service;
use jeton_service::second_factors::FirstFactor;
use jeton_service::sessions::By;

use super::cookies;

/// How long a flow is good, in seconds.
pub(super) const FLOW_SECONDS: i64 = 3_600;
/// The longest request of an application that a browser keeps, in bytes: with more the cookie would not be taken.
pub(crate) const ASKED_BYTES: usize = 2_600;
/// How much all flows of a browser may take, in bytes: with more its requests would be refused as too large.
const ALL_BYTES: usize = 7 * 1024;
/// What marks by what somebody proved who they are.
const BY_PASSWORD: u8 = b'p';
const BY_PROVIDER: u8 = b'u';
const ID_CHARACTERS: usize = 8;
const ID_LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What somebody was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    /// Its name, in the address.
    pub(super) id: FlowId,
    /// What forms of it are bound to.
    pub(super) secret: [u8; 16],
    /// When it began, in seconds.
    pub(super) begun_at: i64,
    /// What it is about.
    pub(super) about: About,
    /// What somebody proved in it who is still to show their second factor.
    pub(super) first: Option<FirstFactor>,
}

/// What somebody may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// They came to see this page of their account, which is below the issuer's path.
    Account(String),
    /// An application sent them with this request.
    Application(String),
    /// They are to type what a device shows: this stands there already.
    Typed(String),
    /// They typed what a device shows.
    Device(String),
    /// An application sent them here to sign out, with this request.
    Logout(String),
    /// Whoever has this id and is signed in connects a provider.
    Connect(String),
}

impl About {
    /// What it is marked with where a browser keeps it, and the text.
    fn parts(&self) -> (u8, &str) {
        match self {
            About::Account(page) => (b'p', page),
            About::Application(asked) => (b'a', asked),
            About::Typed(code) => (b't', code),
            About::Device(code) => (b'd', code),
            About::Logout(asked) => (b'o', asked),
            About::Connect(person) => (b'c', person),
        }
    }

    fn of_parts(mark: u8, text: &str) -> Option<About> {
        match mark {
            b'p' => Some(About::Account(text.to_owned())),
            b'a' => Some(About::Application(text.to_owned())),
            b't' => Some(About::Typed(text.to_owned())),
            b'd' => Some(About::Device(text.to_owned())),
            b'o' => Some(About::Logout(text.to_owned())),
            b'c' => Some(About::Connect(text.to_owned())),
            _ => None,
        }
    }
}

/// The name of a flow: eight letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FlowId(String);

impl FlowId {
    /// The one that an address names, as `flow`.
    pub(super) fn of_query(query: Option<&str>) -> Option<FlowId> {
        let form = Form::parse(query.unwrap_or_default().as_bytes()).ok()?;
        FlowId::parse(form.get("flow")?)
    }

    pub(super) fn parse(text: &str) -> Option<FlowId> {
        let fine = text.len() == ID_CHARACTERS && text.bytes().all(|byte| ID_LETTERS.contains(&byte));
        fine.then(|| FlowId(text.to_owned()))
    }

    fn draw(moment: &mut Moment) -> FlowId {
        let letter = |byte: u8| ID_LETTERS.get(usize::from(byte % 32)).map_or('a', |letter| char::from(*letter));
        FlowId(moment.draw::<ID_CHARACTERS>().map(letter).iter().collect())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Flow {
    /// A flow that begins now.
    pub(super) fn begin(about: About, moment: &mut Moment) -> Flow {
        Flow { id: FlowId::draw(moment), secret: moment.draw(), begun_at: moment.now.seconds(), about, first: None }
    }

    /// The flow of this name, if the browser has it and it is not over.
    pub(super) fn open(service: &Service, headers: &HeaderMap, id: &FlowId, now: i64) -> Option<Flow> {
        let name = cookies::name(service.issuer(), &format!("flow_{}", id.0));
        let flow = Flow::unseal(service, cookies::find(headers, &name)?, id)?;
        (flow.begun_at <= now && now < flow.begun_at + FLOW_SECONDS).then_some(flow)
    }

    /// The lines that give it to the browser, and take away the oldest that it has where all together would be too much.
    pub(super) fn keep(&self, service: &Service, headers: &HeaderMap, moment: &mut Moment) -> Option<Vec<String>> {
        let issuer = service.issuer();
        let value = URL_SAFE_NO_PAD.encode(service.seal_page_state(&self.to_bytes(), &context(&self.id), moment)?);
        let mut lines = crowded_out(service, headers, value.len());
        let name = cookies::name(issuer, &format!("flow_{}", self.id.0));
        lines.push(cookies::set(issuer, &name, &value, FLOW_SECONDS));
        Some(lines)
    }

    /// The line that takes it away again.
    pub(super) fn end(&self, service: &Service) -> String {
        cookies::remove(service.issuer(), &cookies::name(service.issuer(), &format!("flow_{}", self.id.0)))
    }

    fn unseal(service: &Service, value: &str, id: &FlowId) -> Option<Flow> {
        let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        Flow::from_bytes(id, &service.open_page_state(&sealed, &context(id))?)
    }

    /// What is sealed; its name is beside it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut state = self.secret.to_vec();
        state.extend_from_slice(&self.begun_at.to_be_bytes());
        let (mark, text) = self.about.parts();
        state.push(mark);
        state.extend_from_slice(&first_bytes(self.first.as_ref()));
        state.extend_from_slice(text.as_bytes());
        state
    }

    /// From what was sealed under this name.
    pub(super) fn from_bytes(id: &FlowId, state: &[u8]) -> Option<Flow> {
        let (secret, rest) = state.split_first_chunk::<16>()?;
        let (begun_at, rest) = rest.split_first_chunk::<8>()?;
        let (mark, rest) = rest.split_first()?;
        let (first, text) = first_from(rest)?;
        let about = About::of_parts(*mark, std::str::from_utf8(text).ok()?)?;
        Some(Flow { id: id.clone(), secret: *secret, begun_at: i64::from_be_bytes(*begun_at), about, first })
    }
}

/// What was proved first, behind how many bytes the name of the person has: none where nothing was.
fn first_bytes(first: Option<&FirstFactor>) -> Vec<u8> {
    let id = first.map_or("", |first| first.person.as_str()).as_bytes();
    match (first, u8::try_from(id.len())) {
        (Some(FirstFactor { at, by, .. }), Ok(length @ 1..)) => [&[length][..], id, &at.to_be_bytes(), &by_bytes(by)].concat(),
        _ => vec![0],
    }
}

/// By what, with the time that belongs to it; a provider's names behind their lengths. A subject is no longer than a length can say.
fn by_bytes(by: &By) -> Vec<u8> {
    match by {
        By::Password { set_at } => [&[BY_PASSWORD][..], &set_at.to_be_bytes()].concat(),
        By::Provider { provider, subject, authenticated_at } => {
            let mut bytes = [&[BY_PROVIDER][..], &authenticated_at.to_be_bytes()].concat();
            for text in [provider.as_str(), subject] {
                bytes.push(u8::try_from(text.len()).unwrap_or(0));
                bytes.extend_from_slice(text.as_bytes());
            }
            bytes
        }
    }
}

fn by_from(bytes: &[u8]) -> Option<(By, &[u8])> {
    let (mark, rest) = bytes.split_first()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let at = i64::from_be_bytes(*at);
    match *mark {
        BY_PASSWORD => Some((By::Password { set_at: at }, rest)),
        BY_PROVIDER => {
            let (provider, rest) = text_from(rest)?;
            let (subject, rest) = text_from(rest)?;
            let by = By::Provider { provider: ProviderId::from(provider), subject: Arc::from(subject), authenticated_at: at };
            Some((by, rest))
        }
        _ => None,
    }
}

fn text_from(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// What was proved first, and what follows it.
fn first_from(bytes: &[u8]) -> Option<(Option<FirstFactor>, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    if *length == 0 {
        return Some((None, rest));
    }
    let (person, rest) = rest.split_at_checked(usize::from(*length))?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (by, rest) = by_from(rest)?;
    let person = PersonId::from(std::str::from_utf8(person).ok()?);
    Some((Some(FirstFactor { person, at: i64::from_be_bytes(*at), by }), rest))
}

fn context(id: &FlowId) -> String {
    format!("flow {}", id.0)
}

/// The lines that take away flows of a browser until one of `length` more fits beside the rest: those that do not open first, then the oldest.
fn crowded_out(service: &Service, headers: &HeaderMap, length: usize) -> Vec<String> {
    let issuer = service.issuer();
    let prefix = cookies::name(issuer, "flow_");
    let mut kept: Vec<(i64, &str, usize)> = Vec::new();
    for (name, value) in cookies::all(headers).filter(|(name, _)| name.starts_with(&prefix)) {
        let flow = name.strip_prefix(&prefix).and_then(FlowId::parse).and_then(|id| Flow::unseal(service, value, &id));
        kept.push((flow.map_or(i64::MIN, |flow| flow.begun_at), name, name.len() + value.len()));
    }
    kept.sort_by_key(|(begun_at, ..)| *begun_at);
    let mut all = length + kept.iter().map(|(.., bytes)| bytes).sum::<usize>();
    let mut lines = Vec::new();
    for (_, name, bytes) in kept {
        if all <= ALL_BYTES {
            break;
        }
        all = all.saturating_sub(bytes);
        // The name is one that the browser sent: it goes back as it came, if it is one at all.
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            lines.push(cookies::remove(issuer, name));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_flow() {
        fn check(query: Option<&str>, expected: Option<&str>) {
            assert_eq!(FlowId::of_query(query).as_ref().map(FlowId::as_str), expected, "{query:?}");
        }
        check(Some("flow=abcdefgh"), Some("abcdefgh"));
        check(Some("x=1&flow=a2b3c4d5"), Some("a2b3c4d5"));
        check(None, None);
        check(Some(""), None);
        check(Some("flow=abcdefg"), None);
        check(Some("flow=abcdefghi"), None);
        check(Some("flow=ABCDEFGH"), None);
        check(Some("flow=abcdefg1"), None);
        check(Some("flow=abcdefgh&flow=abcdefgh"), None);
        check(Some("flow=abcdefg%3b"), None);
    }
}
