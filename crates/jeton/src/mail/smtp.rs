//! Letters over SMTP (RFC 5321), each by a connection of its own.

use std::fs;
use std::time::Duration;

use jeton_http::letters::{Written, write};
use jeton_oauth::Issuer;
use jeton_service::letters::{Carrier, Handing, Letter, NotTaken};
use lettre::address::Envelope;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Tokio1Executor};
use zeroize::Zeroizing;

use crate::mail_settings::{MailSettings, Security};

/// How long a mail server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take for all of a letter.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(120);

/// What a certificate in PEM begins with (RFC 7468).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The way to a mail server.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    issuer: Issuer,
    /// Of the issuer, without a port.
    host: String,
}

impl Smtp {
    /// Reads what is needed; nothing is asked of the server yet.
    ///
    /// # Errors
    /// In words for people.
    pub(super) fn open(settings: &MailSettings, issuer: &Issuer) -> Result<Smtp, String> {
        let from = settings.from.parse::<Address>().map_err(|error| format!("`smtp_from` is {}: {error}", settings.from))?;
        let host = issuer.origin().split_once("://").map_or("", |(_, host)| host).split(':').next().unwrap_or_default().to_owned();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .tls(tls(settings)?)
            .hello_name(ClientId::Domain(host.clone()))
            .timeout(Some(PATIENCE));
        if let Some((username, file)) = &settings.login {
            let read = fs::read_to_string(file).map(Zeroizing::new);
            let password = read.map_err(|error| format!("`smtp_password_file`: {} cannot be read: {error}", file.display()))?;
            builder = builder.credentials(Credentials::new(username.clone(), password.trim_end_matches(['\r', '\n']).to_owned()));
        }
        Ok(Smtp { transport: builder.build(), from, issuer: issuer.clone(), host })
    }

    /// A letter as it goes over the wire, and between which addresses. No name of anybody stands in its head, and an address is one or nothing.
    fn message(&self, letter: &Letter) -> Result<(Envelope, Vec<u8>), NotTaken> {
        let impossible = |_| NotTaken::ForGood("no letter can be written to this address".to_owned());
        let to = letter.address.parse::<Address>().map_err(impossible)?;
        let Written { subject, text } = write(letter, &self.issuer);
        let message = Message::builder()
            .from(Mailbox::new(None, self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.host)))
            .header(ContentType::TEXT_PLAIN)
            .body(text.expose().to_owned())
            .map_err(|_| NotTaken::ForGood("the letter cannot be written".to_owned()))?;
        Ok((message.envelope().clone(), message.formatted()))
    }
}

impl Carrier for Smtp {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Handing<'a> {
        Box::pin(async move {
            let (envelope, message) = self.message(letter)?;
            match tokio::time::timeout(PATIENCE_WITH_ALL, self.transport.send_raw(&envelope, &message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(not_taken(&error)),
                Err(_) => Err(NotTaken::ForNow("the mail server took too long".to_owned())),
            }
        })
    }
}

fn tls(settings: &MailSettings) -> Result<Tls, String> {
    if settings.security == Security::None {
        return Ok(Tls::None);
    }
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(file) = &settings.ca_file {
        let pem = fs::read(file).map_err(|error| format!("`smtp_ca_file`: {} cannot be read: {error}", file.display()))?;
        let certificate = Certificate::from_pem(&pem).ok().filter(|_| pem.windows(BEGIN.len()).any(|part| part == BEGIN));
        let certificate = certificate.ok_or_else(|| format!("`smtp_ca_file`: {} has no certificate in PEM", file.display()))?;
        // Nobody else's word counts then.
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    let parameters = builder.build_rustls().map_err(|error| format!("TLS to the mail server cannot be set up: {error}"))?;
    Ok(match settings.security {
        Security::Tls => Tls::Wrapper(parameters),
        Security::StartTls | Security::None => Tls::Required(parameters),
    })
}

/// What a mail server answers may repeat an address: its number says enough. Only a letter that it refuses to take is given up at once; what is
/// wrong with the way to it, somebody may put right.
fn not_taken(error: &Error) -> NotTaken {
    // Whoever has letters beyond ASCII in their address is written to by a mail server that takes them (RFC 6531), or not at all.
    if error.is_client() && error.to_string().contains("SMTPUTF8") {
        return NotTaken::ForGood("the mail server takes no address with letters beyond ASCII".to_owned());
    }
    let Some(code) = error.status() else {
        return NotTaken::ForNow(match error {
            error if error.is_timeout() => "the mail server took too long".to_owned(),
            error if error.is_tls() => "no TLS with the mail server".to_owned(),
            error if error.is_response() => "the mail server said something that cannot be read".to_owned(),
            _ => "the mail server cannot be reached".to_owned(),
        });
    };
    let why = format!("the mail server answered {code}");
    // 530 to 538 are about who sends (RFC 4954 section 6), not about the letter.
    match error.is_permanent() && !(530..=538).contains(&u16::from(code)) {
        true => NotTaken::ForGood(why),
        false => NotTaken::ForNow(why),
    }
}
