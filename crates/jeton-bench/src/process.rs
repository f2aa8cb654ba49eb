//! What the kernel knows about a running process: processor time and memory.

use std::fs;
use std::time::Duration;

use crate::failure::{Doing, Failure};

/// Processor time of all living threads of a process, in nanoseconds of the scheduler's own account.
///
/// A thread that has ended is no longer counted: a difference is right for a server whose threads stay.
pub(crate) fn processor_time(process: u32) -> Result<Duration, Failure> {
    processor_time_of(process, |_| true)
}

/// The same of the threads whose names are `chosen`; the kernel keeps fifteen bytes of a name.
pub(crate) fn processor_time_of(process: u32, chosen: impl Fn(&str) -> bool) -> Result<Duration, Failure> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).doing("reading the server's threads")?;
    let mut sum = 0_u64;
    for thread in threads {
        let folder = thread.doing("reading the server's threads")?.path();
        let file = folder.join("schedstat");
        // A thread may end between the listing and the reading.
        let (Ok(text), Ok(name)) = (fs::read_to_string(&file), fs::read_to_string(folder.join("comm"))) else { continue };
        if !chosen(name.trim()) {
            continue;
        }
        sum += first_number(&text).ok_or_else(|| Failure::new(format!("{} holds no number", file.display())))?;
    }
    if sum == 0 {
        return Err(Failure::new("no such thread, or the kernel keeps no processor times (schedstat)"));
    }
    Ok(Duration::from_nanos(sum))
}

/// Resident memory of a process in MiB.
pub(crate) fn resident_mebibytes(process: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).doing("reading the server's memory")?;
    resident_kibibytes(&status).map(|kibibytes| kibibytes / 1024.0).ok_or_else(|| Failure::new("the status names no VmRSS"))
}

fn resident_kibibytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_texts_are_read() {
        assert_eq!(first_number("480391 82464 2\n"), Some(480_391));
        assert_eq!(first_number("\n"), None);
        assert_eq!(resident_kibibytes("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2048.0));
        assert_eq!(resident_kibibytes("VmSize:\t 1 kB\n"), None);
    }

    #[test]
    fn threads_are_chosen_by_name() {
        let own = std::process::id();
        assert!(processor_time_of(own, |name| name == "no such thread").is_err());
        assert!(processor_time_of(own, |name| !name.is_empty()).is_ok());
    }

    #[test]
    fn own_time_grows_with_work() {
        let own = std::process::id();
        let before = processor_time(own).expect("own processor time");
        let mut sum = 0_u64;
        while processor_time(own).expect("own processor time") < before + Duration::from_millis(2) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(resident_mebibytes(own).expect("own memory") > 0.5);
    }
}
