//! What the configuration says of a certificate that is ordered (ACME, RFC 8555).

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use http::Uri;
use jeton_oauth::Issuer;

/// What the keys say, each as it stands.
pub(crate) struct Said<'a> {
    /// `acme_directory`.
    pub(crate) directory: Option<&'a str>,
    /// `acme_contact`.
    pub(crate) contact: Option<&'a str>,
    /// `acme_listen`.
    pub(crate) listen: Option<SocketAddr>,
    /// `acme_ca_file`.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether a certificate is named by its files too.
    pub(crate) has_files: bool,
    /// Whose host the certificate is for.
    pub(crate) issuer: &'a Issuer,
}

/// Where a certificate is ordered, and for what name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcmeSettings {
    /// The URL of the authority's directory.
    pub(crate) directory: String,
    /// Whom the authority may write to: an address of mail.
    pub(crate) contact: Option<String>,
    /// Where its challenge is answered.
    pub(crate) listen: SocketAddr,
    /// Who signed the directory's own certificate.
    pub(crate) ca_file: Option<PathBuf>,
    /// The host of the issuer.
    pub(crate) name: String,
}

/// Longer than any address of mail (RFC 5321).
const CONTACT_BYTES_MAX: usize = 254;

/// Puts it together; `None` where no directory is named.
///
/// # Errors
/// In words for people: which key, what is wrong, what to write.
pub(crate) fn parse(said: Said<'_>) -> Result<Option<AcmeSettings>, String> {
    let Some(directory) = said.directory else {
        return match said.contact.is_some() || said.listen.is_some() || said.ca_file.is_some() {
            true => Err("there are keys for ACME and no directory to order from: name it with `acme_directory`, or remove them".to_owned()),
            false => Ok(None),
        };
    };
    if !cfg!(feature = "acme") {
        return Err(
            "`acme_directory`: this program was built without ACME; take one of a release, or build it with `--features acme`".into()
        );
    }
    if said.has_files {
        return Err("there are `acme_directory` and a certificate in files: one listener shows one certificate, remove either".to_owned());
    }
    let is_https = directory.parse::<Uri>().is_ok_and(|url| url.scheme_str() == Some("https") && url.host().is_some());
    if !is_https {
        return Err(format!("`acme_directory` is an https URL, such as https://acme-v02.api.letsencrypt.org/directory, not `{directory}`"));
    }
    let listen = said.listen.ok_or(
        "`acme_directory` needs `acme_listen`: the authority asks port 80 of the issuer's host for the challenge; write 0.0.0.0:80, or \
         what port 80 is led to",
    )?;
    let contact = said.contact.map(contact).transpose()?;
    let name = name(said.issuer)?;
    Ok(Some(AcmeSettings { directory: directory.to_owned(), contact, listen, ca_file: said.ca_file, name }))
}

fn contact(text: &str) -> Result<String, String> {
    let is_address = text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_plain = text.len() <= CONTACT_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    match is_address && is_plain && !text.contains([':', ',', '?']) {
        true => Ok(text.to_owned()),
        false => Err("`acme_contact` is one address of mail, such as ops@example.com".to_owned()),
    }
}

fn name(issuer: &Issuer) -> Result<String, String> {
    let authority = issuer.origin().split_once("://").map_or("", |(_, authority)| authority);
    let host =
        authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(authority, |(host, _)| host);
    match host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
        true => Err(format!("`issuer` is {issuer}: ACME certifies a name; write the issuer with the name that clients use")),
        false => Ok(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: &str = "https://acme.example/directory";

    fn said(issuer: &Issuer) -> Said<'_> {
        let listen = Some(([0, 0, 0, 0], 80).into());
        Said { directory: Some(DIRECTORY), contact: Some("ops@example.com"), listen, ca_file: None, has_files: false, issuer }
    }

    #[test]
    fn keys_without_a_directory_order_nothing() {
        let issuer = Issuer::parse("https://id.example").unwrap();
        assert_eq!(parse(Said { directory: None, contact: None, listen: None, ..said(&issuer) }), Ok(None));
        assert!(parse(Said { directory: None, ..said(&issuer) }).unwrap_err().contains("`acme_directory`"));
    }

    #[cfg(not(feature = "acme"))]
    #[test]
    fn a_program_without_acme_says_so() {
        let issuer = Issuer::parse("https://id.example").unwrap();
        assert!(parse(said(&issuer)).unwrap_err().contains("--features acme"));
    }

    #[cfg(feature = "acme")]
    #[test]
    fn the_name_is_the_issuers_host() {
        for (issuer, expected) in [("https://id.example", "id.example"), ("https://id.example:8443/a", "id.example")] {
            let issuer = Issuer::parse(issuer).unwrap();
            assert_eq!(parse(said(&issuer)).unwrap().unwrap().name, expected);
        }
        for issuer in ["https://192.0.2.1", "https://[2001:db8::1]:8443"] {
            let issuer = Issuer::parse(issuer).unwrap();
            assert!(parse(said(&issuer)).unwrap_err().contains("certifies a name"), "{issuer}");
        }
    }

    #[cfg(feature = "acme")]
    #[test]
    fn what_is_wrong_is_named_with_what_to_write() {
        let issuer = Issuer::parse("https://id.example").unwrap();
        let refuses = |said: Said<'_>, needle: &str| {
            let sentence = parse(said).unwrap_err();
            assert!(sentence.contains(needle), "{sentence}");
        };
        refuses(Said { has_files: true, ..said(&issuer) }, "remove either");
        refuses(Said { listen: None, ..said(&issuer) }, "0.0.0.0:80");
        for directory in ["http://acme.example/directory", "acme.example", "", "https://"] {
            refuses(Said { directory: Some(directory), ..said(&issuer) }, "an https URL");
        }
        let long = format!("{}@example.com", "a".repeat(1024 * 1024));
        for contact in ["", "ops", "@", "a@", "a@b@c", "mailto:a@b", "a@b,c@d", "a@b\u{202e}", "a@b\n", &long] {
            refuses(Said { contact: Some(contact), ..said(&issuer) }, "`acme_contact`");
        }
    }
}
