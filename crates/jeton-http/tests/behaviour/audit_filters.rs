//! The ledger, looked through: by what was done, to what, by whom, and since when.

use http::Method;
use jeton_service::audit::EntryFilter;
use jeton_testkit::World;
use serde_json::{Value, json};

/// The kinds of what a query finds.
async fn kinds(world: &World, query: &str) -> Vec<String> {
    let page = world.done(Method::GET, &format!("/audit/entries?{query}"), None).await;
    page["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn entries_are_found_by_what_they_are_about() {
    let world = World::new().await;
    let stock = world.api("stock").await;
    let clerk = world.client("clerk", &[&stock]).await;
    world.client("other", &[&stock]).await;
    world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    let made = world.make_key("external:acme", "https://stock.example", json!({})).await;
    let key = made["id"].as_str().unwrap();
    world.advance(100);
    world.done(Method::POST, &format!("/keys/{key}/suspend"), Some(json!({"why": "leaked"}))).await;
    let since = jeton_http::api::rfc3339::format(world.now());
    let id = clerk.id.as_str();
    for (query, expected) in [
        ("last=9&client=clerk".to_owned(), &["client.created", "client_secret.created"][..]),
        (format!("from=0&client={id}"), &["client.created", "client_secret.created"]),
        ("last=1&client=clerk".to_owned(), &["client_secret.created"]),
        (format!("last=9&key={key}"), &["api_key.created", "api_key.suspended"]),
        (format!("last=9&key={key}&kind=api_key.suspended"), &["api_key.suspended"]),
        ("last=9&kind=api_key".to_owned(), &["api_key.created", "api_key.suspended"]),
        ("from=0&user=ada&kind=user".to_owned(), &["user.created"]),
        ("last=9&user=ada".to_owned(), &["user.created"]),
        (format!("last=9&since={since}"), &["api_key.suspended"]),
        (format!("from=0&since={since}"), &["api_key.suspended"]),
        ("last=9&client=client_0123456789abcdefghij".to_owned(), &[]),
    ] {
        assert_eq!(kinds(&world, &query).await, expected, "{query}");
    }
    // What people call what is named stands beside it.
    let last = world.done(Method::GET, &format!("/audit/entries?last=1&key={key}"), None).await["items"][0].clone();
    assert_eq!(last["names"][key], made["name"], "{last}");
    let made = world.done(Method::GET, "/audit/entries?last=1&user=ada", None).await["items"][0].clone();
    assert_eq!(made["names"][made["data"]["user"].as_str().unwrap()], "ada", "{made}");
}

/// What somebody did, they did with a key of theirs or from the machine: nobody has to know its id.
#[tokio::test]
async fn entries_are_found_by_who_did_it() {
    let world = World::new().await;
    let stock = world.api("stock").await;
    world.client("clerk", &[&stock]).await;
    let made = world.done(Method::POST, "/administrators", Some(json!({"username": "ada", "role": "operator"}))).await;
    let (text, id) = (made["key"].as_str().unwrap(), made["key_id"].as_str().unwrap());
    let bearer = format!("Bearer {text}");
    let answer = world.manage(Some(&bearer), Method::POST, "/suspensions", Some(&json!({"client": "clerk"}))).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    world.done(Method::POST, "/groups", Some(json!({"name": "ops"}))).await;
    let ada = world.done(Method::GET, "/users/ada", None).await["id"].as_str().unwrap().to_owned();
    for by in ["ada".to_owned(), "user:ada".to_owned(), format!("user:{ada}"), format!("key:{id}")] {
        assert_eq!(kinds(&world, &format!("last=9&by={by}")).await, ["subject.suspended"], "{by}");
    }
    assert_eq!(kinds(&world, "last=1&by=unix:1000").await, ["group.created"]);
    assert!(kinds(&world, "last=9&by=unix:4711").await.is_empty());
    assert!(kinds(&world, "last=9&by=system&kind=signing_key").await.contains(&"signing_key.created".to_owned()));
    assert_eq!(kinds(&world, "last=9&by=ada&client=clerk").await, ["subject.suspended"]);
    assert!(kinds(&world, "last=9&by=client:clerk").await.is_empty());
}

/// Once somebody is erased, no row says which keys were theirs.
#[tokio::test]
async fn what_somebody_did_is_found_by_their_id_once_they_are_erased() {
    let world = World::new().await;
    let stock = world.api("stock").await;
    world.client("clerk", &[&stock]).await;
    let made = world.done(Method::POST, "/administrators", Some(json!({"username": "ada", "role": "operator"}))).await;
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let answer = world.manage(Some(&bearer), Method::POST, "/suspensions", Some(&json!({"client": "clerk"}))).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    let ada = world.done(Method::GET, "/users/ada", None).await["id"].as_str().unwrap().to_owned();
    world.done(Method::POST, "/users/ada/erase", Some(json!({}))).await;
    for by in [ada.clone(), format!("user:{ada}")] {
        assert_eq!(kinds(&world, &format!("last=9&by={by}")).await, ["subject.suspended"], "{by}");
    }
    let with_keys = kinds(&world, &format!("last=99&owner=user:{ada}")).await;
    assert!(with_keys.contains(&"api_key.removed".to_owned()), "{with_keys:?}");
    let gone = world.administer(Method::GET, "/audit/entries?last=9&by=ada", None).await;
    assert!(gone.text().contains("jeton audit tail --kind user.erased -o wide"), "{}", gone.shown());
    let bob = world.done(Method::POST, "/users", Some(json!({"username": "bob"}))).await["id"].as_str().unwrap().to_owned();
    world.done(Method::DELETE, "/users/bob", Some(json!({}))).await;
    let gone = world.administer(Method::GET, "/audit/entries?last=9&user=bob", None).await;
    assert!(gone.text().contains("told by `jeton audit tail --kind user.created -o wide` or"), "{}", gone.shown());
    assert_eq!(kinds(&world, &format!("last=1&user={bob}")).await, ["user.deleted"]);
    let erased = world.done(Method::GET, "/audit/entries?last=1&kind=user.erased", None).await;
    assert_eq!(erased["items"][0]["data"]["user"], *ada, "{erased}");
}

#[tokio::test]
async fn entries_are_found_by_owner_api_and_group() {
    let world = World::new().await;
    let stock = world.api("stock").await;
    let clerk = world.client("clerk", &[&stock]).await;
    let one = world.make_key("external:acme", "https://stock.example", json!({})).await;
    world.make_key("external:other", "https://stock.example", json!({})).await;
    world.done(Method::DELETE, &format!("/keys/{}", one["id"].as_str().unwrap()), None).await;
    assert_eq!(kinds(&world, "last=9&owner=external:acme").await, ["api_key.created", "api_key.revoked"]);
    assert_eq!(kinds(&world, "last=9&owner=client:clerk").await, ["client.created", "client_secret.created"]);
    assert!(kinds(&world, "last=9&owner=external:nobody").await.is_empty());
    world.done(Method::POST, "/suspensions", Some(json!({"api": "https://stock.example"}))).await;
    let of_api = ["api.created", "api_key.created", "api_key.created", "api_key.revoked", "subject.suspended"];
    assert_eq!(kinds(&world, "last=9&api=https://stock.example").await, of_api);
    world.done(Method::POST, "/groups", Some(json!({"name": "ops"}))).await;
    assert_eq!(kinds(&world, "last=9&group=ops").await, ["group.created"]);
    // What is gone is named by its id.
    world.done(Method::DELETE, "/clients/clerk", None).await;
    assert!(kinds(&world, &format!("last=9&owner=client:{}", clerk.id)).await.contains(&"client.deleted".to_owned()));
}

#[tokio::test]
async fn what_is_no_filter_is_refused() {
    let world = World::new().await;
    for (query, detail) in [
        ("last=9&client=nobody", "there is no client"),
        ("last=9&user=nobody", "there is no user"),
        ("last=9&key=nobody", "a key's id is"),
        ("last=9&since=yesterday", "`since` is no time"),
        ("last=9&kind=..", "no kind of entries"),
        ("last=9&kind=%1b", "no kind of entries"),
        ("last=9&kind=api_ke", "`api_ke` is no kind of entries"),
        ("last=9&kind=api_key.revokd", "there are api_key.created"),
        ("last=9&kind=suspended", "there are client_secret.suspended, api_key.suspended, token.suspended, subject.suspended"),
        ("last=9&by=nobody", "there is no user"),
        ("last=9&by=unix:root", "`by` names nobody"),
        ("last=9&by=key:nobody", "a key's id is"),
        ("last=9&by=client:nobody", "`jeton audit tail --kind client.created -o wide`"),
        ("last=9&owner=acme", "external:"),
        ("last=9&group=nobody", "there is no group"),
        ("last=9&api=a:b", "there is no API"),
        ("before=9", "`before` goes with `last`"),
        ("from=1&before=9", "`before` goes with `last`"),
        ("last=9&client=client_", "there is no client"),
        ("last=9&client=client_0123456789abcdefghi", "there is no client"),
        ("last=9&user=user_", "there is no user"),
        ("limit=3&before=9", "`before` goes with `last`"),
        ("last=9&actor=unix:0", "`actor` is not known"),
    ] {
        let answer = world.administer(Method::GET, &format!("/audit/entries?{query}"), None).await;
        assert!((400..=404).contains(&answer.status), "{query}: {}", answer.shown());
        assert!(answer.text().contains(detail), "{query}: {}", answer.shown());
    }
}

/// A ledger has many entries: one answer looks at so many, and says where the next one goes on.
#[tokio::test]
async fn one_answer_looks_at_so_many() {
    let world = World::new().await;
    for name in ["a", "b", "c", "d"] {
        world.done(Method::POST, "/groups", Some(json!({"name": name}))).await;
    }
    let size = world.ledger_size();
    let filter = EntryFilter { kind: Some("group.created".to_owned()), looked_max: 3, ..EntryFilter::default() };
    let names = |entries: &[jeton_store::ledger::Entry]| -> Vec<Value> {
        let payloads = entries.iter().map(|entry| serde_json::from_slice::<Value>(&entry.content.as_ref().unwrap().payload).unwrap());
        payloads.map(|payload| payload["name"].clone()).collect()
    };
    let found = world.service().find_last_entries(&filter, None, 9).unwrap();
    assert_eq!((names(&found.entries), found.from, found.has_more), (vec![json!("b"), json!("c"), json!("d")], size - 3, true));
    let older = world.service().find_last_entries(&filter, Some(found.from), 9).unwrap();
    assert_eq!((names(&older.entries), older.from), (vec![json!("a")], size - 6));
    let one = world.service().find_last_entries(&filter, None, 1).unwrap();
    assert_eq!((names(&one.entries), one.from, one.has_more), (vec![json!("d")], size - 1, true), "what was not told is looked at again");
    let on = world.service().find_entries(&filter, size - 6, 9).unwrap();
    assert_eq!((names(&on.entries), on.until, on.has_more), (vec![json!("a")], size - 3, true));
    let on = world.service().find_entries(&filter, size - 4, 1).unwrap();
    assert_eq!((names(&on.entries), on.until, on.has_more), (vec![json!("a")], size - 3, true));
}

/// Somebody outside may be called what reads like an id, and a reason may have one in it: neither names a client.
#[tokio::test]
async fn words_name_nobody() {
    let world = World::new().await;
    let stock = world.api("stock").await;
    let clerk = world.client("clerk", &[&stock]).await;
    let owner = format!("external:{}", clerk.id);
    let made = world.make_key(&owner, "https://stock.example", json!({})).await;
    let why = json!({"why": format!("{} was told", clerk.id)});
    world.done(Method::POST, &format!("/keys/{}/suspend", made["id"].as_str().unwrap()), Some(why)).await;
    assert_eq!(kinds(&world, "last=9&client=clerk").await, ["client.created", "client_secret.created"]);
    let last = world.done(Method::GET, "/audit/entries?last=1&kind=api_key.created", None).await["items"][0].clone();
    assert_eq!((&last["data"]["owner"], &last["names"][clerk.id.as_str()]), (&json!(owner), &Value::Null), "{last}");
}

/// After a clock was set right, entries of before lie behind later ones.
#[tokio::test]
async fn since_a_time_is_since_that_time() {
    let world = World::new().await;
    world.advance(1_000);
    let since = jeton_http::api::rfc3339::format(world.now());
    for number in 0..40 {
        world.done(Method::POST, "/groups", Some(json!({"name": format!("ahead-{number}")}))).await;
    }
    world.advance(-900);
    let world = world.reopen().await;
    world.service().accept_clock(&jeton_testkit::world::manage::administrator(), &world.moment()).await.unwrap();
    world.done(Method::POST, "/groups", Some(json!({"name": "right"}))).await;
    for query in ["from=0", "last=99"] {
        let page = world.done(Method::GET, &format!("/audit/entries?{query}&kind=group&since={since}"), None).await;
        let items = page["items"].as_array().unwrap();
        let is_ahead = |item: &Value| item["data"]["name"].as_str().unwrap().starts_with("ahead");
        assert!(items.len() == 40 && items.iter().all(is_ahead), "{query}: {page}");
    }
}

#[tokio::test]
async fn with_a_limit_alone_the_list_begins_at_its_begin_and_goes_on() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.done(Method::POST, "/groups", Some(json!({"name": name}))).await;
    }
    let (mut found, mut next) = (vec![], String::new());
    loop {
        let page = world.done(Method::GET, &format!("/audit/entries?limit=3{next}"), None).await;
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["sequence"].as_u64().unwrap()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(found, (0..world.ledger_size()).collect::<Vec<_>>());
}
