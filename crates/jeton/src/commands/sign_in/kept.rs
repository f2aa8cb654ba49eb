//! What is kept of a sign-in: who it was, by which client, and the tokens.

use jeton_oauth::token::ReceivedToken;
use jeton_token::Secret;
use zeroize::Zeroizing;

/// How long a token must be good for to be handed out, in seconds: it is used after that.
const LEFT_SECONDS: i64 = 60;

/// How long one lives of which nobody says so, in seconds.
const UNSAID_SECONDS: u64 = 300;

/// Room for all of it, so that no copy is left behind while it grows.
const BYTES: usize = 64 * 1024;

/// A sign-in.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) client: String,
    /// Who it is, by id.
    pub(crate) subject: String,
    /// The APIs that were asked for, by audience.
    pub(crate) audiences: Vec<String>,
    /// Where tokens are got and ended, from the issuer's path on.
    pub(crate) token_path: String,
    pub(crate) revocation_path: Option<String>,
    pub(crate) refresh_token: Option<Secret>,
    tokens: Vec<AccessToken>,
}

/// An access token of it.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    audience: String,
    pub(crate) text: Secret,
    pub(crate) scope: Option<String>,
    /// In seconds.
    pub(crate) ends_at: i64,
}

impl SignIn {
    /// Of nobody yet.
    pub(crate) fn new(client: String, audiences: Vec<String>, token_path: String, revocation_path: Option<String>) -> SignIn {
        SignIn { client, subject: String::new(), audiences, token_path, revocation_path, refresh_token: None, tokens: vec![] }
    }

    /// The token for an API that is good for a while.
    pub(crate) fn good(&self, audience: &str, now_seconds: i64) -> Option<&AccessToken> {
        self.tokens.iter().find(|token| token.audience == audience && token.ends_at - now_seconds > LEFT_SECONDS)
    }

    /// Those that have not expired.
    pub(crate) fn access_tokens(&self, now_seconds: i64) -> impl Iterator<Item = &AccessToken> {
        self.tokens.iter().filter(move |token| token.ends_at > now_seconds)
    }

    /// Takes over what the server answered; what is `kept` is handed out again.
    pub(crate) fn take(&mut self, received: &ReceivedToken, audience: &str, is_kept: bool, now_seconds: i64) -> AccessToken {
        let life = i64::try_from(received.expires_in_seconds.unwrap_or(UNSAID_SECONDS)).unwrap_or(i64::MAX);
        let token = AccessToken {
            audience: audience.to_owned(),
            text: received.access_token.clone(),
            scope: received.scope.as_ref().map(|scope| scope.as_str().to_owned()),
            ends_at: now_seconds.saturating_add(life),
        };
        self.tokens.retain(|known| known.audience != audience && known.ends_at > now_seconds);
        if is_kept {
            self.tokens.push(token.clone());
        }
        if let Some(refresh_token) = &received.refresh_token {
            self.refresh_token = Some(refresh_token.clone());
        }
        token
    }

    /// As it is sealed: a line each, in memory that is overwritten. None of it has a space in it but scopes, which come last.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(BYTES));
        let mut line = |name: &str, parts: &[&str]| {
            text.push_str(name);
            for part in parts {
                text.push(' ');
                text.push_str(part);
            }
            text.push('\n');
        };
        line("client", &[&self.client]);
        line("subject", &[&self.subject]);
        line("token_path", &[&self.token_path]);
        self.revocation_path.iter().for_each(|path| line("revocation_path", &[path]));
        self.audiences.iter().for_each(|audience| line("audience", &[audience]));
        self.refresh_token.iter().for_each(|token| line("refresh_token", &[token.expose()]));
        for AccessToken { audience, text, scope, ends_at } in &self.tokens {
            line("token", &[&ends_at.to_string(), audience, text.expose(), scope.as_deref().unwrap_or_default()]);
        }
        text
    }

    /// Reads that; `None`: it is something else.
    pub(crate) fn from_text(text: &str) -> Option<SignIn> {
        let mut kept = SignIn::new(String::new(), vec![], String::new(), None);
        for line in text.lines() {
            let (name, value) = line.split_once(' ')?;
            match name {
                "client" => kept.client = value.to_owned(),
                "subject" => kept.subject = value.to_owned(),
                "token_path" => kept.token_path = value.to_owned(),
                "revocation_path" => kept.revocation_path = Some(value.to_owned()),
                "audience" => kept.audiences.push(value.to_owned()),
                "refresh_token" => kept.refresh_token = Some(value.into()),
                "token" => kept.tokens.push(AccessToken::from_text(value)?),
                // Of a later version.
                _ => {}
            }
        }
        (!kept.client.is_empty() && kept.token_path.starts_with('/')).then_some(kept)
    }
}

impl AccessToken {
    fn from_text(text: &str) -> Option<AccessToken> {
        let mut parts = text.splitn(4, ' ');
        let (ends_at, audience, text) = (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?.into());
        Some(AccessToken { audience, text, scope: parts.next().filter(|scope| !scope.is_empty()).map(str::to_owned), ends_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(token: &str, scope: &str) -> ReceivedToken {
        let body =
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600,"scope":"{scope}","refresh_token":"r-{token}"}}"#);
        ReceivedToken::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_kept_comes_back() {
        let mut kept = SignIn::new("client_1".to_owned(), vec!["urn:a".to_owned(), "urn:b".to_owned()], "/oauth/token".to_owned(), None);
        kept.subject = "user_1".to_owned();
        kept.take(&received("one", "a b"), "urn:a", true, 1_000);
        kept.take(&received("two", ""), "urn:b", true, 1_100);
        kept.take(&received("three", "a"), "urn:a", false, 1_100);
        kept.take(&received("four", "a"), "urn:c", true, 1_200);
        let back = SignIn::from_text(&kept.to_text()).unwrap();
        assert_eq!(*back.to_text(), *kept.to_text());
        assert_eq!(back.refresh_token.as_ref().map(Secret::expose), Some("r-four"));
        #[track_caller]
        fn check(kept: &SignIn, audience: &str, now_seconds: i64, expected: Option<&str>) {
            assert_eq!(kept.good(audience, now_seconds).map(|token| token.text.expose()), expected);
        }
        check(&back, "urn:a", 1_200, None);
        check(&back, "urn:b", 1_639, Some("two"));
        check(&back, "urn:b", 1_640, None);
        check(&back, "urn:c", 1_200, Some("four"));
        assert!(!format!("{back:?}").contains("four"));
    }

    #[test]
    fn what_is_something_else_is_none() {
        for text in ["", "client", "client x\n", "client x\ntoken_path /t\ntoken soon a b c\n", "{}"] {
            assert!(SignIn::from_text(text).is_none(), "{text}");
        }
        assert!(SignIn::from_text("client x\ntoken_path /t\nlater on\n").is_some());
    }
}
