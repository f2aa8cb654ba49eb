//! An authenticator in software: it makes a passkey on the page that asks for one, and shows it on the page where people sign in. What it says can
//! be changed in one thing at a time.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{RsaSize, SigningKey};
use serde_json::{Map, Value, json};

use super::browser::{Arrived, Browser, Page, attribute};

/// The flags that it sets: somebody was present, and was verified.
pub const PRESENT_AND_VERIFIED: u8 = 0x05;
/// What it made is told, too.
const WITH_CREDENTIAL: u8 = 0x40;

/// Somebody's authenticator, with one passkey.
pub struct Authenticator {
    algorithm: Algorithm,
    key: SigningKey,
    /// What it calls the passkey.
    pub credential: Vec<u8>,
    /// What it calls the person.
    pub handle: Vec<u8>,
    /// How often it signed.
    pub counter: u32,
}

/// What it says, before it is signed.
pub struct Said {
    /// What the browser says of the page.
    pub client_data: Map<String, Value>,
    /// The server that it is for.
    pub server: String,
    /// The flags.
    pub flags: u8,
    /// How often it signed.
    pub counter: u32,
    /// What stands behind these.
    pub rest: Vec<u8>,
    /// What it calls the passkey, and the person.
    pub credential: Vec<u8>,
    /// What it calls the person.
    pub handle: Vec<u8>,
}

/// What was asked for on a page.
struct Asking {
    challenge: String,
    server: String,
    handle: Vec<u8>,
}

impl Authenticator {
    /// A new one, whose passkey signs so.
    ///
    /// # Panics
    /// Where it has no such keys.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Authenticator {
        let key = match algorithm {
            Algorithm::Rs256 => SigningKey::generate_rsa(algorithm, RsaSize::Bits2048),
            _ => SigningKey::generate(algorithm),
        };
        let key = key.expect("a key");
        let credential = digest(&SHA256, key.key_id().as_bytes()).as_ref().to_vec();
        Authenticator { algorithm, key, credential, handle: Vec::new(), counter: 0 }
    }

    /// The public key, as it is written (RFC 9052 section 7).
    fn public_key(&self) -> Vec<u8> {
        let jwk: Value = serde_json::from_str(&self.key.to_jwk().expect("a public key").to_json()).expect("a document");
        let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a number")).expect("base64url");
        match self.algorithm {
            Algorithm::Es256 => {
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], &number("x")[..], &[0x22, 0x58, 32], &number("y")].concat()
            }
            Algorithm::Rs256 => [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0], &number("n")[..], &[0x21, 0x43], &number("e")].concat(),
            _ => [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32], &number("x")[..]].concat(),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(message).expect("a signature");
        if self.algorithm != Algorithm::Es256 {
            return signature;
        }
        // Two integers in ASN.1.
        let integer = |number: &[u8]| {
            let short: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
            let sign = short.first().is_some_and(|first| *first >= 0x80).then_some(0);
            let number: Vec<u8> = sign.into_iter().chain(short).collect();
            [&[2, u8::try_from(number.len()).expect("short")], &number[..]].concat()
        };
        let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
        [&[0x30, u8::try_from(both.len()).expect("short")], &both[..]].concat()
    }

    fn say(&mut self, kind: &str, asked: &Asking, origin: &str) -> Said {
        self.counter += 1;
        let client_data = json!({"type": kind, "challenge": asked.challenge, "origin": origin, "crossOrigin": false});
        Said {
            client_data: client_data.as_object().expect("members").clone(),
            server: asked.server.clone(),
            flags: PRESENT_AND_VERIFIED,
            counter: self.counter,
            rest: Vec::new(),
            credential: self.credential.clone(),
            handle: self.handle.clone(),
        }
    }

    /// The fields of the form by which what it made is added.
    fn made(&mut self, page: &Page, origin: &str, change: impl FnOnce(&mut Said)) -> Vec<(&'static str, String)> {
        let asked = Asking::of(page);
        self.handle = asked.handle.clone();
        let mut said = self.say("webauthn.create", &asked, origin);
        said.flags |= WITH_CREDENTIAL;
        let length = u16::try_from(self.credential.len()).expect("short").to_be_bytes();
        said.rest = [&[0; 16][..], &length, &self.credential, &self.public_key()].concat();
        change(&mut said);
        let data = said.authenticator_data();
        // {"fmt": "none", "attStmt": {}, "authData": …}, its length as short as can be.
        let length = u16::try_from(data.len()).expect("short");
        let length = u8::try_from(length).map_or_else(|_| [&[0x59], &length.to_be_bytes()[..]].concat(), |length| vec![0x58, length]);
        let attestation = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData", &length[..], &data].concat();
        vec![("client_data", text(&said.client_data_bytes())), ("attestation", text(&attestation))]
    }

    /// The fields of the form by which it is shown.
    pub fn shown(&mut self, page: &Page, origin: &str, change: impl FnOnce(&mut Said)) -> Vec<(&'static str, String)> {
        let mut said = self.say("webauthn.get", &Asking::of(page), origin);
        change(&mut said);
        let (client_data, data) = (said.client_data_bytes(), said.authenticator_data());
        let signature = self.sign(&[&data[..], digest(&SHA256, &client_data).as_ref()].concat());
        vec![
            ("credential", text(&said.credential)),
            ("handle", text(&said.handle)),
            ("client_data", text(&client_data)),
            ("authenticator_data", text(&data)),
            ("signature", text(&signature)),
        ]
    }
}

impl Said {
    fn authenticator_data(&self) -> Vec<u8> {
        [digest(&SHA256, self.server.as_bytes()).as_ref(), &[self.flags], &self.counter.to_be_bytes(), &self.rest].concat()
    }

    fn client_data_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.client_data).expect("a document")
    }
}

impl Asking {
    fn of(page: &Page) -> Asking {
        let shown = page.answer.text();
        let form = shown.split("<form ").find(|form| form.contains("data-passkey=")).unwrap_or_else(|| panic!("no passkey: {shown}"));
        let said = |name: &str| attribute(form, name).unwrap_or_default();
        Asking {
            challenge: said("data-challenge"),
            server: said("data-server"),
            handle: URL_SAFE_NO_PAD.decode(said("data-handle")).expect("base64url"),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Browser<'_> {
    /// Adds a passkey for who is signed in here, changed in one thing, and where the browser comes to.
    pub async fn add_passkey_with(&mut self, authenticator: &mut Authenticator, name: &str, change: impl FnOnce(&mut Said)) -> Page {
        let page = self.open("/account/passkeys").await.page();
        let made = authenticator.made(&page, &self.origin(), change);
        let fields: Vec<(&str, &str)> = made.iter().map(|(name, value)| (*name, value.as_str())).chain([("name", name)]).collect();
        self.submit(&page, "/account/passkeys", None, &fields).await.page()
    }

    /// Adds a passkey for who is signed in here.
    ///
    /// # Panics
    /// Where that does not come to be.
    pub async fn add_passkey(&mut self, name: &str) -> Authenticator {
        let mut authenticator = Authenticator::new(Algorithm::Es256);
        let page = self.add_passkey_with(&mut authenticator, name, |_| {}).await;
        assert!(page.answer.text().contains(&format!("<p class=\"what\">{name}</p>")), "{}", page.answer.text());
        authenticator
    }

    /// Removes the passkey of this name, and where the browser comes to.
    ///
    /// # Panics
    /// Where there is none.
    pub async fn remove_passkey(&mut self, name: &str) -> Page {
        let page = self.open("/account/passkeys").await.page();
        let shown = page.answer.text();
        let (_, rest) = shown.split_once(&format!("<p class=\"what\">{name}</p>")).unwrap_or_else(|| panic!("no {name}: {shown}"));
        let (_, rest) = rest.split_once("name=\"remove\" value=\"").expect("a button");
        let id = rest.split('"').next().unwrap_or_default();
        let form = page.form("/account/passkeys").fields.into_iter().find(|(name, _)| name == "form").expect("a token").1;
        let body = jeton_oauth::form::encode([("form", form.as_str()), ("remove", id)]);
        self.post("/account/passkeys", &body).await.page()
    }

    /// Shows a passkey on the page where people sign in, changed in one thing.
    pub async fn show_passkey_with(&mut self, page: &Page, authenticator: &mut Authenticator, change: impl FnOnce(&mut Said)) -> Arrived {
        let shown = authenticator.shown(page, &self.origin(), change);
        let fields: Vec<(&str, &str)> = shown.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.submit(page, "/signin/passkey", None, &fields).await
    }

    /// Shows a passkey on the page where people sign in.
    pub async fn show_passkey(&mut self, page: &Page, authenticator: &mut Authenticator) -> Arrived {
        self.show_passkey_with(page, authenticator, |_| {}).await
    }
}
