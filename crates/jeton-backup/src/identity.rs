//! Who can open a backup: age's X25519 recipients, and the identities that belong to them.

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

/// Who can open what is sealed: an `age1…` text each.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

impl Recipient {
    pub(crate) fn as_age(&self) -> &dyn age::Recipient {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Recipient, String> {
        let text = text.trim();
        if text.starts_with("AGE-SECRET-KEY-") {
            return Err("this is an identity, which opens backups: give its recipient, which starts with `age1`".into());
        }
        text.parse().map(Recipient).map_err(|_| "a recipient is one line that starts with `age1`, as `age-keygen -y` prints it".into())
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Recipient({})", self.0)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Recipient) -> bool {
        self.to_string() == other.to_string()
    }
}

/// What opens backups. Never shown, logged or stored in the clear.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// A new one.
    #[must_use]
    pub fn generate() -> Identity {
        Identity(age::x25519::Identity::generate())
    }

    /// Who seals for it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// The text `AGE-SECRET-KEY-1…`, for the one place where it is shown or sealed.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Reads an identity file as `age-keygen` writes it: comments, and one line with the identity.
    ///
    /// # Errors
    /// In words; what the file holds is not repeated. How an identity begins is not written whole, or it would be taken for one that leaked.
    pub fn from_file_text(text: &str) -> Result<Identity, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err("an identity file has one line that starts with `AGE-SECRET-KEY-`, and comments beside it".into());
        };
        line.parse()
            .map(Identity)
            .map_err(|_| "there is no identity in it: a whole line that starts with `AGE-SECRET-KEY-`, as age-keygen prints it".into())
    }

    pub(crate) fn as_age(&self) -> &dyn age::Identity {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Identity(…)")
    }
}
