//! What the configuration says of the mail server.

use std::net::IpAddr;
use std::path::PathBuf;

/// What the keys say, each as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said<'a> {
    /// `smtp_host`.
    pub(crate) host: Option<&'a str>,
    /// `smtp_port`.
    pub(crate) port: Option<u16>,
    /// `smtp_security`.
    pub(crate) security: Option<&'a str>,
    /// `smtp_username`.
    pub(crate) username: Option<&'a str>,
    /// `smtp_password_file`.
    pub(crate) password_file: Option<PathBuf>,
    /// `smtp_from`.
    pub(crate) from: Option<&'a str>,
    /// `smtp_ca_file`.
    pub(crate) ca_file: Option<PathBuf>,
}

/// How to reach the mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailSettings {
    /// Its name or address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How the way to it is protected.
    pub(crate) security: Security,
    /// Who sends, and the file with their password.
    pub(crate) login: Option<(String, PathBuf)>,
    /// The address that letters come from.
    pub(crate) from: String,
    /// Who signed its certificate; whom this machine trusts when nobody says.
    pub(crate) ca_file: Option<PathBuf>,
}

/// How the way to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// TLS once both speak SMTP (RFC 3207); where the server does not offer it, nothing is sent.
    StartTls,
    /// TLS from the first byte on (RFC 8314).
    Tls,
    /// Not at all: on this machine alone.
    None,
}

impl Security {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Security::StartTls => "starttls",
            Security::Tls => "tls",
            Security::None => "none",
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        }
    }
}

/// The longest address of mail (RFC 5321 section 4.5.3.1.3, without its brackets).
const ADDRESS_BYTES_MAX: usize = 254;

impl MailSettings {
    /// Puts it together; `None` where no mail server is named.
    ///
    /// # Errors
    /// In words for people: which key, what is wrong, what to write.
    pub(crate) fn of(said: Said<'_>) -> Result<Option<MailSettings>, String> {
        let Some(host) = said.host else {
            let says_more = said.port.is_some() || said.security.is_some() || said.username.is_some() || said.from.is_some();
            return match says_more || said.password_file.is_some() || said.ca_file.is_some() {
                true => Err("there are keys for mail and no server to send it by: name it with `smtp_host`, or remove them".to_owned()),
                false => Ok(None),
            };
        };
        if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':')) {
            return Err(format!("`smtp_host` is the name of a mail server, such as mail.example.com, without port, not `{host}`"));
        }
        let security = match said.security {
            None | Some("starttls") => Security::StartTls,
            Some("tls") => Security::Tls,
            Some("none") if is_this_machine(host) => Security::None,
            Some("none") => {
                return Err("`smtp_security` is `none` for a mail server on this machine alone: links in letters open accounts".into());
            }
            Some(other) => return Err(format!("`smtp_security` is `starttls`, `tls`, or `none` on this machine, not `{other}`")),
        };
        let login = match (said.username, said.password_file) {
            (Some(username), Some(file)) => Some((username.to_owned(), file)),
            (None, None) => None,
            (Some(_), None) => return Err("`smtp_username` needs `smtp_password_file`: the file with the password".to_owned()),
            (None, Some(_)) => return Err("`smtp_password_file` needs `smtp_username`: whose password it is".to_owned()),
        };
        let from = said.from.ok_or("`smtp_host` needs `smtp_from`: the address that letters come from, such as jeton@example.com")?;
        let port = said.port.unwrap_or_else(|| security.usual_port());
        Ok(Some(MailSettings { host: host.to_owned(), port, security, login, from: address(from)?, ca_file: said.ca_file }))
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn address(text: &str) -> Result<String, String> {
    let is_address = text.rsplit_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
    let is_plain = text.len() <= ADDRESS_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,;:\\\"()[]".contains(&byte));
    match is_address && is_plain && text.matches('@').count() == 1 {
        true => Ok(text.to_owned()),
        false => Err("`smtp_from` is one address of mail, such as jeton@example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Said<'static> {
        Said { host: Some("mail.example.com"), from: Some("jeton@example.com"), ..Said::default() }
    }

    #[test]
    fn what_nobody_says_is_as_usual() {
        fn check(said: Said<'_>, security: Security, port: u16) {
            let settings = MailSettings::of(said).unwrap().unwrap();
            assert_eq!((settings.security, settings.port), (security, port));
        }
        check(said(), Security::StartTls, 587);
        check(Said { security: Some("tls"), ..said() }, Security::Tls, 465);
        check(Said { security: Some("starttls"), port: Some(2_525), ..said() }, Security::StartTls, 2_525);
        for host in ["localhost", "127.0.0.1", "::1"] {
            check(Said { host: Some(host), security: Some("none"), ..said() }, Security::None, 25);
        }
        assert_eq!(MailSettings::of(Said::default()), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_write() {
        fn check(said: Said<'_>, needle: &str) {
            let sentence = MailSettings::of(said).unwrap_err();
            assert!(sentence.contains(needle), "{sentence}");
        }
        check(Said { host: None, ..said() }, "`smtp_host`");
        check(Said { password_file: Some("/p".into()), ..Said::default() }, "`smtp_host`");
        for host in ["", "mail.example.com/x", "a b", "a\r\nb", "smtp://mail.example.com"] {
            check(Said { host: Some(host), ..said() }, "without port");
        }
        check(Said { security: Some("none"), ..said() }, "on this machine alone");
        check(Said { security: Some("ssl"), ..said() }, "not `ssl`");
        check(Said { username: Some("jeton"), ..said() }, "`smtp_password_file`");
        check(Said { password_file: Some("/p".into()), ..said() }, "`smtp_username`");
        check(Said { from: None, ..said() }, "`smtp_from`");
        for from in ["", "jeton", "@", "a@b@c", "Jeton <a@b>", "a@b\r\nBcc: c@d", "a@b,c@d", "\"a b\"@c"] {
            check(Said { from: Some(from), ..said() }, "one address of mail");
        }
    }
}
