//! What the figures were measured on.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::affinity::Cores;
use crate::clock;

/// Machine, date and versions, as far as they can be found out.
pub(crate) struct Machine {
    lines: Vec<(&'static str, String)>,
}

impl Machine {
    pub(crate) fn look(cores: Cores, scratch: &Path, jeton: &Path) -> Self {
        let placing = if cores.server == cores.load {
            format!("server and load share core {}: the wall figures mean little", cores.server)
        } else {
            format!("server on core {}, load on core {}", cores.server, cores.load)
        };
        let mut lines = vec![
            ("date", date(clock::unix_seconds())),
            ("processor", format!("{}, {} cores; {placing}", processor_name().unwrap_or_else(unknown), cores.allowed)),
            ("memory", memory().unwrap_or_else(unknown)),
            ("kernel", first_line("/proc/sys/kernel/osrelease").unwrap_or_else(unknown)),
            ("disk", filesystem(scratch).unwrap_or_else(unknown)),
            ("load before", first_line("/proc/loadavg").unwrap_or_else(unknown)),
            ("jeton-bench", build()),
        ];
        for (name, program, arguments) in [("jeton", jeton, ["version"]), ("node", Path::new("node"), ["--version"])] {
            lines.push((name, version(program, &arguments).unwrap_or_else(|| "not there".to_owned())));
        }
        Self { lines }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in &self.lines {
            writeln!(formatter, "{name:<12} {text}")?;
        }
        Ok(())
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn build() -> String {
    let profile = if cfg!(debug_assertions) { "DEBUG BUILD: the figures mean nothing" } else { "release build" };
    format!("{}, {profile}, axum 0.8 on mimalloc, aws-lc-rs 1", env!("CARGO_PKG_VERSION"))
}

fn processor_name() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: u64 = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?.parse().ok()?;
    Some(format!("{} MiB", kibibytes / 1024))
}

fn first_line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()?.lines().next().map(str::to_owned)
}

/// The mount that holds `folder`: the longest mount point that it starts with.
fn filesystem(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let (_, kind) = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())?;
    Some(kind.to_owned())
}

fn version(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}

/// A day and time of UTC, from the proleptic Gregorian calendar.
fn date(unix_seconds: i64) -> String {
    let (days, seconds) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    // Days are counted from the first of March of year 0, so that a leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", seconds / 3_600, seconds / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59 UTC"),
            (1_795_000_000, "2026-11-18 11:06 UTC"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }
}
