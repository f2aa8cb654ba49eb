//! What lies around the server, as `jeton doctor` hears of it: files, listeners, configuration. What cannot be read is not known.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jeton_core::doctor::{BackupsSeen, CertificateLife, Kept, LinesDropped, Surroundings};
use jeton_http::edge::Tls;
use jeton_http::extract::TrustedProxies;
use jeton_http::observe::Dropped;
use rustix::process::{DumpableBehavior, dumpable_behavior};

use crate::config::Config;

/// Looks around; `tls` is what the listeners show, `dropped` what the access log lost, `backups` how they stand.
pub(crate) fn look(config: &Config, tls: Option<&Tls>, dropped: Option<Dropped>, backups: Option<BackupsSeen>) -> Surroundings {
    Surroundings {
        data: kept(&config.data),
        root_file: kept(&config.root_key_file),
        is_root_file_apart: is_apart(&config.root_key_file, &config.data),
        may_leave_core: dumpable_behavior().ok().map(|behavior| behavior != DumpableBehavior::NotDumpable),
        is_reached_from_elsewhere: Some(is_reached(Some(config.listen)) || is_reached(config.admin_listen)),
        has_tls: Some(tls.is_some()),
        certificate: tls
            .map(Tls::validity)
            .map(|validity| CertificateLife { begins: validity.begins_seconds, ends: validity.ends_seconds }),
        has_proxy: Some(config.observing.proxies != TrustedProxies::default()),
        has_access_log: Some(config.observing.access_log.is_some()),
        access_log_dropped: dropped.map(|dropped| LinesDropped { lines: dropped.lines(), last_at: dropped.last_at_seconds }),
        has_metrics_listener: Some(config.metrics_listen.is_some() || config.admin_listen.is_some()),
        shows_metrics_elsewhere: Some(is_reached(config.metrics_listen)),
        has_password_list: Some(config.password_list_file.is_some()),
        backups: Some(backups),
        is_trial: config.backup.is_trial,
        accepted: config.accepted.clone(),
    }
}

/// Whether other machines reach a listener.
fn is_reached(listener: Option<SocketAddr>) -> bool {
    listener.is_some_and(|at| !at.ip().is_loopback())
}

fn kept(path: &Path) -> Option<Kept> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    Some(Kept { path: path.display().to_string(), mode })
}

/// A link that leads into the folder lies in it.
fn is_apart(path: &Path, folder: &Path) -> Option<bool> {
    Some(!path.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FILE_NAME, Overrides};

    #[test]
    fn which_listeners_serve_metrics_and_whom_they_reach() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides { data: folder.path().to_owned(), ..Overrides::default() };
        for (text, has_metrics, elsewhere, reached) in [
            ("", false, false, false),
            ("metrics_listen = \"127.0.0.1:1\"", true, false, false),
            ("metrics_listen = \"0.0.0.0:1\"", true, true, false),
            ("metrics_listen = \"[::]:1\"", true, true, false),
            ("admin_listen = \"127.0.0.1:1\"", true, false, false),
            ("admin_listen = \"10.0.0.1:1\"", true, false, true),
            ("admin_listen = \"10.0.0.1:1\"\nmetrics_listen = \"10.0.0.1:2\"", true, true, true),
        ] {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            let around = look(&Config::load(&overrides).unwrap(), None, None, None);
            let seen = (around.has_metrics_listener, around.shows_metrics_elsewhere, around.is_reached_from_elsewhere);
            assert_eq!(seen, (Some(has_metrics), Some(elsewhere), Some(reached)), "{text}");
        }
    }

    #[test]
    fn where_a_file_lies_and_who_may_read_it() {
        let around = tempfile::tempdir().unwrap();
        let (data, apart) = (around.path().join("data"), around.path().join("data.root-key"));
        fs::create_dir(&data).unwrap();
        fs::write(&apart, "").unwrap();
        fs::write(data.join("inside"), "").unwrap();
        std::os::unix::fs::symlink(data.join("inside"), around.path().join("link")).unwrap();
        assert_eq!(is_apart(&apart, &data), Some(true));
        assert_eq!(is_apart(&data.join("inside"), &data), Some(false));
        assert_eq!(is_apart(&around.path().join("link"), &data), Some(false));
        assert_eq!(is_apart(&around.path().join("none"), &data), None);
        fs::set_permissions(&apart, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(kept(&apart).map(|kept| kept.mode), Some(0o640));
        assert_eq!(kept(&around.path().join("none")), None);
    }
}
