//! Every list, page by page: the pages joined are the list, whatever comes and goes meanwhile; and a cursor leads nowhere but to its list.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use jeton_testkit::World;
use jeton_testkit::world::people::asking;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// A list, and the member that tells its items apart.
const LISTS: &[(&str, &str)] = &[
    ("/apis", "id"),
    ("/clients", "client_id"),
    ("/clients/c0/secrets", "id"),
    ("/users", "id"),
    ("/groups", "id"),
    ("/groups/g0/members", "id"),
    ("/roles", "id"),
    ("/roles/r0/assignments", "subject"),
    ("/keys", "id"),
    ("/keys?owner=client:c0", "id"),
    ("/policies/exceptions", "id"),
    ("/signing-keys", "kid"),
    ("/audit/entries?from=0", "sequence"),
    ("/sessions", "id"),
    ("/sessions?user=v0", "id"),
    ("/grants", "id"),
    ("/grants?user=v0", "id"),
    ("/grants?client=shop", "id"),
    ("/users/v0/consents", "client_id"),
];

/// A world with a few of everything.
async fn furnished() -> World {
    let world = World::new().await;
    let make = async |path: &str, body: Value| world.done(Method::POST, path, Some(body)).await;
    for number in 0..4 {
        world.advance(1);
        make("/apis", json!({"audience": format!("https://a{number}.example"), "scopes": {"read": ""}})).await;
        make("/clients", json!({"name": format!("c{number}"), "audiences": ["https://a0.example"]})).await;
        make("/users", json!({"username": format!("u{number}")})).await;
        make("/groups", json!({"name": format!("g{number}")})).await;
        make("/roles", json!({"name": format!("r{number}"), "audience": "https://a0.example", "scope": "read"})).await;
        world.done(Method::PUT, &format!("/groups/g0/members/u{number}"), None).await;
        world.done(Method::PUT, &format!("/roles/r0/assignments/user:u{number}"), None).await;
        make("/keys", json!({"owner": "client:c0", "audience": "https://a0.example", "name": format!("k{number}")})).await;
        make("/keys", json!({"owner": "external:x", "audience": "https://a0.example", "name": format!("x{number}")})).await;
        let secret = world.done(Method::GET, &format!("/clients/c{number}/secrets"), None).await["items"][0]["id"].clone();
        let body = json!({"client": format!("c{number}"), "secret": secret, "owner": "ops", "reason": "a fixture", "ends_at": "2028-02-01T00:00:00Z"});
        make("/policies/exceptions", body).await;
    }
    make("/clients/c0/secrets", json!({})).await;
    world
}

/// Two people, each in three browsers, let two applications do something.
async fn sign_in(world: &World) {
    let orders = world.api("orders").await;
    let (shop, till) = (world.application("shop", &[&orders]).await, world.application("till", &[&orders]).await);
    for person in ["v0", "v1"] {
        world.person(person).await;
        world.allow(person, &orders, "orders:read").await;
        for (application, name) in [(&shop, "shop"), (&till, "till"), (&shop, "shop")] {
            let code = world.code_for(person, &asking(application, name, &[("scope", "openid orders:read")])).await;
            assert_eq!(world.exchange(application, &code).await.status, 200);
        }
    }
}

fn with(path: &str, more: &str) -> String {
    format!("{path}{}{more}", if path.contains('?') { '&' } else { '?' })
}

async fn page(world: &World, path: &str, limit: usize, cursor: Option<&str>) -> (Vec<Value>, Option<String>) {
    let place = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let page = world.done(Method::GET, &with(path, &format!("limit={limit}{place}")), None).await;
    (page["items"].as_array().unwrap().clone(), page["next"].as_str().map(str::to_owned))
}

async fn joined(world: &World, path: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (vec![], None);
    loop {
        let (more, next) = page(world, path, limit, cursor.as_deref()).await;
        assert!(more.len() <= limit && !(more.is_empty() && next.is_some()), "{path}: {more:?}");
        items.extend(more);
        cursor = next;
        if cursor.is_none() {
            return items;
        }
    }
}

#[tokio::test]
async fn the_pages_joined_are_the_list() {
    let world = furnished().await;
    sign_in(&world).await;
    for (path, member) in LISTS.iter().chain(&[("/policies", "kind")]) {
        let whole = joined(&world, path, 1_000).await;
        assert!(whole.len() >= 2, "{path}: {whole:?}");
        assert!(whole.iter().all(|item| !item[member].is_null()), "{path}: {whole:?}");
        for limit in [1, 2, 3] {
            assert_eq!(joined(&world, path, limit).await, whole, "{path} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_cursor_leads_to_its_own_list_for_a_day() {
    let world = furnished().await;
    sign_in(&world).await;
    let refused = async |path: String, words: &str| {
        let answer = world.administer(Method::GET, &path, None).await;
        assert_eq!((answer.status, answer.member("code")), (400, json!("invalid_cursor")), "{path}: {}", answer.shown());
        assert!(answer.text().contains(words) && answer.member("hint").as_str().unwrap().contains("begin anew"), "{}", answer.shown());
    };
    let mut cursors = vec![];
    for (path, _) in LISTS {
        cursors.push((*path, page(&world, path, 1, None).await.1.unwrap()));
    }
    for (path, cursor) in &cursors {
        for (other, _) in cursors.iter().filter(|(other, _)| other != path) {
            refused(with(other, &format!("cursor={cursor}")), "of another list").await;
        }
        let mut flipped = cursor.clone().into_bytes();
        let middle = flipped.len() / 2;
        flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
        for wrong in
            [String::from_utf8(flipped).unwrap(), cursor[1..].to_owned(), format!("{cursor}AAAA"), "%E2%80%AE".into(), "A".repeat(4_000)]
        {
            refused(with(path, &format!("cursor={wrong}")), "not written here").await;
        }
    }
    refused(format!("/keys?owner=external:x&cursor={}", cursors[8].1), "other filters").await;
    world.advance(86_400);
    for (path, cursor) in &cursors {
        page(&world, path, 2, Some(cursor)).await;
    }
    world.advance(1);
    for (path, cursor) in &cursors {
        refused(with(path, &format!("cursor={cursor}")), "more than a day old").await;
    }
}

#[tokio::test]
async fn a_cursor_goes_on_after_a_restart_and_where_its_item_is_gone() {
    let world = furnished().await;
    let (first, next) = page(&world, "/users", 2, None).await;
    assert_eq!(first[1]["username"], "u1");
    let (_, of_groups) = page(&world, "/groups", 2, None).await;
    world.done(Method::DELETE, "/groups/g1", None).await;
    let world = world.reopen().await;
    let (rest, last) = page(&world, "/users", 9, next.as_deref()).await;
    assert_eq!((&rest[0]["username"], rest.len(), last), (&json!("u2"), 2, None));
    let (rest, _) = page(&world, "/groups", 9, of_groups.as_deref()).await;
    assert_eq!((&rest[0]["name"], rest.len()), (&json!("g2"), 2));
}

/// While others come and go, what stays is met once.
#[tokio::test]
async fn what_stays_is_neither_skipped_nor_shown_twice() {
    for seed in 0..20 {
        let mut chance = ChaCha12Rng::seed_from_u64(seed);
        let mut below = move |count: u64| chance.next_u64() % count;
        let world = World::new().await;
        world.done(Method::POST, "/apis", Some(json!({"audience": "https://a.example", "scopes": {"read": ""}}))).await;
        let mut there: BTreeMap<String, String> = BTreeMap::new();
        let mut stays: BTreeSet<String> = BTreeSet::new();
        for _ in 0..below(12) + 4 {
            world.advance(1);
            let id = come(&world, &mut there, below(1_000)).await;
            if below(2) == 0 {
                stays.extend(id);
            }
        }
        for list in ["/groups", "/keys"] {
            let is_expected = |(id, path): &(&String, &String)| stays.contains(*id) && path.starts_with(list);
            let expected: BTreeSet<String> = there.iter().filter(is_expected).map(|(id, _)| id.clone()).collect();
            let (mut met, mut cursor) = (vec![], None);
            loop {
                let (items, next) = page(&world, list, usize::try_from(below(3)).unwrap() + 1, cursor.as_deref()).await;
                met.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                cursor = next;
                if cursor.is_none() {
                    break;
                }
                for _ in 0..below(3) {
                    world.advance(1);
                    come(&world, &mut there, below(1_000)).await;
                }
                let gone = there
                    .iter()
                    .find(|(id, path)| !stays.contains(*id) && path.starts_with("/groups"))
                    .map(|(id, path)| (id.clone(), path.clone()));
                if let Some((id, path)) = gone {
                    world.done(Method::DELETE, &path, None).await;
                    there.remove(&id);
                }
            }
            let stayed: Vec<String> = met.iter().filter(|id| expected.contains(*id)).cloned().collect();
            assert_eq!(stayed.len(), expected.len(), "seed {seed}, {list}: {met:?}");
            assert_eq!(stayed.into_iter().collect::<BTreeSet<_>>(), expected, "seed {seed}, {list}");
        }
    }
}

/// Makes a group of some name, where there is none, or a key: its id.
async fn come(world: &World, there: &mut BTreeMap<String, String>, number: u64) -> Option<String> {
    let made = if number.is_multiple_of(3) {
        world.administer(Method::POST, "/keys", Some(json!({"owner": "external:x", "audience": "https://a.example", "name": "k"}))).await
    } else {
        world.administer(Method::POST, "/groups", Some(json!({"name": format!("g{number}")}))).await
    };
    let id = made.member("id").as_str()?.to_owned();
    let path = if number.is_multiple_of(3) { format!("/keys/{id}") } else { format!("/groups/{id}") };
    there.insert(id.clone(), path);
    Some(id)
}
