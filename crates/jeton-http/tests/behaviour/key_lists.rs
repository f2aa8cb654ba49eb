//! Lists of keys: page by page, by all that tells them apart.

use std::collections::BTreeSet;

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

async fn names(world: &World, query: &str) -> Vec<String> {
    let (mut names, mut after) = (vec![], String::new());
    loop {
        let page = world.done(Method::GET, &format!("/keys?{query}{after}"), None).await;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&cursor={next}"),
            None => return names,
        }
    }
}

#[tokio::test]
async fn the_newest_first_page_by_page() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    world.client("shop", &[&orders, &stock]).await;
    for (number, (owner, api)) in
        [("client:shop", "orders"), ("external:seven", "orders"), ("external:seven", "stock"), ("client:shop", "stock")]
            .into_iter()
            .cycle()
            .take(12)
            .enumerate()
    {
        let more = json!({"name": number.to_string(), "expires_in_seconds": if number == 5 { 1 } else { 1_000 }});
        let made = world.make_key(owner, &format!("https://{api}.example"), more).await;
        let path = format!("/keys/{}", made["id"].as_str().unwrap());
        match number {
            6 => drop(world.done(Method::POST, &format!("{path}/suspend"), None).await),
            7 => drop(world.done(Method::DELETE, &path, None).await),
            _ => {}
        }
        world.advance(1);
    }
    let check = async |query: &str, expected: &[usize]| {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        for limit in ["", "limit=1&", "limit=5&", "limit=12&"] {
            assert_eq!(names(&world, &format!("{limit}{query}")).await, expected, "{limit}{query}");
        }
    };
    check("", &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]).await;
    check("owner=external:seven", &[10, 9, 6, 5, 2, 1]).await;
    check("owner=client:shop", &[11, 8, 7, 4, 3, 0]).await;
    check("audience=https%3A%2F%2Forders.example", &[9, 8, 5, 4, 1, 0]).await;
    check("audience=https%3A%2F%2Fstock.example&owner=client:shop", &[11, 7, 3]).await;
    check("state=suspended", &[6]).await;
    check("state=expired", &[5]).await;
    check("state=revoked&owner=client:shop", &[7]).await;
    check("state=active&audience=https%3A%2F%2Fstock.example", &[11, 10, 3, 2]).await;
    for (query, words) in [
        ("state=gone", "`state` is one of active, suspended, expired, revoked"),
        ("owner=shop", "an owner is"),
        ("after=x", "`after` is not known here"),
        ("cursor=x", "was not written here"),
        ("kind=token", "`kind` is one of key, pat"),
        ("environment=any", "`environment` is one of live, test"),
        ("order=name", "`order` is one of created, expires"),
        ("expires_before=tomorrow", "2026-01-31T23:59:59Z"),
        ("unused_since=0", "`unused_since` is no time"),
        ("search=%00%1b%5B%E2%80%AE", "1 to 8 words"),
        ("sort=name", "`sort` is not known here"),
    ] {
        let answer = world.administer(Method::GET, &format!("/keys?{query}"), None).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(words), "{query}: {}", answer.shown());
    }
    let nobody = world.administer(Method::GET, "/keys?owner=client:nobody", None).await;
    assert_eq!((nobody.status, nobody.member("code")), (404, Value::from("not_found")));
}

/// Every key that differs in something, made ten seconds apart.
async fn world_of_many() -> World {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    world.client("shop", &[&orders, &stock]).await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    let day = 86_400;
    for (name, owner, api, more) in [
        ("Nightly export", "client:shop", "orders", json!({"expires_in_seconds": day, "metadata": {"region": "eu-north"}})),
        ("acme", "external:acme", "orders", json!({"expires_in_seconds": 30 * day, "note": "who exports"})),
        ("Acme acmes", "external:acme", "stock", json!({"expires_in_seconds": 2 * day, "environment": "test"})),
        ("gone", "external:b", "stock", json!({"expires_in_seconds": 5 * day})),
        ("held", "external:b", "orders", json!({"expires_in_seconds": 4 * day})),
        ("over", "external:b", "orders", json!({"expires_in_seconds": 1})),
    ] {
        let mut more = more;
        more["name"] = json!(name);
        let made = world.make_key(owner, &format!("https://{api}.example"), more).await;
        let path = format!("/keys/{}", made["id"].as_str().unwrap());
        match name {
            "gone" => drop(world.done(Method::DELETE, &path, None).await),
            "held" => drop(world.done(Method::POST, &format!("{path}/suspend"), None).await),
            _ => {}
        }
        world.advance(10);
    }
    world
}

#[tokio::test]
async fn each_filter_on_pages_of_every_size() {
    let world = world_of_many().await;
    let day = 86_400;
    let at = |seconds: i64| jeton_http::api::rfc3339::format(world.now() + seconds);
    let check = async |query: &str, expected: &str| {
        for limit in [1, 2, 3, 100] {
            assert_eq!(names(&world, &format!("limit={limit}&{query}")).await.join(","), expected, "{limit} {query}");
        }
    };
    check("kind=pat", "").await;
    check("kind=key&environment=test", "Acme acmes").await;
    check("environment=live&owner=external:acme", "acme").await;
    check("search=acme", "acme,Acme acmes").await;
    check("search=ACM", "acme,Acme acmes").await;
    check("search=acmes", "Acme acmes").await;
    check("search=export", "Nightly export,acme").await;
    check("search=night%20exp", "Nightly export").await;
    check("search=eu%20north", "Nightly export").await;
    check("search=acme&environment=live", "acme").await;
    check("search=nobody", "").await;
    check("order=expires", "over,Nightly export,Acme acmes,acme,held,gone").await;
    check("state=active&order=created", "Acme acmes,acme,Nightly export").await;
    check("state=active", "Nightly export,Acme acmes,acme").await;
    check(&format!("expires_before={}", at(3 * day)), "over,Nightly export,Acme acmes").await;
    check(&format!("state=active&expires_before={}", at(3 * day)), "Nightly export,Acme acmes").await;
    check(&format!("expires_after={}&expires_before={}", at(day), at(10 * day)), "Acme acmes,held,gone").await;
    check(&format!("created_after={}", at(-20)), "over,held").await;
    check(&format!("created_before={}", at(-40)), "acme,Nightly export").await;
    check(&format!("created_before={}&owner=external:acme", at(-40)), "acme").await;
    check(&format!("created_after={}&created_before={}", at(-50), at(-30)), "Acme acmes,acme").await;
    check("state=revoked", "gone").await;
    check("state=expired", "over").await;
    check("state=revoked&audience=https%3A%2F%2Fstock.example", "gone").await;
    check("state=revoked&audience=https%3A%2F%2Forders.example", "").await;
}

#[tokio::test]
async fn an_id_is_found_by_its_beginning_and_once() {
    let world = world_of_many().await;
    let page = world.done(Method::GET, "/keys?search=acmes", None).await;
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    for digits in [32, 24, 20] {
        assert_eq!(names(&world, &format!("limit=1&search={}", id[..digits].to_uppercase())).await, ["Acme acmes"], "{digits}");
    }
    let named = world.make_key("external:z", "https://orders.example", json!({"name": &id})).await;
    let found = names(&world, &format!("limit=1&search={id}")).await;
    assert_eq!(found, ["Acme acmes", named["name"].as_str().unwrap()], "and those that are called so");
}

#[tokio::test]
async fn a_policy_that_lets_keys_end_earlier_is_seen_by_filters() {
    let world = world_of_many().await;
    world.done(Method::PUT, "/policies/api_key", Some(json!({"default_seconds": 86_400, "max_seconds": 86_400}))).await;
    let soon = jeton_http::api::rfc3339::format(world.now() + 2 * 86_400);
    let found: BTreeSet<String> = names(&world, &format!("limit=1&state=active&expires_before={soon}")).await.into_iter().collect();
    assert_eq!(found, ["Acme acmes", "Nightly export", "acme"].map(str::to_owned).into());
    world.advance(86_400);
    let over: BTreeSet<String> = names(&world, "limit=1&state=expired").await.into_iter().collect();
    assert_eq!(over, ["Acme acmes", "Nightly export", "acme", "held", "over"].map(str::to_owned).into());
}

#[tokio::test]
async fn who_was_not_used_since() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let mut texts = vec![];
    for name in ["used", "unused"] {
        texts.push(world.make_key("external:a", "https://orders.example", json!({"name": name})).await["key"].as_str().unwrap().to_owned());
    }
    world.advance(7_200);
    assert_eq!(world.key_code(&shop, &texts[0]).await, "valid");
    world.service().flush_usage().await.unwrap();
    world.advance(60);
    world.service().flush_usage().await.unwrap();
    let since = jeton_http::api::rfc3339::format(world.now() - 3_600);
    assert_eq!(names(&world, &format!("unused_since={since}")).await, ["unused"]);
    let earlier = jeton_http::api::rfc3339::format(world.now() - 8_000);
    assert_eq!(names(&world, &format!("unused_since={earlier}")).await, Vec::<String>::new(), "they were not there yet");
}

#[tokio::test]
async fn a_filter_that_lets_little_through_still_answers_in_pages() {
    let world = World::new().await;
    world.api("orders").await;
    let keys = |from: usize| -> Value {
        (from..from + 100).map(|number| json!({"sha256": format!("{number:064x}"), "owner": "external:many", "name": "many"})).collect()
    };
    for from in 0..12 {
        world.done(Method::POST, "/keys/import", Some(json!({"audience": "https://orders.example", "keys": keys(from * 100)}))).await;
    }
    let first = world.done(Method::GET, "/keys?environment=test", None).await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(0));
    assert!(first["next"].is_string(), "it looked at some, and says where to go on: {first}");
    assert_eq!(names(&world, "environment=test").await, Vec::<String>::new());
    assert_eq!(names(&world, "environment=live&limit=1000").await.len(), 1_200);
    assert_eq!(names(&world, "search=many&limit=1000").await.len(), 1_200);
}
