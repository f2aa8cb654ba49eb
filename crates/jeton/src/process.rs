//! What the system tells of this process, for the metrics. Linux tells it in `/proc`; what is not there is not told.

use std::fs;

use jeton_core::moment::Time;
use jeton_http::observe::ProcessFigures;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

const OWN_FILES: &str = "/proc/self/fd";

/// Looks at the process that began at this time.
pub(crate) fn look(began: Time) -> ProcessFigures {
    ProcessFigures {
        started_at_seconds: Some(began.seconds()),
        cpu_micros: cpu_micros(),
        resident_bytes: fs::read_to_string("/proc/self/status").ok().and_then(|text| resident_bytes(&text)),
        open_files: open_files(),
        open_files_max: getrlimit(Resource::Nofile).current,
    }
}

fn cpu_micros() -> Option<u64> {
    let reading = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(reading.tv_sec).ok()?;
    Some(seconds.saturating_mul(1_000_000).saturating_add(u64::try_from(reading.tv_nsec / 1_000).ok()?))
}

/// As `status` has it: `VmRSS:     1234 kB`, which are of 1,024 bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let figure = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = figure.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.saturating_mul(1_024))
}

/// Newer systems say how many there are; on others they are counted, without the one that this takes.
fn open_files() -> Option<u64> {
    match fs::metadata(OWN_FILES).ok()?.len() {
        0 => (fs::read_dir(OWN_FILES).ok()?.count() as u64).checked_sub(1),
        told => Some(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_likely() {
        let (one, began) = (tempfile::tempfile().unwrap(), Time::from_seconds(7));
        let before = look(began);
        let more: Vec<_> = (0..50).map(|_| one.try_clone().unwrap()).collect();
        let after = look(began);
        assert_eq!(before.started_at_seconds, Some(7));
        assert!(before.cpu_micros.unwrap() <= after.cpu_micros.unwrap());
        assert!((1 << 20..1 << 40).contains(&after.resident_bytes.unwrap()), "{after:?}");
        assert!(before.open_files.unwrap() + 25 <= after.open_files.unwrap(), "{before:?} {after:?}");
        assert!(after.open_files_max.is_none_or(|most| most >= after.open_files.unwrap()));
        drop(more);
    }

    #[test]
    fn memory_is_read_as_the_system_writes_it() {
        assert_eq!(resident_bytes("VmSize:\t  99 kB\nVmRSS:\t    1234 kB\nThreads:\t3\n"), Some(1_263_616));
        assert_eq!((resident_bytes(""), resident_bytes("VmRSS: much kB"), resident_bytes("VmRSS: 7")), (None, None, None));
    }
}
