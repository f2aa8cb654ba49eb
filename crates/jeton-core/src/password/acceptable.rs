//! Which passwords are taken: long enough, not known to everybody, not the name of whom they are for. Nothing is asked of their letters
//! (NIST SP 800-63B section 3.1.1.2).

use std::fmt;

/// The fewest characters.
pub const CHARACTERS_MIN: usize = 8;
/// The most characters; and four times as many bytes.
pub const CHARACTERS_MAX: usize = 256;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// It is too short.
    Short,
    /// It is too long.
    Long,
    /// It is what the person, or this service, is called.
    Name,
    /// Others know it: it is in a list of passwords that leaked.
    Known,
}

/// Whom a password is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// What they are called.
    pub username: &'a str,
    /// Their name.
    pub name: Option<&'a str>,
    /// Where they are written to.
    pub email: Option<&'a str>,
    /// Where they sign in.
    pub issuer_host: &'a str,
}

/// Whether a password is taken for somebody. `is_known` asks a list of passwords that leaked.
///
/// # Errors
/// [`Weak`].
pub fn acceptable(password: &str, context: Context<'_>, is_known: impl FnOnce(&str) -> bool) -> Result<(), Weak> {
    let characters = password.chars().count();
    if characters < CHARACTERS_MIN {
        return Err(Weak::Short);
    }
    if characters > CHARACTERS_MAX {
        return Err(Weak::Long);
    }
    let local = |email: &str| email.split('@').next().unwrap_or_default().to_lowercase();
    let names = [Some(context.username), context.name, context.email, Some(context.issuer_host)];
    let folded = password.to_lowercase();
    let is_name = names.into_iter().flatten().map(str::to_lowercase).chain(context.email.map(local)).any(|name| name == folded);
    if is_name {
        return Err(Weak::Name);
    }
    if is_known(password) { Err(Weak::Known) } else { Ok(()) }
}

impl fmt::Display for Weak {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weak::Short => write!(formatter, "a password has at least {CHARACTERS_MIN} characters; 15 are better"),
            Weak::Long => write!(formatter, "a password has at most {CHARACTERS_MAX} characters"),
            Weak::Name => formatter.write_str("a password is not what somebody, or this service, is called"),
            Weak::Known => formatter.write_str("this password is in a list of passwords that leaked: take another"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, expected: Result<(), Weak>) {
        let context = Context {
            username: "ada-lovelace",
            name: Some("Ada Lovelace"),
            email: Some("countess@example.org"),
            issuer_host: "id.example.org",
        };
        assert_eq!(acceptable(password, context, |text| text == "password1"), expected, "{password}");
    }

    #[test]
    fn length_and_names_and_lists_decide() {
        check("1234567", Err(Weak::Short));
        check("12345678", Ok(()));
        check("ääääääää", Ok(()));
        check("äääääää", Err(Weak::Short));
        check(&"x".repeat(256), Ok(()));
        check(&"x".repeat(257), Err(Weak::Long));
        check("ADA-Lovelace", Err(Weak::Name));
        check("ada lovelace", Err(Weak::Name));
        check("Countess@example.org", Err(Weak::Name));
        check("countess", Err(Weak::Name));
        check("id.example.org", Err(Weak::Name));
        check("ada lovelace 1815", Ok(()));
        check("password1", Err(Weak::Known));
        check("  spaces count  ", Ok(()));
    }
}
