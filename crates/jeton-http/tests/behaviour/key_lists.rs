//! Lists of keys: the newest first, page by page, by owner, API and state.

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
        ("search=x", "`search` is not known here"),
    ] {
        let answer = world.administer(Method::GET, &format!("/keys?{query}"), None).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(words), "{query}: {}", answer.shown());
    }
    let nobody = world.administer(Method::GET, "/keys?owner=client:nobody", None).await;
    assert_eq!((nobody.status, nobody.member("code")), (404, Value::from("not_found")));
}
