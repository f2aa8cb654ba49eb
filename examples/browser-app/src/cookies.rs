//! The two cookies: who is signed in, and what a browser that was sent away is about.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use http::HeaderMap;
use http::header::COOKIE;
use jeton_jose::base64url;

use crate::edge::random_bytes;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Who is signed in, by a text that says nothing.
    Session,
    /// What a browser was sent away with, sealed: strangers begin as often as they like, and nothing of it is kept here.
    Trip,
}

/// How this application's cookies are written, read and sealed.
pub(crate) struct Cookies {
    is_https: bool,
    key: RandomizedNonceKey,
}

impl Cookies {
    /// Cookies of an application that is at home there. Another start seals with another key: who is away then begins again.
    pub(crate) fn new(home: &str) -> Result<Self, String> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &random_bytes()).map_err(|_| "there is no key to seal cookies with".to_owned())?;
        Ok(Self { is_https: home.starts_with("https://"), key })
    }

    /// `__Host-`: no other host, and nothing unencrypted, can put it there. A browser takes that over https alone, so that on this machine's
    /// plain http it has no prefix.
    fn name(&self, kind: Kind) -> String {
        let name = match kind {
            Kind::Session => "shop",
            Kind::Trip => "shop-trip",
        };
        if self.is_https { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// The value of `Set-Cookie`; no seconds take it away.
    pub(crate) fn set(&self, kind: Kind, value: &str, seconds: u32) -> String {
        let secure = if self.is_https { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name(kind))
    }

    /// What a browser brought.
    pub(crate) fn get<'h>(&self, headers: &'h HeaderMap, kind: Kind) -> Option<&'h str> {
        let name = self.name(kind);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split("; ")).find_map(|pair| pair.strip_prefix(name.as_str())?.strip_prefix('='))
    }

    /// Text that only this process can read and write.
    pub(crate) fn seal(&self, text: &str) -> Option<String> {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from("trip"), &mut sealed).ok()?;
        Some(base64url::encode(&[nonce.as_ref().as_slice(), &sealed].concat()))
    }

    /// The text again; `None`: it is not of this process.
    pub(crate) fn open(&self, sealed: &str) -> Option<String> {
        let mut bytes = base64url::decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.key.open_in_place(nonce, Aad::from("trip"), sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_no_other_host_can_set_them() {
        let (far, near) = (Cookies::new("https://shop.example").unwrap(), Cookies::new("http://127.0.0.1:8422").unwrap());
        assert_eq!(far.set(Kind::Session, "x", 60), "__Host-shop=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(near.set(Kind::Trip, "", 0), "shop-trip=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b; shop=y; __Host-shop-trip=z".parse().unwrap());
        headers.append(COOKIE, "__Host-shop=x".parse().unwrap());
        assert_eq!((far.get(&headers, Kind::Session), far.get(&headers, Kind::Trip)), (Some("x"), Some("z")));
        assert_eq!((near.get(&headers, Kind::Session), near.get(&headers, Kind::Trip)), (Some("y"), None));
    }

    #[test]
    fn what_is_sealed_is_read_here_alone() {
        let (cookies, others) = (Cookies::new("https://shop.example").unwrap(), Cookies::new("https://shop.example").unwrap());
        let sealed = cookies.seal("state=1").unwrap();
        assert_eq!(cookies.open(&sealed).as_deref(), Some("state=1"));
        assert_eq!(others.open(&sealed), None);
        for wrong in ["", "AAAA", &sealed[4..], "state=1"] {
            assert_eq!(cookies.open(wrong), None, "{wrong}");
        }
        assert!(!sealed.contains("state"));
    }
}
