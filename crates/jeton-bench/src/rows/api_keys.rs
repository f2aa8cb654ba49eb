//! `key_verify_*`: checking API keys from memory, past memory, and with limits. `keys_*`: pages of lists among a million of them.

use std::path::Path;

use serde_json::Value;

use super::key_scale;
use crate::bench::{Bench, row_name};
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::fill_keys::{self, AUDIENCE, OWNERS, RARE, Texts};
use crate::floor::Floor;
use crate::http::{Template, basic_authorization, exchange_on_socket, get};
use crate::jeton::Jeton;
use crate::load::Traffic;
use crate::process;
use crate::row::{Figures, Limit, Reading};
use crate::tokens::Tokens;
use crate::traffic::PerToken;

const VALID: &[u8] = br#""valid":true"#;

/// So few keys that any cache holds them.
const HOT: usize = 1_000;

/// Pages of each list that are read.
const PAGES: usize = 60;

const FROM_MEMORY: Limit = Limit::KeyCheck { factor: 1.5 };
const ON_A_MISS: Limit = Limit::KeyCheck { factor: 2.5 };
const WITH_LIMITS: Limit = Limit::KeyCheck { factor: 2.0 };
const PAGE: Limit = Limit::Value(50.0);

/// What a list is asked for, the how-manieth time.
type Query = fn(usize) -> String;

/// Keys, and the client of an API that checks them.
struct World {
    jeton: Jeton,
    template: Template,
    texts: Texts,
}

/// Fills a store of its own and measures.
pub(crate) fn measure(bench: &mut Bench<'_>, program: &Path) -> Result<(), Failure> {
    if !["key_verify", "keys_"].iter().any(|name| bench.wants(name)) {
        return Ok(());
    }
    let mut world = fill(bench, program)?;
    bench.sample_floor()?;
    checks(bench, &mut world)?;
    bench.sample_floor()?;
    pages(bench, &world)?;
    key_scale::measure(bench, &mut world.jeton)
}

fn fill(bench: &mut Bench<'_>, program: &Path) -> Result<World, Failure> {
    let mut jeton = Jeton::init(program, bench.empty_folder("keys")?, bench.cores)?;
    jeton.start()?;
    let api = jeton.administer(&["api", "create", "--audience", AUDIENCE, "--scope", "read=Read"])?;
    let client = jeton.administer(&["client", "create", "--name", "bench", "--audience", AUDIENCE, "--may-introspect"])?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let authorization = basic_authorization(&text(&client, "client_id"), &text(&client, "client_secret"));
    jeton.stop()?;
    println!("  writing {} keys", bench.sizes.keys);
    let texts = fill_keys::add(&jeton, &text(&api, "id"), bench.sizes.keys, (bench.sizes.known_keys, HOT))?;
    jeton.start()?;
    if bench.wants("keys_pass") {
        key_scale::first_pass(bench, &jeton)?;
    }
    let template = Template::post("/api/v1/keys/verify", "application/json", &[authorization]);
    Ok(World { jeton, template, texts })
}

fn checks(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    let hot = |tokens: &Tokens| 0..HOT.min(tokens.len());
    for connections in bench.sizes.connections {
        for (name, tokens, limit) in [
            ("key_verify_cached", &world.texts.plain, FROM_MEMORY),
            ("key_verify_rate_limited", &world.texts.rated, WITH_LIMITS),
            ("key_verify_max_uses", &world.texts.counted, WITH_LIMITS),
        ] {
            if bench.wants(name) {
                let mut traffic = PerToken::again(&world.template, tokens, hot(tokens), VALID).within(br#"{"key":""#, br#""}"#);
                row(bench, &world.jeton, name, *connections, limit, &mut traffic)?;
            }
        }
    }
    if bench.wants("key_verify_miss") {
        // A fresh server has nothing in memory, and each key is asked for once.
        world.jeton.stop()?;
        world.jeton.start()?;
        let mut rest = HOT..world.texts.plain.len();
        for connections in bench.sizes.connections {
            let mut traffic = PerToken::once(&world.template, &world.texts.plain, rest.clone(), VALID).within(br#"{"key":""#, br#""}"#);
            row(bench, &world.jeton, "key_verify_miss", *connections, ON_A_MISS, &mut traffic)?;
            rest.start = traffic.next();
        }
        // Now the caches of keys are as full as they get.
        let mebibytes = process::resident_mebibytes(world.jeton.server()?.process())?;
        value(bench, "rss_full_key_caches", Figures::Value { value: mebibytes, unit: "MiB" }, Limit::None);
    }
    Ok(())
}

/// Each list page after page, or, where one page has all, asked another way each time.
fn pages(bench: &mut Bench<'_>, world: &World) -> Result<(), Failure> {
    let lists: [(&str, Query); 8] = [
        ("keys_newest", |_| String::new()),
        ("keys_by_end", |_| "order=expires".to_owned()),
        ("keys_of_owner", |number| format!("owner=external%3Acustomer-{}", number * 97 % OWNERS)),
        ("keys_revoked", |_| "state=revoked".to_owned()),
        ("keys_expiring", |_| "expires_before=2099-01-01T00%3A00%3A00Z".to_owned()),
        ("keys_search_rare", |number| format!("search=batch{}", number * 37 % RARE)),
        ("keys_search_common", |_| "search=import".to_owned()),
        ("keys_no_index", |_| "environment=test".to_owned()),
    ];
    for (name, query) in lists {
        if !bench.wants(name) {
            continue;
        }
        match page_times(world, query) {
            Ok(times) => {
                let at = |part: usize| times.get((times.len() - 1) * part / 100).copied().unwrap_or(0.0);
                value(bench, name, Figures::Delay { p50_ms: at(50), p99_ms: at(99), worst_ms: at(100) }, PAGE);
            }
            Err(failure) => bench.fail(name, &failure),
        }
    }
    Ok(())
}

/// In milliseconds, the least first.
fn page_times(world: &World, query: Query) -> Result<Vec<f64>, Failure> {
    let socket = world.jeton.data().join("jeton.sock");
    let mut times = Vec::with_capacity(PAGES);
    let mut cursor = None;
    for number in 0..PAGES {
        let query = query(number);
        let after = cursor.as_ref().map(|cursor: &String| format!("&cursor={cursor}")).unwrap_or_default();
        let before = clock::now();
        let (status, body) = exchange_on_socket(&socket, &get(&format!("/api/v1/keys?limit=100&{query}{after}")))?;
        times.push(before.elapsed().as_secs_f64() * 1_000.0);
        if status != 200 {
            return Err(Failure::new(format!("a page answered {status}: {}", String::from_utf8_lossy(&body))));
        }
        let page: Value = serde_json::from_slice(&body).doing("reading a page")?;
        // A list that is asked another way each time begins anew.
        let next = page.get("next").and_then(Value::as_str).map(str::to_owned);
        cursor = next.filter(|_| is_same(&query));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Whether a query has no number that changes.
fn is_same(query: &str) -> bool {
    !query.contains("customer-") && !query.contains("batch")
}

fn row(
    bench: &mut Bench<'_>,
    jeton: &Jeton,
    name: &str,
    connections: usize,
    limit: Limit,
    traffic: &mut dyn Traffic,
) -> Result<(), Failure> {
    bench.sample_floor_at(Floor::KeyCheck, connections)?;
    let measured = bench.load(jeton, connections, traffic)?;
    value(bench, &row_name(name, connections), Figures::Load { connections, measured }, limit);
    bench.sample_floor_at(Floor::KeyCheck, connections)?;
    Ok(())
}

fn value(bench: &mut Bench<'_>, name: &str, figures: Figures, limit: Limit) {
    bench.keep(Reading { name: name.to_owned(), figures, limit, mean_group: None, note: None });
}
