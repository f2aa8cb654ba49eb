//! The unit of systemd that a release comes with: what it lets the server call is what the server calls.

use std::collections::BTreeSet;
use std::process::Command;

use rustix::process::Signal;

use crate::place::Place;

const UNIT: &str = include_str!("../../../../xtask/src/dist/jeton.service");

/// Becomes a program that is ended by whatever it calls beside these: the first argument, words.
const CONFINED: &str = r#"
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
ALLOW, END = 0x7FFF0000, 0x80000000
filter = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(END)))
# Where root runs it, SQLite gives its log to the owner of the database; the unit's user is another.
beside = " fchown" if os.geteuid() == 0 else ""
for name in (sys.argv[1] + beside).split():
    number = library.seccomp_syscall_resolve_name(name.encode())
    # Of another architecture.
    if number >= 0:
        assert library.seccomp_rule_add_array(filter, ctypes.c_uint32(ALLOW), number, 0, None) == 0, name
assert library.seccomp_load(filter) == 0
os.execv(sys.argv[2], sys.argv[2:])
"#;

/// What a command prints; `None`: this machine does not have it.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// The calls of a set, also of those within it.
fn calls(set: &str) -> Option<BTreeSet<String>> {
    if !set.starts_with('@') {
        return Some(BTreeSet::from([set.to_owned()]));
    }
    let text = said("systemd-analyze", &["syscall-filter", set])?;
    let named = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#') && *line != set);
    named.map(calls).collect::<Option<Vec<_>>>().map(|sets| sets.into_iter().flatten().collect())
}

/// What the unit lets the program call: each line adds to those before it, or takes away. What every program needs is in it.
fn allowed() -> Option<BTreeSet<String>> {
    let mut allowed = calls("@default")?;
    for line in UNIT.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (takes_away, sets) = line.strip_prefix('~').map_or((false, line), |sets| (true, sets));
        for set in sets.split_whitespace() {
            let calls = calls(set)?;
            if takes_away { allowed.retain(|call| !calls.contains(call)) } else { allowed.extend(calls) }
        }
    }
    Some(allowed)
}

#[test]
fn a_server_calls_nothing_that_the_unit_refuses() {
    // A call that is refused all the same, by another version of the library of C, is an error and not the end.
    assert!(UNIT.lines().any(|line| line == "SystemCallErrorNumber=EPERM"));
    let has_filters = said("python3", &["-c", "import ctypes; ctypes.CDLL('libseccomp.so.2')"]).is_some();
    let Some(allowed) = allowed().filter(|_| has_filters) else {
        eprintln!("NOT PLAYED: there is no systemd-analyze, python3 or libseccomp here");
        assert!(UNIT.lines().any(|line| line == "SystemCallFilter=setpriority"));
        return;
    };
    let words = allowed.into_iter().collect::<Vec<_>>().join(" ");
    let mut place = Place::without_server("access_log = \"access.log\"");
    let mut confined = Command::new("python3");
    confined.args(["-c", CONFINED, &words, env!("CARGO_BIN_EXE_jeton")]).current_dir(place.folder.path());
    // What tests are run with is no configuration of a server.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JETON_")) {
        confined.env_remove(name);
    }
    place.start_within(confined, "jeton-data");
    // The first snapshot is made as soon as it serves.
    place.wait_until_shipped();
    place.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read", "--token-format", "opaque"]);
    place.done(&["client", "create", "--name", "worker", "--audience", "a:b", "--scope", "read", "--may-introspect"]);
    let token = place.token();
    assert!(place.is_active("jeton-data", &token));
    place.done(&["backup", "create"]);
    place.done(&["backup", "drill"]);
    assert!(place.end(Signal::TERM).success());
}
