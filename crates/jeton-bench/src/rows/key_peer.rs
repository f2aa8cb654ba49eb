//! `better_auth_key_verify` and `django_key_verify`: what npm's `better-auth` and PyPI's `djangorestframework-api-key` take to check a key.
//! The one keeps its one key in memory, the other in SQLite; neither counts uses or asks for rights.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::bench::{Bench, row_name};
use crate::failure::{Doing, Failure};
use crate::http::{Template, exchange};
use crate::load::{self, Shape};
use crate::peers::{self, SECRET};
use crate::row::{Figures, Limit, Reading};
use crate::server::Server;
use crate::traffic::Same;

/// Compilers at run time take that long to get going.
const WARM_UP: Duration = Duration::from_secs(2);

/// More make them no faster, and their tails longer.
const CONNECTIONS: usize = 64;

/// Installs a peer, and says what starts it.
type LayOut = fn(&Path) -> Result<Command, Failure>;

/// Installs, starts and measures them; rows that say why where one cannot be installed.
pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let peers: [(&str, LayOut); 2] = [("better_auth_key_verify", better_auth), ("django_key_verify", django)];
    for (name, lay_out) in peers {
        if !bench.wants(name) {
            continue;
        }
        // They stand beside for comparison: their failure is no failure of the run.
        if let Err(failure) = lay_out(&bench.scratch).and_then(|program| measure_one(bench, name, program)) {
            bench.miss(name, Limit::None, &failure.to_string());
        }
    }
    Ok(())
}

fn better_auth(scratch: &Path) -> Result<Command, Failure> {
    let files = [
        ("package.json", include_str!("../peer/better_auth/package.json")),
        ("server.mjs", include_str!("../peer/better_auth/server.mjs")),
    ];
    let folder = peers::node(scratch, "better_auth", &files)?;
    let mut program = Command::new("node");
    program.arg("server.mjs").env("NODE_ENV", "production").current_dir(folder);
    Ok(program)
}

fn django(scratch: &Path) -> Result<Command, Failure> {
    let files =
        [("requirements.txt", include_str!("../peer/django/requirements.txt")), ("peer.py", include_str!("../peer/django/peer.py"))];
    let folder = peers::python(scratch, "django", &files)?;
    let mut program = Command::new(folder.join("environment/bin/python"));
    program.arg("peer.py").current_dir(folder);
    Ok(program)
}

fn measure_one(bench: &mut Bench<'_>, name: &str, mut program: Command) -> Result<(), Failure> {
    let folder = program.get_current_dir().map(Path::to_path_buf).unwrap_or_default();
    let server = Server::announced(program.env("PEER_SECRET", SECRET), bench.cores, &bench.scratch.join("peer.log"))?;
    let key = fs::read_to_string(folder.join("key.txt")).doing("reading the peer's key")?;
    let check = |key: &str| Template::post("/", "application/json", &[]).with(&format!(r#"{{"key":"{key}"}}"#));
    // What accepts everything would be measured for nothing.
    for (key, expected) in [(key.as_str(), r#"{"valid":true}"#), ("no-key", r#"{"valid":false}"#)] {
        let (status, body) = exchange(server.address, &check(key))?;
        if status != 200 || body != expected.as_bytes() {
            return Err(Failure::new(format!("it answered {status} to a check: {}", String::from_utf8_lossy(&body))));
        }
    }
    let shape = Shape { connections: CONNECTIONS, warm_up: WARM_UP, measured: bench.sizes.measured, rate: None };
    let measured = load::run(server.address, server.process(), shape, &mut Same::new(check(&key)))?;
    bench.keep(Reading {
        name: row_name(name, CONNECTIONS),
        figures: Figures::Load { connections: CONNECTIONS, measured },
        limit: Limit::None,
        mean_group: None,
        note: None,
    });
    Ok(())
}
