//! `oidc_provider_*`: npm's `oidc-provider` with its adapter in memory, which keeps 1,000 entries and nothing on disk.

use std::process::Command;
use std::time::Duration;

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::http::{Template, basic_authorization, exchange};
use crate::load::{self, Shape, Traffic};
use crate::peers::{self, SECRET};
use crate::row::{Figures, Limit, Reading};
use crate::server::Server;
use crate::tokens::Tokens;
use crate::traffic::{PerToken, Same};

const PREFIX: &str = "oidc_provider";

/// Its compiler takes that long to get going.
const WARM_UP: Duration = Duration::from_secs(2);

/// Half of what its adapter keeps.
const INTROSPECTED: usize = 500;

/// Installs, starts and measures it; rows that say why where it cannot be installed.
pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<(), Failure> {
    if !bench.wants(PREFIX) {
        return Ok(());
    }
    // It stands beside for comparison: its failure is no failure of the run.
    if let Err(failure) = start(bench).and_then(|server| measure_on(bench, &server)) {
        bench.miss(PREFIX, Limit::None, &failure.to_string());
    }
    Ok(())
}

fn start(bench: &Bench<'_>) -> Result<Server, Failure> {
    let files = [
        ("package.json", include_str!("../peer/oidc_provider/package.json")),
        ("server.mjs", include_str!("../peer/oidc_provider/server.mjs")),
    ];
    let folder = peers::node(&bench.scratch, "oidc_provider", &files)?;
    let mut node = Command::new("node");
    node.arg("server.mjs").current_dir(&folder).env("PEER_SECRET", SECRET).env("NODE_ENV", "production");
    Server::announced(&mut node, bench.cores, &bench.scratch.join("peer.log"))
}

fn measure_on(bench: &mut Bench<'_>, server: &Server) -> Result<(), Failure> {
    let authorization = [basic_authorization("bench", SECRET)];
    let token = Template::form("/token", &authorization);
    let issue = |format: &str| token.with(&format!("grant_type=client_credentials&scope=read&resource=https%3A%2F%2F{format}.example"));
    for format in ["opaque", "es256", "eddsa"] {
        row(bench, server, &format!("issue_{format}"), &mut Same::new(issue(format)))?;
    }
    if !bench.wants("oidc_provider_introspect") {
        return Ok(());
    }
    let mut tokens = Tokens::default();
    while tokens.len() < INTROSPECTED {
        let (status, body) = exchange(server.address, &issue("opaque"))?;
        if !tokens.push_from(&body) {
            return Err(Failure::new(format!("oidc-provider answered {status} to a token request")));
        }
    }
    let introspection = Template::form("/token/introspection", &authorization);
    row(bench, server, "introspect", &mut PerToken::again(&introspection, &tokens, 0..INTROSPECTED, br#""active":true"#))
}

fn row(bench: &mut Bench<'_>, server: &Server, name: &str, traffic: &mut dyn Traffic) -> Result<(), Failure> {
    let name = format!("{PREFIX}_{name}");
    if !bench.wants(&name) {
        return Ok(());
    }
    // More connections make it no faster, and its tail longer.
    let connections = 64;
    let shape = Shape { connections, warm_up: WARM_UP, measured: bench.sizes.measured, rate: None };
    let measured = load::run(server.address, server.process(), shape, traffic)?;
    bench.keep(Reading {
        name: row_name(&name, connections),
        figures: Figures::Load { connections, measured },
        limit: Limit::None,
        mean_group: None,
        note: None,
    });
    Ok(())
}
