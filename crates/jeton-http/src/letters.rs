//! Letters as they are read: plain text, in the words of the texts' file.

use jeton_core::link::Purpose;
use jeton_core::plain;
use jeton_core::rfc3339;
use jeton_oauth::Issuer;
use jeton_service::letters::{Letter, Matter};

use crate::pages::texts::{fill, texts};

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
    let Matter::Link(purpose, link, ends_at) = &letter.matter;
    let (subject, body) = match purpose {
        Purpose::Invitation => (&texts.invitation_subject, &texts.invitation),
        Purpose::PasswordReset => (&texts.password_reset_subject, &texts.password_reset),
        Purpose::EmailVerification => (&texts.email_verification_subject, &texts.email_verification),
    };
    let (person, until) = (plain::shown(&letter.username), rfc3339::format(*ends_at));
    let until = until.replace('T', " at ").replace('Z', " UTC");
    let with = [("person", person.as_str()), ("service", service), ("link", link.expose()), ("until", &until)];
    let parts = [&texts.greeting, body, &texts.closing].map(|text| fill(text, &with));
    Written { subject: fill(subject, &with), text: Text(format!("{}\n", parts.join("\n\n"))) }
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
            assert!(text.expose().contains("2027-01-15 at 08:00:00 UTC") && lines.iter().all(|line| line.len() <= 78), "{purpose:?}");
            assert!(!text.expose().replace("ada{link}", "").contains('{'), "{purpose:?}: all is filled in");
            assert!(!format!("{text:?} {letter:?}").contains("jtn_inv_x"), "{purpose:?}");
        }
    }
}
