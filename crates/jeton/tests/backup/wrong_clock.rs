//! A clock that can be set wrong for a server that runs: between it and the library of C.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::place::Place;

const SOURCE: &str = include_str!("wrong_clock.c");

/// The clock of servers that are started with it.
pub(crate) struct WrongClock {
    folder: TempDir,
}

impl WrongClock {
    /// A right one; nothing where there is no compiler for C.
    pub(crate) fn new() -> Option<WrongClock> {
        let clock = WrongClock { folder: tempfile::tempdir().unwrap() };
        fs::write(clock.path("clock.c"), SOURCE).unwrap();
        clock.shift(0);
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-shared", "-fPIC", "-o"]).args([clock.path("clock.so"), clock.path("clock.c")]).arg("-lpthread");
        match compiler.output() {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                // Not through `println`, which a test that passes keeps to itself.
                writeln!(io::stderr(), "NOT PLAYED: a wrong clock: there is no `cc` here ({error})").unwrap();
                return None;
            }
        }
        Some(clock)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets it wrong by so many seconds, also for a server that runs.
    pub(crate) fn shift(&self, seconds: i64) {
        let page = OpenOptions::new().write(true).create(true).truncate(false).open(self.path("page")).unwrap();
        page.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    /// Starts a server that reads it.
    pub(crate) fn start(&self, place: &mut Place, data: &str, more: &[&str]) {
        let mut command = place.command(&[]);
        command.env("LD_PRELOAD", self.path("clock.so")).env("WRONG_CLOCK", self.path("page"));
        place.start_within_with(command, data, more);
    }
}
