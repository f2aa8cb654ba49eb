//! `jeton config`.

use clap::{Args, Subcommand};
use jeton_http::api::rfc3339;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::serving::Serving;
use crate::certificates::Files;
use crate::config::Config as Loaded;
use crate::render::details::Details;
use crate::{apart, root_file, serve, writable};

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
        let is_used = config.data.join("jeton.db").exists();
        // Whom a server answers for has the root file that it started with.
        let is_tried = is_used && !context.is_served();
        if is_tried {
            serve::look(&config, root_file::read(&config.root_key_file).map_err(rootless)?).map_err(rootless)?;
        }
        let value = json!({
            "root_key_tried": is_tried,
            "data": config.data, "issuer": config.issuer.as_str(), "listen": config.listen.to_string(),
            "metrics_listen": config.metrics_listen.map(|listen| listen.to_string()),
            "admin_listen": config.admin_listen.map(|listen| listen.to_string()),
            "tls_cert_file": config.tls.as_ref().map(|files| &files.certificate),
            "tls_key_file": config.tls.as_ref().map(|files| &files.key),
            "tls_certificate_ends": ends,
            "acme_directory": config.acme.as_ref().map(|acme| &acme.directory),
            "acme_contact": config.acme.as_ref().and_then(|acme| acme.contact.as_ref()),
            "acme_listen": config.acme.as_ref().map(|acme| acme.listen.to_string()),
            "acme_ca_file": config.acme.as_ref().and_then(|acme| acme.ca_file.as_ref()),
            "root_key_file": config.root_key_file, "root_key_epochs": epochs, "token_prefix": config.token_prefix.as_str(),
            "server": context.options.server.as_ref().map(jeton_oauth::Issuer::as_str),
            "log_format": if config.log_json { "json" } else { "text" }, "connections_max": config.connections_max,
        });
        context.show(&value, |_, view| {
            let details = Details::default()
                .with("data", config.data.display().to_string())
                .with("issuer", config.issuer.as_str())
                .with("listen", config.listen.to_string())
                .with("metrics", metrics(&config))
                .with("administrators", format!("on the socket, and with a token on {}", config.admin_listen.unwrap_or(config.listen)))
                .with("certificate", certificate(&config, ends))
                .with("root file", format!("{}, epochs {epochs:?}", config.root_key_file.display()))
                .with("token prefix", config.token_prefix.as_str())
                .with("log", if config.log_json { "json" } else { "text" })
                .with("connections", format!("{} at most", config.connections_max));
            let tried = match (is_tried, is_used) {
                (true, _) => "The root file opens what is in the data folder.\n",
                (false, true) => "The data folder is in use: that the root file opens it was not tried.\n",
                (false, false) => "",
            };
            let elsewhere = context.options.server.as_ref().map_or_else(String::new, |server| {
                format!("Commands ask {server} (--server, JETON_SERVER), and not the server of this data folder.\n")
            });
            format!("{}\nThe configuration is sound.\n{tried}{elsewhere}", details.text(view))
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

/// Where the certificate comes from, and when it ends.
fn certificate(config: &Loaded, ends: Option<i64>) -> String {
    match (&config.tls, &config.acme, ends) {
        (Some(files), _, Some(ends)) => format!("{}, ends {}", files.certificate.display(), rfc3339::format(ends)),
        (_, Some(acme), _) => format!("for {}, ordered from {}; the challenge is answered on {}", acme.name, acme.directory, acme.listen),
        _ => "none: plain HTTP".to_owned(),
    }
}
