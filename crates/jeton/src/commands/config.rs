//! `jeton config`.

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use jeton_http::api::rfc3339;
use jeton_store::schema::SCHEMA;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::serving::Serving;
use crate::access_log::Bounds;
use crate::backup_settings::{BackupPlace, USUAL_DRILL_EVERY, USUAL_EVERY, USUAL_KEPT};
use crate::certificates::Files;
use crate::config::Config as Loaded;
use crate::render::details::Details;
use crate::{apart, mail, passwords, root_file, serve, writable};

const EXAMPLES: &str = "\
Examples:
  jeton config check
  jeton config check --config /etc/jeton/jeton.toml";

/// The configuration
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Config {
    Check(Check),
}

/// What to do where a server does not start with its configuration.
pub(super) const CHECK_IT: &str = "put it right, and let `jeton config check` with the same flags say that it is";

/// Check the configuration and the root file; nothing is started
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    #[command(flatten)]
    serving: Serving,
}

impl Config {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Config::Check(Check { serving }) = self;
        let wrong = |sentence: String| Failure::no(sentence, "docs/reference/configuration.md has every key, and what it may be");
        let config = Loaded::load(&serving.overrides(context)).map_err(wrong)?;
        let rootless = |sentence: String| Failure::no(sentence, "");
        apart::check(&config.root_key_file, &config.data).map_err(rootless)?;
        writable::check(&config.data, &config.file).map_err(rootless)?;
        root_file::look_for(&config.root_key_file, &config.data).map_err(rootless)?;
        let epochs = root_file::numbers(&config.root_key_file).map_err(rootless)?;
        let pair = config.tls.as_ref().map(Files::read).transpose().map_err(|problem| rootless(problem.to_string()))?;
        let ends = pair.map(|pair| pair.validity().ends_seconds);
        mail::look(&config).map_err(rootless)?;
        config.password_list_file.as_deref().map(passwords::look).transpose().map_err(rootless)?;
        let is_used = config.data.join("jeton.db").exists();
        // Whom a server answers for has the root file that it started with.
        let is_tried = is_used && !context.is_served();
        let older = match is_tried {
            true => serve::look(&config, root_file::read(&config.root_key_file).map_err(rootless)?).map_err(rootless)?,
            false => None,
        };
        let mut value = holds(&config);
        let more = json!({
            "data": config.data, "root_key_tried": is_tried, "upgrades_schema_from": older, "root_key_epochs": epochs, "tls_certificate_ends": ends,
            "server": context.options.server.as_ref().map(jeton_oauth::Issuer::as_str),
        });
        value.extend(more.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        context.show(&Value::Object(value), |_, view| {
            let tried = match (is_tried, is_used) {
                (true, _) => "The root file opens what is in the data folder.\n",
                (false, true) => "The data folder is in use: that the root file opens it was not tried.\n",
                (false, false) => "",
            };
            let elsewhere = context.options.server.as_ref().map_or_else(String::new, |server| {
                format!("Commands ask {server} (--server, JETON_SERVER), and not the server of this data folder.\n")
            });
            let upgrade = older.map_or_else(String::new, |version| {
                let newest = SCHEMA.version;
                format!("The next start brings the tables from version {version} to {newest}, and keeps the database as it is beside it, as jeton.version-{version}.db: the way back.\n")
            });
            format!("{}\nThe configuration is sound.\n{tried}{upgrade}{elsewhere}", details(&config, &epochs, ends).text(view))
        })
    }
}

/// Where the metrics are, and for whom.
fn metrics(config: &Loaded) -> String {
    let with_token = config.admin_listen.map(|listen| format!("with a token on {listen}"));
    let to_everybody = config.metrics_listen.map(|listen| format!("for whoever reaches it on {listen}"));
    let elsewhere: Vec<String> = with_token.into_iter().chain(to_everybody).collect();
    if elsewhere.is_empty() { "on the socket alone".to_owned() } else { format!("on the socket, {}", elsewhere.join(", and ")) }
}

/// Every key, with what holds: of the file, the environment and the flags, or what holds when nobody says.
fn holds(config: &Loaded) -> Map<String, Value> {
    let (said, backup, observing) = (&config.said, &config.backup, &config.observing);
    let address = |listen: Option<SocketAddr>| listen.map(|listen| listen.to_string());
    let texts = |said: &Option<Vec<String>>| said.clone().unwrap_or_default();
    let or = |said: &Option<String>, usual: &str| said.clone().unwrap_or_else(|| usual.to_owned());
    let holds = json!({
        "issuer": config.issuer.as_str(), "listen": config.listen.to_string(),
        "metrics_listen": address(config.metrics_listen),
        "admin_listen": address(config.admin_listen),
        "tls_cert_file": config.tls.as_ref().map(|files| &files.certificate),
        "tls_key_file": config.tls.as_ref().map(|files| &files.key),
        "acme_directory": config.acme.as_ref().map(|acme| &acme.directory),
        "acme_contact": config.acme.as_ref().and_then(|acme| acme.contact.as_ref()),
        "acme_listen": config.acme.as_ref().map(|acme| acme.listen.to_string()),
        "acme_ca_file": config.acme.as_ref().and_then(|acme| acme.ca_file.as_ref()),
        "root_key_file": config.root_key_file, "token_prefix": config.token_prefix.as_str(),
        "log_format": if config.log_json == Some(false) { "text" } else { "json" }, "connections_max": config.connections_max,
        "access_log": observing.access_log,
        "access_log_addresses": or(&said.access_log_addresses, "network"),
        "access_log_kept_days": observing.kept.days, "access_log_kept_bytes": observing.kept.bytes,
        "usage": if observing.counts_usage { "on" } else { "off" },
        "password_list_file": config.password_list_file,
        "doctor_accepted": texts(&said.doctor_accepted),
        "trusted_proxies": texts(&said.trusted_proxies),
        "forwarded_header": or(&said.forwarded_header, "x-forwarded-for"),
        "smtp_host": config.mail.as_ref().map(|mail| &mail.host),
        "smtp_port": config.mail.as_ref().map(|mail| mail.port),
        "smtp_security": or(&said.smtp_security, "starttls"),
        "smtp_username": said.smtp_username,
        "smtp_password_file": config.mail.as_ref().and_then(|mail| mail.login.as_ref()).map(|(_, file)| file),
        "smtp_from": said.smtp_from,
        "smtp_ca_file": config.mail.as_ref().and_then(|mail| mail.ca_file.as_ref()),
        "backup_target": backup.place.as_ref().map_or_else(|| "none".to_owned(), BackupPlace::text),
        "backup_recipients": texts(&said.backup_recipients),
        "backup_every": or(&said.backup_every, USUAL_EVERY), "backup_kept": or(&said.backup_kept, USUAL_KEPT),
        "backup_drill_every": or(&said.backup_drill_every, USUAL_DRILL_EVERY),
        "revocation_durability": if backup.is_sync { "sync" } else { "local" },
        "backup_target_rotates": if backup.rotates { "on" } else { "off" },
        "backup_s3_endpoint": said.backup_s3_endpoint, "backup_s3_region": said.backup_s3_region,
        "backup_s3_access_key_id": said.backup_s3_access_key_id, "backup_s3_secret_file": said.backup_s3_secret_file,
    });
    holds.as_object().cloned().unwrap_or_default()
}

fn details(config: &Loaded, epochs: &[u16], ends: Option<i64>) -> Details {
    let (said, backup, observing) = (&config.said, &config.backup, &config.observing);
    let proxies = said.trusted_proxies.as_deref().unwrap_or_default();
    let recipients = said.backup_recipients.as_deref().unwrap_or_default();
    let access_log = observing.access_log.as_ref().map_or_else(
        || "none".to_owned(),
        |path| {
            let addresses = said.access_log_addresses.as_deref().unwrap_or("network");
            let Bounds { days, bytes } = observing.kept;
            format!("{}, addresses: {addresses}, kept {days} d, {} MiB at most", path.display(), bytes >> 20)
        },
    );
    let backups = backup.place.as_ref().map_or_else(
        || "none".to_owned(),
        |place| {
            let (every, kept) = (said.backup_every.as_deref().unwrap_or(USUAL_EVERY), said.backup_kept.as_deref().unwrap_or(USUAL_KEPT));
            format!("{}, each {every}, kept {kept}, for {} beside the server", place.text(), recipients.len())
        },
    );
    Details::default()
        .with("data", config.data.display().to_string())
        .with("issuer", config.issuer.as_str())
        .with("listen", config.listen.to_string())
        .with("metrics", metrics(config))
        .with("administrators", format!("on the socket, and with a token on {}", config.admin_listen.unwrap_or(config.listen)))
        .with("certificate", certificate(config, ends))
        .with("root file", format!("{}, epochs {epochs:?}", config.root_key_file.display()))
        .with("token prefix", config.token_prefix.as_str())
        .with(
            "log",
            match config.log_json {
                Some(true) => "json",
                Some(false) => "text",
                None => "json, and text on a terminal",
            },
        )
        .with("access log", access_log)
        .with("usage", if observing.counts_usage { "counted" } else { "not counted" })
        .with(
            "leaked passwords",
            config.password_list_file.as_ref().map_or_else(|| "no list".to_owned(), |path| path.display().to_string()),
        )
        .with_each("accepted", said.doctor_accepted.iter().flatten().cloned())
        .with("proxies", if proxies.is_empty() { "none is believed".to_owned() } else { proxies.join(", ") })
        .with("connections", format!("{} at most", config.connections_max))
        .with("letters", letters(config))
        .with("backups", backups)
        .with(
            "a revocation",
            if backup.is_sync { "is answered once the backup target has it" } else { "is answered once it is on this disk" },
        )
}

/// How letters are sent.
fn letters(config: &Loaded) -> String {
    config.mail.as_ref().map_or_else(
        || "none is sent".to_owned(),
        |mail| format!("from {} by {}, port {}, {}", mail.from, mail.host, mail.port, mail.security.name()),
    )
}

/// Where the certificate comes from, and when it ends.
fn certificate(config: &Loaded, ends: Option<i64>) -> String {
    match (&config.tls, &config.acme, ends) {
        (Some(files), _, Some(ends)) => format!("{}, ends {}", files.certificate.display(), rfc3339::format(ends)),
        (_, Some(acme), _) => format!("for {}, ordered from {}; the challenge is answered on {}", acme.name, acme.directory, acme.listen),
        _ => "none: plain HTTP".to_owned(),
    }
}
