//! What an upgrade keeps, and for how long.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use jeton_core::moment::Time;
use jeton_service::Service;
use jeton_store_sqlite::kept_in;
use tokio::task::JoinHandle;
use tokio::time::interval;

/// How long the database as it was before an upgrade is kept, in seconds: whoever goes back later loses more than they gain.
const KEPT_SECONDS: i64 = 7 * 86_400;

/// How often it is looked for.
const EACH: Duration = Duration::from_secs(3_600);

/// Removes what upgrades have kept for long enough, by a clock that is believed.
pub(crate) fn begin(service: &Arc<Service>, data: &Path) -> JoinHandle<()> {
    let (service, data) = (service.clone(), data.to_owned());
    tokio::spawn(async move {
        let mut ticks = interval(EACH);
        loop {
            ticks.tick().await;
            let now = service.moments().time();
            if service.posture().may_destroy(now) {
                leave(&data, now);
            }
        }
    })
}

fn leave(data: &Path, now: Time) {
    let kept = match kept_in(data) {
        Ok(kept) => kept,
        Err(error) => return tracing::warn!(%error, "what an upgrade kept could not be looked for"),
    };
    for path in kept {
        let written = fs::metadata(&path).and_then(|metadata| metadata.modified());
        let age = written.ok().and_then(|written| written.duration_since(UNIX_EPOCH).ok());
        let seconds = age.and_then(|age| i64::try_from(age.as_secs()).ok());
        if seconds.is_none_or(|seconds| now.seconds() - seconds < KEPT_SECONDS) {
            continue;
        }
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!(path = %path.display(), "the database as it was before an upgrade left"),
            Err(error) => tracing::warn!(%error, path = %path.display(), "the database as it was before an upgrade could not leave"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_leaves_after_a_week_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["jeton.version-7.db", "jeton.version-x.db", "jeton.db"];
        let written = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
            File::options().write(true).open(folder.path().join(name)).unwrap().set_modified(written).unwrap();
        }
        let there = |name: &&str| folder.path().join(name).exists();
        leave(folder.path(), Time::from_seconds(1_790_000_000 + KEPT_SECONDS - 1));
        assert!(names.iter().all(there));
        leave(folder.path(), Time::from_seconds(1_790_000_000 + KEPT_SECONDS));
        assert_eq!(names.map(|name| there(&name)), [false, true, true]);
    }
}
