//! `refresh`: a refresh token spent for the next, with another access token, and `code_exchange`: a code spent for both; durable before the
//! answer, among a million families.

use serde_json::Value;

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::fill_codes::{self, Asked};
use crate::fill_grants::{self, Allowed};
use crate::http::{Template, basic_authorization};
use crate::row::{Figures, Limit, Reading};
use crate::tokens::Tokens;
use crate::traffic::PerToken;
use crate::world::{World, audience};

/// Where codes are sent, and what the application can tell afterwards.
const REDIRECT_URI: &str = "https://bench.example/callback";
const VERIFIER: &str = "0123456789012345678901234567890123456789012";
/// Of the tokens that a run knows, one code in so many for each number of connections: they are good for a minute.
const CODES: usize = 3;

const LIMIT_OF_AN_EXCHANGE: Limit = Limit::Floor { factor: 3.0, signature: Some("sign_es256") };
const LIMIT: Limit = Limit::Floor { factor: 2.5, signature: Some("sign_es256") };
const FORMAT: &str = "es256";

/// Measures each number of connections, each token spent once, the floor between them.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("refresh") {
        return Ok(());
    }
    let application = Application::register(world, "refreshing")?;
    let known = bench.sizes.known.min(bench.sizes.tokens);
    let tokens = application.fill(world, bench.sizes.tokens, known)?;
    refreshes(bench, world, &application, &tokens)?;
    bench.sample_floor()
}

/// The same of codes, each spent once.
pub(crate) fn measure_exchange(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("code_exchange") {
        return Ok(());
    }
    let application = Application::register(world, "exchanging")?;
    // Where refreshes were measured the families are there.
    if !bench.wants("refresh") {
        application.fill(world, bench.sizes.tokens, 1)?;
    }
    exchanges(bench, world, &application)?;
    bench.sample_floor()
}

fn refreshes(bench: &mut Bench<'_>, world: &mut World, application: &Application, tokens: &Tokens) -> Result<(), Failure> {
    let share = tokens.len() / bench.sizes.connections.len().max(1);
    for (place, connections) in bench.sizes.connections.iter().enumerate() {
        let before = world.jeton.counters()?;
        let range = place * share..(place + 1) * share;
        let mut traffic = PerToken::once(&application.template, tokens, range, br#""refresh_token":"#)
            .within(b"grant_type=refresh_token&refresh_token=", b"");
        let measured = bench.load(&world.jeton, *connections, &mut traffic)?;
        let mean_group = world.jeton.counters()?.mean_group_since(before);
        bench.keep(Reading {
            name: row_name("refresh", *connections),
            figures: Figures::Load { connections: *connections, measured },
            limit: LIMIT,
            mean_group,
            note: Some(format!("among {} families, each spent for the first time", bench.sizes.tokens)),
        });
    }
    Ok(())
}

fn exchanges(bench: &mut Bench<'_>, world: &mut World, application: &Application) -> Result<(), Failure> {
    for connections in bench.sizes.connections {
        let codes = application.codes(world, bench.sizes.known / CODES, *connections)?;
        let before = world.jeton.counters()?;
        let mut traffic = PerToken::once(&application.template, &codes, 0..codes.len(), br#""refresh_token":"#)
            .within(b"grant_type=authorization_code&code_verifier=0123456789012345678901234567890123456789012&code=", b"");
        let measured = bench.load(&world.jeton, *connections, &mut traffic)?;
        let mean_group = world.jeton.counters()?.mean_group_since(before);
        bench.keep(Reading {
            name: row_name("code_exchange", *connections),
            figures: Figures::Load { connections: *connections, measured },
            limit: LIMIT_OF_AN_EXCHANGE,
            mean_group,
            note: Some(format!("among {} families", bench.sizes.tokens)),
        });
    }
    Ok(())
}

/// An application that acts for people.
struct Application {
    client: String,
    person: String,
    api: String,
    role: String,
    template: Template,
}

impl Application {
    fn register(world: &mut World, name: &str) -> Result<Application, Failure> {
        let audience = audience(FORMAT);
        let person = world.jeton.administer(&["user", "create", "--username", name])?;
        let role = world.jeton.administer(&["role", "create", "--audience", &audience, "--name", name, "--scope", "read"])?;
        world.jeton.administer(&["role", "assign", name, &format!("user:{name}")])?;
        let api = world.jeton.administer(&["api", "show", &audience])?;
        let words = ["client", "create", "--name", name, "--audience", &audience, "--scope", "read"];
        let grants = ["--grant-type", "authorization_code", "--grant-type", "refresh_token", "--redirect-uri", REDIRECT_URI];
        let client = world.jeton.administer(&[&words[..], &grants].concat())?;
        let text = |made: &Value, name: &str| {
            made.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Failure::new(format!("`jeton` named no {name}")))
        };
        let (id, secret) = (text(&client, "client_id")?, text(&client, "client_secret")?);
        Ok(Application {
            template: Template::form("/oauth/token", &[basic_authorization(&id, &secret)]),
            client: id,
            person: text(&person, "id")?,
            api: text(&api, "id")?,
            role: text(&role, "id")?,
        })
    }

    /// Refresh tokens of so many families, in an order of chance.
    fn fill(&self, world: &mut World, families: usize, known: usize) -> Result<Tokens, Failure> {
        println!("  writing {families} refresh families");
        world.jeton.stop()?;
        let allowed = Allowed { client: &self.client, person: &self.person, api: &self.api, scope: "read" };
        let mut tokens = fill_grants::add(&world.jeton, &allowed, families, known)?;
        tokens.shuffle(0, 7);
        world.jeton.start()?;
        Ok(tokens)
    }

    /// Codes that were just given, to people who are there for this `turn` alone.
    fn codes(&self, world: &mut World, count: usize, turn: usize) -> Result<Tokens, Failure> {
        println!("  writing {count} codes");
        world.jeton.stop()?;
        let asked = Asked {
            client: &self.client,
            api: &self.api,
            scope: "read",
            role: &self.role,
            redirect_uri: REDIRECT_URI,
            verifier: VERIFIER,
            turn,
        };
        let mut tokens = fill_codes::add(&world.jeton, &asked, count)?;
        tokens.shuffle(0, 7);
        world.jeton.start()?;
        Ok(tokens)
    }
}
