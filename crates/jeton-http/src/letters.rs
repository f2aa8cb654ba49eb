//! Letters as they are read: plain text, in the words of the texts' file.

use jeton_core::letter::due::{News, Thing};
use jeton_core::link::Purpose;
use jeton_core::notice::Ending;
use jeton_core::plain;
use jeton_oauth::Issuer;
use jeton_service::letters::{Letter, Matter};

use crate::pages::dates::minute;
use crate::pages::texts::{Letter as Words, fill, texts};

/// How much of a name stands in a line of a letter, in characters.
const NAME_CHARACTERS: usize = 60;

/// A letter, written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it is about: one line of ASCII, with nothing in it that anybody else chose.
    pub subject: String,
    /// The text: a secret where there is a link in it.
    pub text: Text,
}

/// The text of a letter. It shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The text, for whoever sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Text(…)")
    }
}

/// Writes a letter of this issuer.
#[must_use]
pub fn write(letter: &Letter, issuer: &Issuer) -> Written {
    let texts = &texts().letter;
    let service = issuer.origin().split_once("://").map_or("", |(_, host)| host);
    let (person, account) = (plain::shown(&letter.username), format!("{}/account", issuer.as_str().trim_end_matches('/')));
    let all = [("person", person.as_str()), ("service", service), ("account", &account)];
    let (subject, body) = match &letter.matter {
        Matter::Link(purpose, link, ends_at) => {
            let (subject, body) = of_link(texts, *purpose);
            (subject, fill(body, &[&all[..], &[("link", link.expose()), ("until", &when(*ends_at))]].concat()))
        }
        Matter::News(news, thing, name) => {
            let thing = thing.as_ref().map(|thing| named(texts, thing, name.as_deref()));
            let (subject, body) = of_news(texts, *news, thing.is_some());
            let (days, until) = match news {
                News::Ends { days, at } => (fill(&texts.days, &[("count", &days.to_string())]), when(*at)),
                News::Leaked | News::Suspended | News::PasswordSet | News::SecondFactorReset | News::PasskeyAdded | News::PasskeyReset => {
                    (String::new(), String::new())
                }
            };
            let thing = thing.unwrap_or_default();
            (subject, fill(body, &[&all[..], &[("thing", thing.as_str()), ("days", &days), ("until", &until)]].concat()))
        }
    };
    let text = [fill(&texts.greeting, &all), body, fill(&texts.closing, &all)].join("\n\n");
    Written { subject: fill(subject, &all), text: Text(format!("{text}\n")) }
}

fn of_link(texts: &Words, purpose: Purpose) -> (&str, &str) {
    match purpose {
        Purpose::Invitation => (&texts.invitation_subject, &texts.invitation),
        Purpose::PasswordReset => (&texts.password_reset_subject, &texts.password_reset),
        Purpose::EmailVerification => (&texts.email_verification_subject, &texts.email_verification),
    }
}

fn of_news(texts: &Words, news: News, is_of_a_thing: bool) -> (&str, &str) {
    match (news, is_of_a_thing) {
        (News::Ends { days: 1, .. }, _) => (&texts.ends_subject, &texts.ends_tomorrow),
        (News::Ends { .. }, _) => (&texts.ends_subject, &texts.ends),
        (News::Leaked, _) => (&texts.leaked_subject, &texts.leaked),
        (News::Suspended, true) => (&texts.suspended_subject, &texts.suspended),
        (News::Suspended, false) => (&texts.account_suspended_subject, &texts.account_suspended),
        (News::PasswordSet, _) => (&texts.password_set_subject, &texts.password_set),
        (News::SecondFactorReset, _) => (&texts.second_factor_reset_subject, &texts.second_factor_reset),
        (News::PasskeyAdded, _) => (&texts.passkey_added_subject, &texts.passkey_added),
        (News::PasskeyReset, _) => (&texts.passkey_reset_subject, &texts.passkey_reset),
    }
}

/// What something is called: its id, and the words that somebody gave it.
fn named(texts: &Words, thing: &Thing, name: Option<&str>) -> String {
    let text = match thing.kind {
        Ending::ApiKey => &texts.api_key,
        Ending::PersonalAccessToken => &texts.personal_access_token,
        Ending::ClientSecret => &texts.client_secret,
        Ending::PolicyException => &texts.policy_exception,
    };
    let thing = fill(text, &[("id", &plain::shown(&thing.id))]);
    match name {
        Some(name) => fill(&texts.named, &[("thing", &thing), ("name", &plain::cut(name, NAME_CHARACTERS))]),
        None => thing,
    }
}

/// A time, as pages say it.
fn when(at: i64) -> String {
    minute(texts(), at)
}

#[cfg(test)]
mod tests {
    use jeton_core::id::PersonId;
    use jeton_token::Secret;

    use super::*;

    #[test]
    fn a_letter_says_whose_it_is_and_its_link_stands_alone() {
        let issuer = Issuer::parse("https://id.example:8443/a").unwrap();
        let link = "https://id.example:8443/a/link/jtn_inv_x";
        for purpose in Purpose::ALL {
            let letter = Letter {
                id: "1".to_owned(),
                person: PersonId::from("user_a"),
                username: "ada{link}".into(),
                address: "ada@example.com".into(),
                matter: Matter::Link(purpose, Secret::from(link), 1_800_000_000),
            };
            let Written { subject, text } = write(&letter, &issuer);
            let lines: Vec<&str> = text.expose().lines().collect();
            assert!(subject.contains("id.example:8443") && subject.is_ascii() && !subject.contains(['\r', '\n', '{']), "{subject}");
            assert_eq!(lines.iter().filter(|line| **line == link).count(), 1, "{purpose:?}");
            assert_eq!(lines.first(), Some(&"Hello ada{link},"), "what is filled in is not read again");
            assert!(text.expose().contains("15 January 2027, 08:00 UTC") && lines.iter().all(|line| line.len() <= 78), "{purpose:?}");
            assert!(!text.expose().replace("ada{link}", "").contains('{'), "{purpose:?}: all is filled in");
            assert!(!format!("{text:?} {letter:?}").contains("jtn_inv_x"), "{purpose:?}");
        }
    }

    #[test]
    fn news_say_what_happened_to_what_and_nothing_of_a_name_is_read_again() {
        let issuer = Issuer::parse("https://id.example/a").unwrap();
        let check = |news: News, kind: Option<Ending>, needles: &[&str]| {
            let thing = kind.map(|kind| Thing { kind, id: "key_a".into() });
            let name = thing.as_ref().map(|_| format!("nightly {{until}}\r\nBcc: eve@example.org {}", "x".repeat(60)).into());
            let letter = Letter {
                id: "1".to_owned(),
                person: PersonId::from("user_a"),
                username: "ada".into(),
                address: "ada@example.com".into(),
                matter: Matter::News(news, thing, name),
            };
            let Written { subject, text } = write(&letter, &issuer);
            assert!(subject.contains("id.example") && subject.is_ascii() && !subject.contains(['\r', '\n', '{']), "{subject}");
            for needle in needles {
                assert!(text.expose().contains(needle), "{news:?}: {}", text.expose());
            }
            assert_eq!(text.expose().contains("nightly {until}"), kind.is_some());
            assert!(!text.expose().contains("\nBcc"), "{}", text.expose());
            assert!(text.expose().lines().all(|line| line.chars().count() <= 78), "{}", text.expose());
            assert!(!text.expose().replace("{until}", "").contains('{'), "all is filled in: {}", text.expose());
        };
        let key = Some(Ending::ApiKey);
        check(News::Ends { days: 30, at: 1_800_000_000 }, key, &["in 30 days", "15 January 2027, 08:00 UTC", "your API key key_a"]);
        check(News::Ends { days: 1, at: 1_800_000_000 }, Some(Ending::ClientSecret), &["in a day", "the client secret key_a"]);
        check(News::Leaked, Some(Ending::PersonalAccessToken), &["handed it in", "personal access token"]);
        check(News::Suspended, key, &["until it is resumed"]);
        check(News::Suspended, None, &["suspended your account"]);
        check(News::PasswordSet, None, &["another password counts"]);
        check(News::SecondFactorReset, None, &["https://id.example/a/account/second-factor"]);
        check(News::PasskeyAdded, None, &["https://id.example/a/account/passkeys"]);
        check(News::PasskeyReset, None, &["took all your passkeys away"]);
    }
}
