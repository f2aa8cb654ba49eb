//! What lies around the server, as `jeton doctor` hears of it: files, listeners, configuration. What cannot be read is not known.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jeton_core::doctor::{BackupsSeen, CertificateLife, Kept, Surroundings};
use jeton_http::edge::Tls;
use jeton_http::extract::TrustedProxies;
use rustix::process::{DumpableBehavior, dumpable_behavior};

use crate::config::Config;

/// Looks around; `tls` is what the listeners show, `backups` how they stand.
pub(crate) fn look(config: &Config, tls: Option<&Tls>, backups: Option<BackupsSeen>) -> Surroundings {
    Surroundings {
        data: kept(&config.data),
        root_file: kept(&config.root_key_file),
        is_root_file_apart: is_apart(&config.root_key_file, &config.data),
        may_leave_core: dumpable_behavior().ok().map(|behavior| behavior != DumpableBehavior::NotDumpable),
        is_reached_from_elsewhere: Some([Some(config.listen), config.admin_listen].into_iter().flatten().any(|at| !at.ip().is_loopback())),
        has_tls: Some(tls.is_some()),
        certificate: tls
            .map(Tls::validity)
            .map(|validity| CertificateLife { begins: validity.begins_seconds, ends: validity.ends_seconds }),
        has_proxy: Some(config.observing.proxies != TrustedProxies::default()),
        has_access_log: Some(config.observing.access_log.is_some()),
        has_metrics_listener: Some(config.metrics_listen.is_some()),
        backups: Some(backups),
    }
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
