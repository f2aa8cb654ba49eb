//! A person who is erased: what is theirs ends, nothing says any more who they were, and the ledger verifies.

use http::Method;
use jeton_core::record::{Class, Value as Column};
use jeton_core::schema::CHANGE;
use jeton_store::ledger::Frontier;
use jeton_store::line::Change;
use jeton_store::schema::SCHEMA;
use jeton_testkit::World;
use serde_json::{Value, json};

/// A person with a key, a role and a group, of whom somebody wrote something.
async fn ada(world: &World) -> (String, String) {
    world.opaque_api("orders").await;
    let ada = json!({"username": "countess", "name": "Ada Müller", "email": "ada@example.org"});
    let ada = world.done(Method::POST, "/users", Some(ada)).await;
    world.done(Method::PATCH, "/users/countess", Some(json!({"username": "ada"}))).await;
    world.done(Method::POST, "/users", Some(json!({"username": "bob"}))).await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    let role = json!({"audience": "https://orders.example", "name": "reader", "scope": "orders:read"});
    world.done(Method::POST, "/roles", Some(role)).await;
    world.done(Method::PUT, "/groups/billing/members/ada", None).await;
    world.done(Method::PUT, "/roles/reader/assignments/user:ada", None).await;
    let key = world.make_key("user:ada", "https://orders.example", json!({"name": "the laptop of ada", "scope": "orders:read"})).await;
    let gone = world.make_key("user:ada", "https://orders.example", json!({"scope": "orders:read"})).await;
    world.done(Method::POST, "/revocations", Some(json!({"id": gone["id"], "why": "her telephone was stolen"}))).await;
    (text(&ada, "id"), text(&key, "key"))
}

/// Where somebody wrote why of what is not hers, and named her; and what the words are.
struct OfOthers {
    revoked: String,
    suspended: String,
    excepted: String,
    secret: String,
}

impl OfOthers {
    async fn new(world: &World) -> OfOthers {
        let orders = world.service().find_api("https://orders.example").unwrap();
        world.client("shop", &[&orders.record]).await;
        let exception = json!({"owner": "ada@example.org", "reason": format!("{} as Ada said", "x".repeat(400)), "ends_at": world.now() + 390 * 86_400});
        let make = async |more: Value| text(&world.make_key("external:acme", "https://orders.example", more).await, "id");
        let revoked = make(json!({"note": "till"})).await;
        let suspended = make(json!({})).await;
        let excepted = make(json!({"exception": exception})).await;
        world.done(Method::DELETE, &format!("/keys/{revoked}"), Some(json!({"why": "Ada Müller left and kept it"}))).await;
        world.done(Method::POST, &format!("/keys/{suspended}/suspend"), Some(json!({"why": "lent to countess by mistake"}))).await;
        let secret = text(&world.done(Method::GET, "/clients/shop/secrets", None).await["items"][0], "id");
        let why = json!({"why": "sent to ada@example.org"});
        world.done(Method::POST, &format!("/clients/shop/secrets/{secret}/suspend"), Some(why)).await;
        world.done(Method::POST, "/suspensions", Some(json!({"client": "shop", "why": "until Ada is back"}))).await;
        OfOthers { revoked, suspended, excepted, secret }
    }

    /// Why each of them is as it is, and how it is.
    async fn said(&self, world: &World) -> Vec<String> {
        let mut said = Vec::new();
        for key in [&self.revoked, &self.suspended, &self.excepted] {
            let key = world.done(Method::GET, &format!("/keys/{key}"), None).await;
            said.push(format!("{} {}", text(&key, "state"), key["why"].as_str().unwrap_or("-")));
        }
        let secret = &world.done(Method::GET, "/clients/shop/secrets", None).await["items"][0];
        assert_eq!(secret["id"], *self.secret);
        said.push(format!("{} {}", text(secret, "state"), text(secret, "why")));
        let suspension = &world.done(Method::GET, "/suspensions", None).await["items"][0];
        said.push(format!("{} {}", text(suspension, "name"), text(suspension, "why")));
        let exception = &world.done(Method::GET, "/policies/exceptions", None).await["items"][0];
        said.push(format!("{} {}", text(exception, "owner"), text(exception, "reason").trim_start_matches('x')));
        said
    }
}

/// What is left of it.
const LEFT: [&str; 6] =
    ["revoked unspecified", "suspended unspecified", "active -", "suspended unspecified", "shop unspecified", "erased erased"];

/// What the rows of authority say.
fn rows(world: &World) -> String {
    let view = world.service().store().view().unwrap();
    let tables = SCHEMA.tables.iter().filter(|table| matches!(table.class, Class::Authority));
    tables.map(|table| format!("{} {:?}\n", table.name, view.walk(table, None, None, 10_000).unwrap())).collect()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

async fn erase(world: &World, user: &str, dry_run: bool) -> Value {
    world.done(Method::POST, &format!("/users/{user}/erase"), Some(json!({"dry_run": dry_run}))).await
}

/// What the ledger says, all of it.
fn ledger(world: &World) -> String {
    let entries = world.service().store().tail(0, 10_000).unwrap();
    let said = entries.iter().filter_map(|entry| Some(String::from_utf8_lossy(&entry.content.as_ref()?.payload).into_owned()));
    said.collect::<Vec<_>>().join("\n")
}

/// What commits changed, as it is kept for backups.
fn changes(world: &World) -> Vec<String> {
    let rows = world.service().store().view().unwrap().walk(&CHANGE, None, None, 10_000).unwrap();
    let lines = rows.iter().filter_map(|row| row.record.get(1).and_then(Column::as_text));
    lines.flat_map(|lines| lines.lines()).map(str::to_owned).collect()
}

/// What nothing may say of Ada any more.
const SAID: [&str; 9] =
    ["\"ada\"", "Müller", "ada@example.org", "telephone", "laptop", "\"of\"", "countess", "as Ada said", "until Ada is back"];

#[track_caller]
fn is_named_nowhere(world: &World, id: &str) {
    let (said, copies, rows) = (ledger(world), changes(world), rows(world));
    for words in SAID {
        assert!(!said.contains(words), "{words}: {said}");
        assert!(!rows.contains(words), "{words}: {rows}");
        let naming: Vec<_> = copies.iter().filter(|line| line.contains(words)).collect();
        assert!(naming.is_empty(), "{words}: {naming:?}");
    }
    // What they might not do any more is still told, and everything of others.
    let changes: Vec<Change> = copies.iter().map(|line| Change::parse(&SCHEMA, line).unwrap()).collect();
    let puts = || changes.iter().flat_map(|change| &change.puts);
    assert!(
        puts().any(|put| put.table.name == "person" && put.row.contains(&Column::text("disabled")) && put.row.contains(&Column::text(id)))
    );
    assert!(puts().any(|put| put.table.name == "person" && put.row.contains(&Column::text("bob"))));
    assert!(puts().any(|put| put.table.name == "api_key" && put.row.contains(&Column::text("revoked"))));
    let deleted = |name: &str| changes.iter().flat_map(|change| &change.deletes).filter(|(table, _)| table.name == name).count();
    assert_eq!((deleted("person"), deleted("api_key")), (1, 2));
    let (entries, head) = (world.service().store().tail(0, 10_000).unwrap(), world.service().store().head());
    let mut frontier = Frontier::default();
    entries.iter().for_each(|entry| frontier.append(entry.leaf()));
    assert_eq!((frontier.root(), frontier.size()), (head.frontier.root(), head.size), "the ledger verifies");
}

/// Whatever fails in it, and wherever the process ends: the next one goes on with it.
/// The entry of a step that named her is gone; what else happened to the key is told.
#[tokio::test]
async fn a_key_whose_reason_was_erased_still_tells_the_rest_of_its_life() {
    let world = World::new().await;
    ada(&world).await;
    let key = text(&world.make_key("external:acme", "https://orders.example", json!({})).await, "id");
    world.done(Method::PATCH, &format!("/keys/{key}"), Some(json!({"note": "till"}))).await;
    world.done(Method::DELETE, &format!("/keys/{key}"), Some(json!({"why": "Ada Müller asked us to"}))).await;
    let past = async || {
        let explained = world.done(Method::GET, &format!("/keys/{key}/explanation"), None).await;
        let steps = explained["timeline"].as_array().unwrap().iter().map(|step| text(step, "event")).collect::<Vec<_>>();
        (steps, explained["timeline_has_more"] == true, explained["timeline_was_erased"] == true)
    };
    assert_eq!(past().await, (vec!["api_key.created".into(), "api_key.described".into(), "api_key.revoked".into()], false, false));
    erase(&world, "ada", false).await;
    assert_eq!(past().await, (vec!["api_key.created".into(), "api_key.described".into()], false, true));
}

#[tokio::test]
async fn an_erasure_that_is_broken_off_is_gone_on_with_at_the_next_start() {
    let mut refused = 0;
    for commits in 0.. {
        let world = World::new().await;
        let (id, key) = ada(&world).await;
        let others = OfOthers::new(&world).await;
        world.done(Method::POST, "/users", Some(json!({"username": "carl"}))).await;
        assert!(changes(&world).iter().any(|line| line.contains("laptop")), "what is looked for is to be found before");
        world.fail_after(commits);
        let asked = world.administer(Method::POST, "/users/ada/erase", Some(json!({}))).await;
        assert_eq!(asked.status, if asked.status == 200 { 200 } else { 503 }, "{}", asked.shown());
        let world = world.reopen().await;
        let caller = world.client("caller", &[&world.service().find_api("https://orders.example").unwrap().record]).await;
        let ended = world.service().go_on_erasing(&world.moment()).await.unwrap();
        if commits == 0 {
            assert_eq!((ended, world.administer(Method::GET, "/users/ada", None).await.json()["state"].clone()), (0, json!("active")));
            continue;
        }
        assert_eq!(ended, u64::from(asked.status != 200), "after {commits} commits");
        assert_eq!(world.service().go_on_erasing(&world.moment()).await, Ok(0), "nothing is left to do");
        assert_eq!(world.administer(Method::GET, &format!("/users/{id}"), None).await.status, 404);
        assert_ne!(world.key_code(&caller, &key).await, "valid");
        let owners: Vec<_> =
            world.done(Method::GET, "/keys", None).await["items"].as_array().unwrap().iter().map(|key| text(key, "owner")).collect();
        assert_eq!(owners, ["external:acme"; 3]);
        assert_eq!(others.said(&world).await, LEFT, "after {commits} commits");
        is_named_nowhere(&world, &id);
        assert_eq!(world.administer(Method::GET, "/users/carl", None).await.status, 200);
        if asked.status == 200 {
            break;
        }
        refused += 1;
    }
    assert!(refused >= 5, "it takes more commits than {refused}");
}

#[tokio::test]
async fn nothing_of_a_person_is_left_but_an_id() {
    let world = World::new().await;
    let (id, key) = ada(&world).await;
    let caller = world.client("caller", &[&world.service().find_api("https://orders.example").unwrap().record]).await;
    assert_eq!(world.key_code(&caller, &key).await, "valid");
    let before = world.service().store().head().size;
    let would = erase(&world, "ada", true).await;
    let expected = |dry_run: bool| json!({"id": id, "keys": 2, "groups": 1, "roles": 1, "entries": 3, "dry_run": dry_run});
    assert_eq!((would, world.service().store().head().size), (expected(true), before));
    assert!(ledger(&world).contains("her telephone") && ledger(&world).contains(r#""username":"countess""#));
    assert_eq!(erase(&world, "Ada", false).await, expected(false));
    for name in ["ada", &id] {
        assert_eq!(world.administer(Method::GET, &format!("/users/{name}"), None).await.status, 404);
    }
    assert_ne!(world.key_code(&caller, &key).await, "valid");
    is_named_nowhere(&world, &id);
    let said = ledger(&world);
    assert!(said.contains(r#""username":"bob""#) && said.contains(&id));
    let keys = world.done(Method::GET, "/keys", None).await;
    assert_eq!(keys["items"], json!([]));
    let members = world.done(Method::GET, "/groups/billing", None).await;
    assert_eq!(members["members"], 0);
    // The name is free, and whoever has it next has nothing of theirs.
    let next = world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    assert_eq!((next["groups"].clone(), next["roles"].clone()), (json!([]), json!([])));
    let silent = world.service().store().tail(0, 10_000).unwrap().iter().filter(|entry| entry.content.is_none()).count();
    assert_eq!(silent, 3);
    // A restart finds it so.
    let world = world.reopen().await;
    assert_eq!(world.administer(Method::GET, &format!("/users/{id}"), None).await.status, 404);
    assert_ne!(world.key_code(&caller, &key).await, "valid");
}

/// Whatever somebody wrote of them in what is not theirs.
#[tokio::test]
async fn reasons_in_rows_of_others_name_nobody_who_was_erased() {
    let world = World::new().await;
    let (id, _) = ada(&world).await;
    let others = OfOthers::new(&world).await;
    let kept = text(&world.make_key("external:acme", "https://orders.example", json!({})).await, "id");
    world.done(Method::DELETE, &format!("/keys/{kept}"), Some(json!({"why": "a canada matter"}))).await;
    let before = others.said(&world).await;
    assert!(
        before.iter().filter(|said| !said.starts_with("active")).all(|said| SAID.iter().any(|words| said.contains(words))),
        "{before:?}"
    );
    erase(&world, "ada", false).await;
    assert_eq!(others.said(&world).await, LEFT);
    is_named_nowhere(&world, &id);
    assert!(ledger(&world).contains(r#""reasons":4,"#), "the ledger tells how many");
    let (shown, key) = (world.done(Method::GET, &format!("/keys/{kept}"), None).await, format!("/keys/{}", others.revoked));
    assert_eq!(shown["why"], "a canada matter");
    // Nothing else of a row goes.
    assert_eq!(world.done(Method::GET, &key, None).await["note"], "till");
    let world = world.reopen().await;
    assert_eq!(others.said(&world).await, LEFT);
}

#[tokio::test]
async fn nobody_erases_the_last_owner_nor_who_may_do_more() {
    let world = World::new().await;
    ada(&world).await;
    world.administrator_of("boss", "owner").await;
    let refused = world.administer(Method::POST, "/users/boss/erase", Some(json!({}))).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (409, json!("conflict")), "{}", refused.shown());
    let operator = format!("Bearer {}", world.administrator_of("desk", "operator").await);
    let asked = world.manage(Some(&operator), Method::POST, "/users/ada/erase", Some(&json!({}))).await;
    assert_eq!(asked.status, 403, "{}", asked.shown());
    world.administrator_of("second", "owner").await;
    assert_eq!(erase(&world, "boss", false).await["roles"], 1);
    assert_eq!(world.administer(Method::POST, "/users/nobody/erase", Some(json!({}))).await.status, 404);
}
