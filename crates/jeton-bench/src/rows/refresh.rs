//! `refresh`: a refresh token spent for the next, with another access token, durable before the answer, among a million families.

use serde_json::Value;

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::fill_grants::{self, Allowed};
use crate::http::{Template, basic_authorization};
use crate::row::{Figures, Limit, Reading};
use crate::traffic::PerToken;
use crate::world::{World, audience};

const LIMIT: Limit = Limit::Floor { factor: 2.5, signature: Some("sign_es256") };
const FORMAT: &str = "es256";

/// Measures each number of connections, each token spent once, the floor between them.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("refresh") {
        return Ok(());
    }
    let (families, known) = (bench.sizes.tokens, bench.sizes.known.min(bench.sizes.tokens));
    let (template, tokens) = fill(world, families, known)?;
    let share = tokens.len() / bench.sizes.connections.len().max(1);
    for (place, connections) in bench.sizes.connections.iter().enumerate() {
        let before = world.jeton.counters()?;
        let range = place * share..(place + 1) * share;
        let mut traffic =
            PerToken::once(&template, &tokens, range, br#""refresh_token":"#).within(b"grant_type=refresh_token&refresh_token=", b"");
        let measured = bench.load(&world.jeton, *connections, &mut traffic)?;
        let mean_group = world.jeton.counters()?.mean_group_since(before);
        bench.keep(Reading {
            name: row_name("refresh", *connections),
            figures: Figures::Load { connections: *connections, measured },
            limit: LIMIT,
            mean_group,
            note: Some(format!("among {families} families, each spent for the first time")),
        });
    }
    bench.sample_floor()
}

/// Somebody, an application that they allowed something, and their refresh tokens in an order of chance.
fn fill(world: &mut World, families: usize, known: usize) -> Result<(Template, crate::tokens::Tokens), Failure> {
    println!("  writing {families} refresh families");
    let audience = audience(FORMAT);
    let person = world.jeton.administer(&["user", "create", "--username", "bench"])?;
    world.jeton.administer(&["role", "create", "--audience", &audience, "--name", "reader", "--scope", "read"])?;
    world.jeton.administer(&["role", "assign", "reader", "user:bench"])?;
    let api = world.jeton.administer(&["api", "show", &audience])?;
    let words = ["client", "create", "--name", "application", "--audience", &audience, "--scope", "read"];
    let grants =
        ["--grant-type", "authorization_code", "--grant-type", "refresh_token", "--redirect-uri", "https://bench.example/callback"];
    let client = world.jeton.administer(&[&words[..], &grants].concat())?;
    let text = |made: &Value, name: &str| {
        made.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Failure::new(format!("`jeton` named no {name}")))
    };
    let (client_id, client_secret) = (text(&client, "client_id")?, text(&client, "client_secret")?);
    world.jeton.stop()?;
    let allowed = Allowed { client: &client_id, person: &text(&person, "id")?, api: &text(&api, "id")?, scope: "read" };
    let mut tokens = fill_grants::add(&world.jeton, &allowed, families, known)?;
    tokens.shuffle(0, 7);
    world.jeton.start()?;
    Ok((Template::form("/oauth/token", &[basic_authorization(&client_id, &client_secret)]), tokens))
}
