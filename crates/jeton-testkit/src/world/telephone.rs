//! A telephone with an application that tells codes by time.

use jeton_core::second_factor::totp::{self, SECRET_BYTES};

use super::World;
use super::browser::{Arrived, Browser, Page};

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A telephone that knows a secret.
pub struct Telephone {
    secret: [u8; SECRET_BYTES],
}

impl Telephone {
    /// It takes the secret of the page where somebody sets a second factor.
    ///
    /// # Panics
    /// Where none stands there.
    #[must_use]
    pub fn of(page: &Page) -> Telephone {
        let text = page.answer.text();
        let (_, rest) = text.split_once("<code id=\"secret\">").unwrap_or_else(|| panic!("no secret in {text}"));
        let typed = rest.split('<').next().unwrap_or_default().replace(' ', "");
        let (mut number, mut bits, mut bytes) = (0_u64, 0, Vec::new());
        for letter in typed.chars() {
            number = number << 5 | LETTERS.find(letter).expect("a letter of base32") as u64;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from(number >> bits & 0xff).expect("a byte"));
            }
        }
        Telephone { secret: bytes.try_into().expect("a secret") }
    }

    /// The code that it tells so many seconds from now.
    #[must_use]
    pub fn code(&self, world: &World, after_seconds: i64) -> String {
        self.code_at(world.moment().now.seconds() + after_seconds)
    }

    /// The code that it tells at a time, in seconds since 1970.
    #[must_use]
    pub fn code_at(&self, seconds: i64) -> String {
        let step = totp::step_of(seconds);
        String::from_utf8(totp::code(&self.secret, step).to_vec()).expect("digits")
    }
}

impl Browser<'_> {
    /// Sets a second factor for who is signed in here: their telephone, and their recovery codes.
    ///
    /// # Panics
    /// Where that does not come to be.
    pub async fn set_second_factor(&mut self, world: &World) -> (Telephone, Vec<String>) {
        let page = self.open("/account/second-factor").await.page();
        let telephone = Telephone::of(&page);
        let filled = [("code", telephone.code(world, 0))];
        let filled = filled.each_ref().map(|(name, value)| (*name, value.as_str()));
        let sheet = self.submit(&page, "/account/second-factor", None, &filled).await.page();
        assert_eq!(sheet.heading(), "Your recovery codes", "{}", sheet.answer.text());
        let text = sheet.answer.text();
        let codes = text.split("<li><code>").skip(1).filter_map(|rest| rest.split('<').next());
        (telephone, codes.map(str::to_owned).collect())
    }

    /// Shows a code on the page that asks for the second factor.
    pub async fn show_code(&mut self, page: &Page, code: &str) -> Arrived {
        self.submit(page, "/signin/second-factor", None, &[("code", code)]).await
    }
}
