//! Lists of people, clients, groups and APIs: by words of theirs, and by how they stand.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

/// The names of what is listed, page by page.
async fn names(world: &World, path: &str, name: &str) -> Vec<String> {
    let (mut names, mut after) = (vec![], String::new());
    loop {
        let page = world.done(Method::GET, &format!("{path}{after}"), None).await;
        names.extend(page["items"].as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&cursor={next}"),
            None => return names,
        }
    }
}

/// A deployment with some of each; the even ones are suspended.
async fn furnished() -> World {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.api("stock").await;
    for (name, called, email) in [
        ("ada", "Ada Example", "ada@engines.example"),
        ("alan", "Alan Example", "alan@machines.example"),
        ("grace", "Grace Hopper", "grace@compilers.example"),
        ("hedy", "Hedy Example", "hedy@engines.example"),
    ] {
        world.done(Method::POST, "/users", Some(json!({"username": name, "name": called, "email": email}))).await;
    }
    for name in ["night shift", "day shift", "shop"] {
        world.client_with(name, &[&orders], |request| request.contact = Some(format!("{name}@team.example"))).await;
    }
    for (name, description) in [("billing", "Who bills abroad"), ("shipping", "Who ships abroad"), ("staff", "Everybody")] {
        world.done(Method::POST, "/groups", Some(json!({"name": name, "description": description}))).await;
    }
    for suspended in
        [json!({"user": "alan"}), json!({"client": "day shift"}), json!({"group": "billing"}), json!({"api": "https://stock.example"})]
    {
        world.done(Method::POST, "/suspensions", Some(suspended)).await;
    }
    world.done(Method::POST, "/users/hedy/disable", Some(json!({}))).await;
    world
}

#[tokio::test]
async fn what_is_sought_is_found_page_by_page() {
    let world = furnished().await;
    for (path, name, expected) in [
        ("/users?", "username", &["ada", "alan", "grace", "hedy"][..]),
        ("/users?search=ada", "username", &["ada"]),
        ("/users?search=EXAM", "username", &["ada", "alan", "grace", "hedy"]),
        ("/users?search=engines", "username", &["ada", "hedy"]),
        ("/users?search=engines%20hed", "username", &["hedy"]),
        ("/users?search=grace%40compilers.example", "username", &["grace"]),
        ("/users?search=race", "username", &[]),
        ("/users?state=active", "username", &["ada", "grace"]),
        ("/users?state=suspended", "username", &["alan"]),
        ("/users?state=disabled", "username", &["hedy"]),
        ("/users?state=disabled&search=ada", "username", &[]),
        ("/clients?search=shift", "name", &["day shift", "night shift"]),
        ("/clients?search=shop%40team", "name", &["shop"]),
        ("/clients?state=suspended", "name", &["day shift"]),
        ("/clients?state=active&search=shift", "name", &["night shift"]),
        ("/groups?search=abroad", "name", &["billing", "shipping"]),
        ("/groups?search=abroad&state=suspended", "name", &["billing"]),
        ("/groups?state=active", "name", &["shipping", "staff"]),
        ("/apis?search=ord", "audience", &["https://orders.example"]),
        ("/apis?state=suspended", "audience", &["https://stock.example"]),
        ("/apis?state=active", "audience", &["https://orders.example"]),
    ] {
        for limit in ["", "&limit=1", "&limit=2"] {
            assert_eq!(names(&world, &format!("{path}{limit}"), name).await, expected, "{path}{limit}");
        }
    }
    let ada = world.done(Method::GET, "/users/ada", None).await["id"].as_str().unwrap().to_owned();
    assert_eq!(names(&world, &format!("/users?search={ada}"), "username").await, ["ada"]);
}

#[tokio::test]
async fn what_cannot_be_sought_is_refused() {
    let world = furnished().await;
    for path in ["/users", "/clients", "/groups", "/apis"] {
        let states = if path == "/users" { "active, suspended, disabled" } else { "active, suspended" };
        for (query, words) in [
            ("state=gone", &*format!("`state` is one of {states}")),
            ("search=%00%1b%5B%E2%80%AE", "1 to 8 words"),
            ("search=a&search=b", "is repeated"),
            ("order=name", "`order` is not known here"),
        ] {
            let answer = world.administer(Method::GET, &format!("{path}?{query}"), None).await;
            assert!(answer.status == 400 && answer.text().contains(words), "{path}?{query}: {}", answer.shown());
        }
        // A page goes on with the filters that it began with.
        let page = world.done(Method::GET, &format!("{path}?state=active&limit=1"), None).await;
        if let Some(next) = page["next"].as_str() {
            let other = world.administer(Method::GET, &format!("{path}?state=suspended&limit=1&cursor={next}"), None).await;
            assert_eq!((other.status, other.member("code")), (400, Value::from("invalid_cursor")), "{path}: {}", other.shown());
        }
    }
}

/// However few are found, no page looks at more than two thousand.
#[tokio::test]
async fn a_page_looks_at_so_many_and_goes_on() {
    let world = World::new().await;
    for part in 0..21 {
        let people: Vec<Value> = (0..100).map(|number| json!({"username": format!("u{part:02}{number:02}")})).collect();
        world.done(Method::POST, "/imports/users", Some(json!({"users": people}))).await;
    }
    let page = world.done(Method::GET, "/users?search=u2099", None).await;
    assert_eq!((page["items"].as_array().unwrap().len(), page["next"].is_string()), (0, true), "the first two thousand");
    assert_eq!(names(&world, "/users?search=u2099", "username").await, ["u2099"]);
}
