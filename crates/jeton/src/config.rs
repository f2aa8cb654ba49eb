//! Configuration: `jeton.toml`, below the environment, below the flags. Secrets are never in it, only the files that hold them.

#[cfg(test)]
mod each_key;
pub(crate) mod environment;
pub(crate) mod key;
pub(crate) mod nearest;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jeton_core::doctor::Accepted;
use jeton_http::extract::{ForwardedHeader, Network, TrustedProxies};
use jeton_http::observe::Addresses;
use jeton_oauth::Issuer;
use jeton_token::Prefix;
use serde::{Deserialize, Serialize};

use crate::access_log::Bounds;
use crate::acme_settings::{self, AcmeSettings};
use crate::backup_settings::{BackupSettings, Said};
use crate::certificates::Files;
use crate::mail_settings::{self, MailSettings};
use crate::size::Size;
use environment::Variable;
use key::KEYS;
use nearest::nearest;

/// The file's name in the data folder.
pub(crate) const FILE_NAME: &str = "jeton.toml";

/// Where the server listens when nobody says.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8420";

/// How many bytes of the access log are kept when nobody says, and at least.
const DEFAULT_KEPT_BYTES: u64 = 2 << 30;
const LEAST_KEPT_BYTES: u64 = 16 << 20;

/// What `jeton.toml` may say. An unknown key is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The issuer: an https URL, or http on loopback. It is in every token and cannot change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    /// Where to listen: address and port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<String>,
    /// Where `/metrics` is served, and nothing else: address and port. On the management socket alone when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics_listen: Option<String>,
    /// Where administrators from elsewhere are served, and then nowhere else: address and port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admin_listen: Option<String>,
    /// The certificate of the TCP listeners with its chain, in PEM; plain HTTP when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Its private key, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// Where a certificate is ordered (ACME): the https URL of the authority's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acme_directory: Option<String>,
    /// Whom the authority may write to: an address of mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acme_contact: Option<String>,
    /// Where the authority's challenge is answered, and nothing else: address and port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acme_listen: Option<String>,
    /// Who signed the directory's own certificate, in PEM; whom this machine trusts when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acme_ca_file: Option<PathBuf>,
    /// The root file, apart from the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) root_key_file: Option<PathBuf>,
    /// The first part of every opaque token: 3 to 16 small letters and digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_prefix: Option<String>,
    /// How log lines look: `json` (default) or `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_format: Option<String>,
    /// The most open connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connections_max: Option<usize>,
    /// The file of the access log, in the data folder where it is no absolute path; none is written when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_log: Option<PathBuf>,
    /// How much of an address the access log holds: `network` (default) or `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_log_addresses: Option<String>,
    /// How many days a part of the access log is kept after it was turned aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_log_kept_days: Option<u32>,
    /// How many bytes all files of the access log have together at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_log_kept_bytes: Option<Size>,
    /// Whether uses of tokens and keys are counted: `on` (default) or `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<String>,
    /// The file of passwords that leaked, of which none is taken: one a line, or their SHA-1 ordered by hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_list_file: Option<PathBuf>,
    /// What the doctor finds and somebody accepts: `CHECK until 2027-06-30: REASON` each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) doctor_accepted: Option<Vec<String>>,
    /// The proxies whose word about a client's address counts: addresses or networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trusted_proxies: Option<Vec<String>>,
    /// The header line that they write: `x-forwarded-for` (default) or `forwarded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) forwarded_header: Option<String>,
    /// The mail server that letters are sent by; none are sent when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_host: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_port: Option<u16>,
    /// How the way to it is protected: `starttls` (default), `tls`, or `none` on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_security: Option<String>,
    /// Who sends, where it wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_username: Option<String>,
    /// The file that holds their password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_password_file: Option<PathBuf>,
    /// The address that letters come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_from: Option<String>,
    /// Who signed its certificate, in PEM; whom this machine trusts when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp_ca_file: Option<PathBuf>,
    /// Where backups go: a folder, `s3://bucket/prefix`, or `none`; a folder beside the data when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_target: Option<String>,
    /// Who can open backups: recipients of age, `age1…` each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_recipients: Option<Vec<String>>,
    /// How often a snapshot is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_every: Option<String>,
    /// How long a snapshot is kept, and the tail after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_kept: Option<String>,
    /// How often the newest backup is restored apart and compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_drill_every: Option<String>,
    /// When a revocation is answered: once it is on this disk (`local`, default), or once the backup target has it too (`sync`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revocation_durability: Option<String>,
    /// Whether disks take turns at the place of the target: `on` or `off` (default). None of them says then that nothing came after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_target_rotates: Option<String>,
    /// Another S3 server than Amazon's: its URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_s3_endpoint: Option<String>,
    /// The bucket's region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_s3_region: Option<String>,
    /// Who asks the S3 server; `AWS_ACCESS_KEY_ID` when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_s3_access_key_id: Option<String>,
    /// The file that holds their secret; `AWS_SECRET_ACCESS_KEY` when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_s3_secret_file: Option<PathBuf>,
}

/// What the command line and the environment say. What is both a flag and a variable stands under the flag's name too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `--data`.
    pub(crate) data: PathBuf,
    /// `--issuer`.
    pub(crate) issuer: Option<String>,
    /// `--listen`.
    pub(crate) listen: Option<String>,
    /// `--admin-listen`.
    pub(crate) admin_listen: Option<String>,
    /// `--tls-cert`.
    pub(crate) tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub(crate) tls_key: Option<PathBuf>,
    /// `--root-key-file`.
    pub(crate) root_key_file: Option<PathBuf>,
    /// The variables of the environment, one for each key.
    pub(crate) environment: Vec<Variable>,
    /// `$CREDENTIALS_DIRECTORY`: where systemd keeps what this service alone may read.
    pub(crate) credentials: Option<PathBuf>,
}

/// The credential of systemd that holds the secret for the S3 server.
const S3_SECRET_CREDENTIAL: &str = "backup-s3-secret";

/// Everything, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The file that was read, where there is one.
    pub(crate) file: PathBuf,
    /// The issuer.
    pub(crate) issuer: Issuer,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where to serve the metrics.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Where administrators from elsewhere are served.
    pub(crate) admin_listen: Option<SocketAddr>,
    /// The certificate of the TCP listeners.
    pub(crate) tls: Option<Files>,
    /// Where it is ordered instead.
    pub(crate) acme: Option<AcmeSettings>,
    /// The root file.
    pub(crate) root_key_file: PathBuf,
    /// The first part of every opaque token.
    pub(crate) token_prefix: Prefix,
    /// Whether log lines are JSON.
    pub(crate) log_json: Option<bool>,
    /// The most open connections.
    pub(crate) connections_max: usize,
    /// How requests are noted.
    pub(crate) observing: Observing,
    /// The file of passwords that leaked.
    pub(crate) password_list_file: Option<PathBuf>,
    /// What the doctor finds and somebody accepts.
    pub(crate) accepted: Vec<Accepted>,
    /// The mail server that letters are sent by.
    pub(crate) mail: Option<MailSettings>,
    /// Where backups go.
    pub(crate) backup: BackupSettings,
    /// What the file and the environment say, each key as it stands.
    pub(crate) said: File,
}

/// How requests are noted.
#[derive(Clone, Debug)]
pub(crate) struct Observing {
    /// The file of the access log.
    pub(crate) access_log: Option<PathBuf>,
    /// How much of an address it holds.
    pub(crate) addresses: Addresses,
    /// How much of it is kept.
    pub(crate) kept: Bounds,
    /// Whether uses are counted.
    pub(crate) counts_usage: bool,
    /// Whose word about an address counts.
    pub(crate) proxies: TrustedProxies,
}

impl Config {
    /// Reads the file, where there is one, and puts the environment above it, and the flags above that.
    ///
    /// # Errors
    /// In words for people: which key, what is wrong, what to write.
    pub(crate) fn load(overrides: &Overrides) -> Result<Config, String> {
        let (path, must_exist) = match &overrides.config {
            Some(path) => (path.clone(), true),
            None => (overrides.data.join(FILE_NAME), false),
        };
        let said = environment::said(&overrides.environment)?;
        let file = above(&read(&path, must_exist)?, said.clone())?;
        Config::of(path, file, overrides).map_err(|problem| environment::named(problem, &said))
    }

    fn of(path: PathBuf, file: File, overrides: &Overrides) -> Result<Config, String> {
        let observing = observing(&file, &overrides.data)?;
        let kept_by_systemd = overrides.credentials.as_ref().map(|folder| folder.join(S3_SECRET_CREDENTIAL)).filter(|path| path.exists());
        let secret_file = file.backup_s3_secret_file.as_deref().or(kept_by_systemd.as_deref());
        let backup = BackupSettings::of(&Said { secret_file, ..backup_said(&file) }, &overrides.data)?;
        let listen_text = overrides.listen.as_deref().or(file.listen.as_deref()).unwrap_or(DEFAULT_LISTEN);
        let listen: SocketAddr =
            listen_text.parse().map_err(|_| format!("`listen` is an address and a port, such as {DEFAULT_LISTEN}, not `{listen_text}`"))?;
        let metrics_listen = file.metrics_listen.as_deref().map(|text| another_listen("metrics_listen", text, &[listen])).transpose()?;
        let admin_text = overrides.admin_listen.as_deref().or(file.admin_listen.as_deref());
        let taken: Vec<SocketAddr> = [listen].into_iter().chain(metrics_listen).collect();
        let admin_listen = admin_text.map(|text| another_listen("admin_listen", text, &taken)).transpose()?;
        let tls = tls(&file, overrides)?;
        let taken: Vec<SocketAddr> = taken.into_iter().chain(admin_listen).collect();
        let acme_listen = file.acme_listen.as_deref().map(|text| another_listen("acme_listen", text, &taken)).transpose()?;
        let speaks_tls = tls.is_some() || file.acme_directory.is_some();
        let scheme = if speaks_tls { "https" } else { "http" };
        let issuer_text = overrides.issuer.clone().or(file.issuer.clone()).unwrap_or_else(|| format!("{scheme}://{listen}"));
        let issuer = Issuer::parse(&issuer_text).map_err(|problem| match overrides.issuer.is_some() || file.issuer.is_some() {
            true => format!("`issuer` is {issuer_text}: {problem}"),
            // Nobody wrote one: it is made of where the server listens.
            false => format!("`issuer` is {issuer_text}, as where it listens: {problem}; say how clients reach it with --issuer, or `issuer` in jeton.toml"),
        })?;
        if speaks_tls && !issuer.is_https() {
            return Err(format!(
                "`issuer` is {issuer_text}, and the listener speaks TLS: published URLs would lead nowhere; write it with https"
            ));
        }
        let acme = acme_settings::parse(acme_settings::Said {
            directory: file.acme_directory.as_deref(),
            contact: file.acme_contact.as_deref(),
            listen: acme_listen,
            ca_file: file.acme_ca_file.as_ref().map(|path| overrides.data.join(path)),
            has_files: tls.is_some(),
            issuer: &issuer,
        })?;
        let prefix_text = file.token_prefix.as_deref().unwrap_or("jtn");
        let token_prefix = Prefix::parse(prefix_text).map_err(|problem| format!("`token_prefix` is {prefix_text}: {problem}"))?;
        let log_json = match file.log_format.as_deref() {
            None => None,
            Some("json") => Some(true),
            Some("text") => Some(false),
            Some(other) => return Err(format!("`log_format` is `json` or `text`, not `{other}`")),
        };
        let root_key_file =
            overrides.root_key_file.clone().or(file.root_key_file.clone()).unwrap_or_else(|| default_root_key_file(&overrides.data));
        Ok(Config {
            data: overrides.data.clone(),
            file: path,
            issuer,
            listen,
            metrics_listen,
            admin_listen,
            tls,
            acme,
            root_key_file,
            token_prefix,
            log_json,
            connections_max: file.connections_max.unwrap_or(20_000),
            observing,
            password_list_file: file.password_list_file.as_ref().map(|path| overrides.data.join(path)),
            accepted: accepted(&file)?,
            mail: MailSettings::of(mail_said(&file, &overrides.data))?,
            backup,
            said: file,
        })
    }
}

/// What the environment says, above the file.
fn above(file: &File, said: toml::Table) -> Result<File, String> {
    let mut whole = toml::Table::try_from(file).map_err(|error| error.to_string())?;
    whole.extend(said);
    whole.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn backup_said(file: &File) -> Said<'_> {
    Said {
        target: file.backup_target.as_deref(),
        recipients: file.backup_recipients.as_deref().unwrap_or_default(),
        every: file.backup_every.as_deref(),
        kept: file.backup_kept.as_deref(),
        drill_every: file.backup_drill_every.as_deref(),
        durability: file.revocation_durability.as_deref(),
        rotates: file.backup_target_rotates.as_deref(),
        endpoint: file.backup_s3_endpoint.as_deref(),
        region: file.backup_s3_region.as_deref(),
        access_key_id: file.backup_s3_access_key_id.as_deref(),
        secret_file: None,
    }
}

fn mail_said<'f>(file: &'f File, data: &Path) -> mail_settings::Said<'f> {
    mail_settings::Said {
        host: file.smtp_host.as_deref(),
        port: file.smtp_port,
        security: file.smtp_security.as_deref(),
        username: file.smtp_username.as_deref(),
        password_file: file.smtp_password_file.as_ref().map(|path| data.join(path)),
        from: file.smtp_from.as_deref(),
        ca_file: file.smtp_ca_file.as_ref().map(|path| data.join(path)),
    }
}

/// The address of a listener beside those that are taken.
fn another_listen(key: &str, text: &str, taken: &[SocketAddr]) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| format!("`{key}` is an address and a port, such as 127.0.0.1:8421, not `{text}`"))?;
    if taken.contains(&address) && address.port() != 0 {
        return Err(format!("`{key}` is a listener of its own: {address} is where another one listens"));
    }
    Ok(address)
}

/// What a flag names lies where the command runs; what the file names, in the data folder where it is no absolute path.
fn tls(file: &File, overrides: &Overrides) -> Result<Option<Files>, String> {
    let named = |flag: &Option<PathBuf>, key: &Option<PathBuf>| flag.clone().or_else(|| key.as_ref().map(|path| overrides.data.join(path)));
    match (named(&overrides.tls_cert, &file.tls_cert_file), named(&overrides.tls_key, &file.tls_key_file)) {
        (Some(certificate), Some(key)) => Ok(Some(Files { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err("there is a certificate and no private key for it: name its file with `tls_key_file` or --tls-key".to_owned())
        }
        (None, Some(_)) => {
            Err("there is a private key and no certificate for it: name its file with `tls_cert_file` or --tls-cert".to_owned())
        }
    }
}

fn observing(file: &File, data: &Path) -> Result<Observing, String> {
    let addresses = match file.access_log_addresses.as_deref() {
        None | Some("network") => Addresses::Network,
        Some("full") => Addresses::Full,
        Some(other) => return Err(format!("`access_log_addresses` is `network` or `full`, not `{other}`")),
    };
    let kept = kept(file)?;
    let counts_usage = match file.usage.as_deref() {
        None | Some("on") => true,
        Some("off") => false,
        Some(other) => return Err(format!("`usage` is `on` or `off`, not `{other}`")),
    };
    let header = match file.forwarded_header.as_deref() {
        None | Some("x-forwarded-for") => ForwardedHeader::XForwardedFor,
        Some("forwarded") => ForwardedHeader::Forwarded,
        Some(other) => return Err(format!("`forwarded_header` is `x-forwarded-for` or `forwarded`, not `{other}`")),
    };
    let network = |text: &String| text.parse::<Network>().map_err(|problem| format!("`trusted_proxies` has {text}: {problem}"));
    let networks = file.trusted_proxies.iter().flatten().map(network).collect::<Result<Vec<_>, String>>()?;
    let access_log = file.access_log.as_ref().map(|path| data.join(path));
    Ok(Observing { access_log, addresses, kept, counts_usage, proxies: TrustedProxies::new(networks, header) })
}

fn accepted(file: &File) -> Result<Vec<Accepted>, String> {
    let read = |text: &String| Accepted::parse(text).map_err(|rule| format!("`doctor_accepted` has `{text}`: {rule}"));
    file.doctor_accepted.iter().flatten().map(read).collect()
}

/// How much of the access log is kept.
fn kept(file: &File) -> Result<Bounds, String> {
    let days = file.access_log_kept_days.unwrap_or(30);
    if !(1..=3_660).contains(&days) {
        return Err(format!("`access_log_kept_days` is between 1 and 3660, not {days}"));
    }
    let bytes = file.access_log_kept_bytes.as_ref().map_or(Ok(DEFAULT_KEPT_BYTES), Size::bytes);
    let bytes = bytes.map_err(|problem| format!("`access_log_kept_bytes`: {problem}"))?;
    if bytes < LEAST_KEPT_BYTES {
        return Err(format!("`access_log_kept_bytes` is 16MiB at least, not {bytes} bytes: what waits for the disk must find room in it"));
    }
    Ok(Bounds { days, bytes })
}

/// The root file's place when nobody says: beside the data folder, never inside it.
#[must_use]
pub(crate) fn default_root_key_file(data: &Path) -> PathBuf {
    let mut name = data.file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_else(|| "jeton-data".into());
    name.push(".root-key");
    data.with_file_name(name)
}

fn read(path: &Path, must_exist: bool) -> Result<File, String> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|problem| format!("{}: {problem}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => Ok(File::default()),
        Err(error) => Err(format!("the configuration {} cannot be read: {error}", path.display())),
    }
}

/// Parses the text of a file.
///
/// # Errors
/// In words for people, with the nearest name of an unknown key.
pub(crate) fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|error| {
        let is_key = |name: &str| KEYS.iter().any(|(key, _)| *key == name);
        let unknown = text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim()).find(|key| !is_key(key));
        match unknown.filter(|_| error.message().starts_with("unknown field")) {
            Some(unknown) => match nearest(KEYS.iter().map(|(key, _)| *key), unknown) {
                Some(nearest) => format!("there is no key `{unknown}`: did you mean `{nearest}`?"),
                None => format!("there is no key `{unknown}`"),
            },
            None => error.to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_above_the_file_and_the_file_above_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let overrides =
            |issuer: Option<&str>| Overrides { data: folder.path().to_owned(), issuer: issuer.map(str::to_owned), ..Overrides::default() };
        assert_eq!(Config::load(&overrides(None)).unwrap().issuer.as_str(), "http://127.0.0.1:8420");
        fs::write(folder.path().join(FILE_NAME), "issuer = \"https://a.example\"\ntoken_prefix = \"acme\"\n").unwrap();
        assert_eq!(Config::load(&overrides(None)).unwrap().issuer.as_str(), "https://a.example");
        assert_eq!(Config::load(&overrides(Some("https://b.example"))).unwrap().issuer.as_str(), "https://b.example");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        for (text, expected) in
            [("isuer = \"https://a\"", "did you mean `issuer`?"), ("conections_max = 3", "did you mean `connections_max`?")]
        {
            assert!(parse(text).unwrap_err().contains(expected), "{text}");
        }
        for text in ["foo = 1", "list = 1", "proxy = 1"] {
            let said = parse(text).unwrap_err();
            assert!(said.starts_with("there is no key") && !said.contains("did you mean"), "{said}");
        }
        assert!(parse("listen = 3").unwrap_err().contains("string"));
        assert!(parse("access_log_kept_bytes = true").unwrap_err().contains("such as \"2GiB\""));
    }

    #[test]
    fn how_requests_are_noted() {
        let observed = |text: &str| observing(&parse(text).unwrap(), Path::new("/data"));
        let silent = observed("").unwrap();
        assert_eq!((silent.access_log, silent.addresses), (None, Addresses::Network));
        assert_eq!((silent.kept.days, silent.kept.bytes), (30, 2 << 30));
        let said = observed("access_log = \"access.log\"\naccess_log_addresses = \"full\"\naccess_log_kept_days = 7").unwrap();
        assert_eq!((said.access_log, said.addresses, said.kept.days), (Some("/data/access.log".into()), Addresses::Full, 7));
        for (said, bytes) in [("\"16MiB\"", 16 << 20), ("\"500GB\"", 500_000_000_000), ("16777216", 16 << 20)] {
            assert_eq!(observed(&format!("access_log_kept_bytes = {said}")).unwrap().kept.bytes, bytes, "{said}");
        }
        assert_eq!(observed("access_log = \"/var/log/j\"").unwrap().access_log, Some("/var/log/j".into()));
        assert!(silent.counts_usage && !observed("usage = \"off\"").unwrap().counts_usage);
        assert_ne!(observed("trusted_proxies = [\"10.0.0.0/8\"]").unwrap().proxies, TrustedProxies::default());
        for (text, needle) in [
            ("access_log_addresses = \"some\"", "`network` or `full`"),
            ("access_log_kept_days = 0", "between 1 and 3660"),
            ("access_log_kept_bytes = \"15MiB\"", "16MiB at least"),
            ("access_log_kept_bytes = -1", "such as \"2GiB\""),
            ("access_log_kept_bytes = \"much\"", "such as \"2GiB\""),
            ("usage = \"no\"", "`on` or `off`"),
            ("trusted_proxies = [\"proxy.example\"]", "proxy.example"),
            ("forwarded_header = \"via\"", "`forwarded`"),
        ] {
            assert!(observed(text).unwrap_err().contains(needle), "{text}");
        }
    }

    #[test]
    fn the_secret_of_a_bucket_may_be_a_credential_of_systemd() {
        use crate::backup_settings::BackupPlace;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let secret = |text: &str| {
            fs::write(at(FILE_NAME), format!("backup_target = \"s3://b/c\"\n{text}")).unwrap();
            let overrides = Overrides { data: folder.path().to_owned(), credentials: Some(at("credentials")), ..Overrides::default() };
            match Config::load(&overrides).unwrap().backup.place {
                Some(BackupPlace::Bucket(_, access)) => access.secret_access_key,
                other => panic!("{other:?}"),
            }
        };
        fs::create_dir(at("credentials")).unwrap();
        assert_ne!(secret("").as_deref(), Some("kept"), "none was given to the service");
        fs::write(at("credentials/backup-s3-secret"), "kept\n").unwrap();
        assert_eq!(secret("").as_deref(), Some("kept"));
        fs::write(at("other"), "named").unwrap();
        assert_eq!(secret("backup_s3_secret_file = \"other\"").as_deref(), Some("named"), "what is named counts more");
    }

    #[test]
    fn metrics_have_a_listener_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides { data: folder.path().to_owned(), ..Overrides::default() };
        let loaded = |text: &str| {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            Config::load(&overrides).map(|config| config.metrics_listen)
        };
        assert_eq!(loaded("").unwrap(), None);
        assert_eq!(loaded("metrics_listen = \"127.0.0.1:8421\"").unwrap(), Some(([127, 0, 0, 1], 8421).into()));
        for (text, needle) in [("metrics_listen = \"8421\"", "127.0.0.1:8421"), ("metrics_listen = \"127.0.0.1:8420\"", "of its own")] {
            assert!(loaded(text).unwrap_err().contains(needle), "{text}");
        }
    }

    #[test]
    fn a_certificate_and_its_key_are_named_together() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides { data: folder.path().to_owned(), ..Overrides::default() };
        let loaded = |text: &str, overrides: &Overrides| {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            Config::load(overrides)
        };
        let pair = "tls_cert_file = \"cert.pem\"\ntls_key_file = \"/etc/key.pem\"\n";
        let config = loaded(pair, &overrides).unwrap();
        assert_eq!(config.tls, Some(Files { certificate: folder.path().join("cert.pem"), key: "/etc/key.pem".into() }));
        assert_eq!(config.issuer.as_str(), "https://127.0.0.1:8420");
        let flag = Overrides { tls_cert: Some("other.pem".into()), ..overrides.clone() };
        assert_eq!(loaded(pair, &flag).unwrap().tls.unwrap().certificate, Path::new("other.pem"));
        for (text, needle) in [
            ("tls_cert_file = \"cert.pem\"".to_owned(), "tls_key_file"),
            ("tls_key_file = \"key.pem\"".to_owned(), "tls_cert_file"),
            (format!("{pair}issuer = \"http://127.0.0.1:8420\""), "with https"),
            ("admin_listen = \"127.0.0.1:8420\"".to_owned(), "of its own"),
            ("metrics_listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:1\"".to_owned(), "of its own"),
        ] {
            assert!(loaded(&text, &overrides).unwrap_err().contains(needle), "{text}");
        }
    }

    #[test]
    fn what_is_accepted_has_a_reason_and_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides { data: folder.path().to_owned(), ..Overrides::default() };
        let load = |text: &str| {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            Config::load(&overrides)
        };
        let said = "doctor_accepted = [\"recovery.target until 2027-06-30: one disk\", \"scopes.all until 2027-06-30: small\"]";
        let checks: Vec<String> = load(said).unwrap().accepted.into_iter().map(|accepted| accepted.check).collect();
        assert_eq!(checks, ["recovery.target", "scopes.all"]);
        let refused = load("doctor_accepted = [\"recovery.target\"]").unwrap_err();
        assert!(refused.contains("`doctor_accepted` has `recovery.target`: write `CHECK until 2027-06-30: REASON`"), "{refused}");
    }
}
