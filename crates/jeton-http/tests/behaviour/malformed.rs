//! Bad input to the management API, to every row of its table: refused with a problem, nothing done by half, and nothing of it repeated raw.
//!
//! Each body is a right one with one thing wrong, and each right one is sent at the end: so what was wrong is what was refused.

mod credentials;
mod furnished;
mod judge;
mod names;
mod right;
mod wrong;

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use jeton_http::api::{Access, BESIDE, ROUTES, Route, Verb};
use serde_json::{Value, json};

use furnished::Furnished;
use judge::Judge;
use right::{Right, rights};
use wrong::Wrong;

fn rows() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(BESIDE).copied().flatten()
}

fn name_of(row: &Route) -> String {
    format!("{} {}", row.method.name(), row.path)
}

fn method_of(row: &Route) -> Method {
    row.method.name().parse().unwrap()
}

#[tokio::test]
async fn every_row_that_takes_a_body_has_a_right_one() {
    let furnished = Furnished::new().await;
    let listed: BTreeSet<String> = rights(&furnished).iter().map(|right| name_of(right.row)).collect();
    let taking: BTreeSet<String> = rows().filter(|row| row.about.takes.is_some()).map(name_of).collect();
    assert_eq!(taking, listed, "give each row that takes a body a right one in malformed/right.rs: {:?}", &taking - &listed);
}

/// Whoever sends a body believes that it is heeded: `dry_run` above all.
#[tokio::test]
async fn rows_that_take_no_body_refuse_one_and_change_nothing() {
    let (mut tried, mut faults) = (0, vec![]);
    let large = format!("{{\"zz\":\"{}\"}}", "x".repeat(1 << 20));
    let bodies = [
        ("application/json", "{\"dry_run\":true}", 400),
        ("application/json", "{\"\u{202e}\":\"\\u001b[2J\"}", 400),
        ("application/json", "[]", 400),
        ("application/json", "null", 400),
        ("application/json", "{", 400),
        ("application/json", &large, 413),
        ("text/plain", "dry_run", 415),
        ("", "{}", 415),
    ];
    for row in rows().filter(|row| row.about.takes.is_none()) {
        if matches!(row.access, Access::ClientOr(_) | Access::Client | Access::KeyItself | Access::Anyone) {
            assert_eq!(row.method, Verb::Get, "{}: who asks for this without administering changes nothing by it", name_of(row));
            continue;
        }
        let furnished = Furnished::new().await;
        let mut judge = Judge::new(&furnished);
        for (content_type, body, status) in bodies {
            let sent = body.as_bytes().to_vec();
            let answer = furnished.send(right::by_whom(row), method_of(row), &furnished.path_of(row), content_type, sent).await;
            judge.refused(&format!("{} {body:.40}", name_of(row)), &answer, &[]);
            if answer.status != status {
                faults.push(format!("{} {body:.40} is answered {}", name_of(row), answer.shown()));
            }
            tried += 1;
        }
        faults.extend(judge.faults());
        // Nothing is said by an object without members.
        let answer = furnished.send(right::by_whom(row), method_of(row), &furnished.path_of(row), "application/json", b"{}".to_vec()).await;
        if matches!(answer.status, 400 | 413 | 415) {
            faults.push(format!("{} {{}} is answered {}", name_of(row), answer.shown()));
        }
    }
    judge::none(&faults);
    assert!(tried > 300, "only {tried} were tried");
}

/// The members of each object of a body, as the server names them when it meets one that it does not know.
async fn known_members(furnished: &Furnished, right: &Right) -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeMap::new();
    for pointer in wrong::objects(right) {
        let mut body = right.body.clone();
        body.pointer_mut(&pointer).unwrap()["zz"] = json!(1);
        let answer = furnished.send_right(right, "application/json", body.to_string().into_bytes()).await;
        let detail = answer.member("detail").as_str().unwrap_or_default().to_owned();
        let label = format!("{} {pointer}", name_of(right.row));
        assert!(answer.status == 400 && (detail.contains("`zz`") || right.names_no_members), "{label}: {}", answer.shown());
        let names = detail.split('`').skip(1).step_by(2).filter(|name| *name != "zz").map(str::to_owned).collect();
        known.insert(pointer, names);
    }
    known
}

/// What the right bodies leave out nobody tries: a member that is new needs a value there.
#[tokio::test]
async fn the_right_bodies_have_every_member() {
    let furnished = Furnished::new().await;
    let (mut known, mut written): (BTreeMap<_, BTreeSet<String>>, BTreeMap<_, BTreeSet<String>>) = Default::default();
    for right in rights(&furnished).iter().filter(|right| !right.names_no_members) {
        for (pointer, names) in known_members(&furnished, right).await {
            let place = (name_of(right.row), right.by.is_client(), pointer);
            let members = right.body.pointer(&place.2).and_then(Value::as_object).unwrap().keys().cloned();
            written.entry(place.clone()).or_default().extend(members);
            known.entry(place).or_default().extend(names);
        }
    }
    for (place, names) in &known {
        let missing: Vec<_> = names.difference(&written[place]).collect();
        assert!(missing.is_empty(), "{place:?}: no right body in malformed/right.rs has {missing:?}");
    }
    assert!(known.len() > 25 && known.values().flatten().count() > 90, "they are told by the server: {known:?}");
}

/// Values in the order of the members stand for an object nowhere.
#[tokio::test]
async fn values_in_a_row_are_no_object() {
    let count = rights(&Furnished::new().await).len();
    for at in 0..count {
        let furnished = Furnished::new().await;
        let right = &rights(&furnished)[at];
        let mut judge = Judge::of(&furnished, right).await;
        for (pointer, names) in known_members(&furnished, right).await {
            let mut body = right.body.clone();
            let place = body.pointer_mut(&pointer).unwrap();
            *place = names.iter().map(|name| place.get(name).cloned().unwrap_or_default()).collect();
            let answer = furnished.send_right(right, "application/json", body.to_string().into_bytes()).await;
            judge.refused(&format!("{} {pointer}", name_of(right.row)), &answer, &[]);
        }
        judge::none(&judge.faults());
    }
}

#[tokio::test]
async fn wrong_bodies_are_refused_and_change_nothing() {
    let count = rights(&Furnished::new().await).len();
    let (mut tried, mut faults) = (0, vec![]);
    for at in 0..count {
        let furnished = Furnished::new().await;
        let right = &rights(&furnished)[at];
        let mut judge = Judge::of(&furnished, right).await;
        for Wrong { what, pointer, content_type, body } in wrong::bodies(right) {
            let label = format!("{} {what} {pointer}", name_of(right.row));
            let answer = furnished.send_right(right, content_type, body).await;
            judge.refused(&label, &answer, right.may_answer(&pointer));
            tried += 1;
        }
        faults.extend(judge.faults());
        let answer = furnished.send_right(right, "application/json", right.body.to_string().into_bytes()).await;
        if answer.status != right.status {
            faults.push(format!("{} {} is right: {}", name_of(right.row), right.body, answer.shown()));
        }
    }
    judge::none(&faults);
    assert!(tried > 3_000, "only {tried} were tried");
}

/// What people write is kept and shown for good: no text of a request takes a credential, but those that are there to hand one over.
#[tokio::test]
async fn no_words_take_a_credential() {
    let count = rights(&Furnished::new().await).len();
    let (mut tried, mut faults) = (0, vec![]);
    for at in 0..count {
        let furnished = Furnished::new().await;
        let right = &rights(&furnished)[at];
        let mut judge = Judge::of(&furnished, right).await;
        for Wrong { what, pointer, content_type, body } in credentials::bodies(&furnished, right) {
            let answer = furnished.send_right(right, content_type, body).await;
            judge.refused(&format!("{} {what} {pointer}", name_of(right.row)), &answer, right.may_answer(&pointer));
            tried += 1;
        }
        faults.extend(judge.faults());
    }
    judge::none(&faults);
    assert!(tried > 800, "only {tried} were tried");
}

/// The greatest numbers may be right: what is computed from them must not fail.
#[tokio::test]
async fn the_greatest_numbers_fail_nothing() {
    let count = rights(&Furnished::new().await).len();
    for at in 0..count {
        for place in 0.. {
            let furnished = Furnished::new().await;
            let right = &rights(&furnished)[at];
            let Some((pointer, bodies)) = wrong::greatest(right).into_iter().nth(place) else { break };
            for body in bodies {
                let answer = furnished.send_right(right, "application/json", body).await;
                assert!(answer.status < 500, "{} {pointer}: {}", name_of(right.row), answer.shown());
            }
        }
    }
}

#[tokio::test]
async fn wrong_names_in_a_path_are_refused_and_change_nothing() {
    let (mut tried, mut faults) = (0, vec![]);
    for row in rows().filter(|row| row.path.contains('{')) {
        let furnished = Furnished::new().await;
        let rights = rights(&furnished);
        let right = rights.iter().find(|right| std::ptr::eq(right.row, row));
        let body = right.map_or_else(Vec::new, |right| right.body.to_string().into_bytes());
        let mut judge = Judge::new(&furnished);
        for (what, path) in names::wrong_paths(&furnished, row) {
            let answer = furnished.send(right::by_whom(row), method_of(row), &path, "application/json", body.clone()).await;
            judge.refused(&format!("{} {what}", name_of(row)), &answer, &[]);
            tried += 1;
        }
        faults.extend(judge.faults());
    }
    judge::none(&faults);
    assert!(tried > 300, "only {tried} were tried");
}

#[tokio::test]
async fn wrong_queries_are_refused_and_change_nothing() {
    let (mut tried, mut faults) = (0, vec![]);
    for row in rows() {
        let furnished = Furnished::new().await;
        let rights = rights(&furnished);
        let right = rights.iter().find(|right| std::ptr::eq(right.row, row));
        let body = right.map_or_else(Vec::new, |right| right.body.to_string().into_bytes());
        let path = furnished.path_of(row);
        let mut judge = Judge::new(&furnished);
        let ask = async |query: &str| {
            let path = format!("{path}?{query}");
            furnished.send(right::by_whom(row), method_of(row), &path, "application/json", body.clone()).await
        };
        let unknown = ask("zz=1").await;
        judge.refused(&format!("{}?zz=1", name_of(row)), &unknown, &[]);
        for query in names::wrong_queries(&furnished, &unknown) {
            // Any words may be searched for.
            let others: &[u16] = if query.starts_with("search=") { &[200] } else { &[] };
            judge.refused(&format!("{}?{:.60}", name_of(row), query), &ask(&query).await, others);
            tried += 1;
        }
        faults.extend(judge.faults());
    }
    judge::none(&faults);
    assert!(tried > 400, "only {tried} were tried");
}

/// Anybody may send this, so it is no row of the table.
#[tokio::test]
async fn what_is_handed_in_wrongly_is_refused() {
    let furnished = Furnished::new().await;
    let mut judge = Judge::new(&furnished);
    let large = format!("{{\"credentials\":[\"{}\"]}}", "x".repeat(1 << 20));
    let many = json!({"credentials": vec!["x"; 1_001]}).to_string();
    let deep = format!("{{\"credentials\":{}", "[".repeat(10_000));
    for (content_type, query, body, status) in [
        ("application/json", "", "[[\"x\"]]", 400),
        ("application/json", "", "[]", 400),
        ("application/json", "", "{}", 400),
        ("application/json", "", "{\"credentials\":[],\"\u{202e}\":1}", 400),
        ("application/json", "", "{\"credentials\":[],\"credentials\":[]}", 400),
        ("application/json", "", "{\"credentials\":[\"\\ud800\"]}", 400),
        ("application/json", "", "{\"credentials\":\"x\"}", 400),
        ("application/json", "", &deep, 400),
        ("application/json", "", &many, 400),
        ("application/json", "", &large, 413),
        ("application/json", "?%1B%5B2J=1", "{\"credentials\":[]}", 400),
        ("text/plain", "", "{\"credentials\":[]}", 415),
        ("", "", "{\"credentials\":[]}", 415),
        // What is no credential is no news, and nobody learns that it is none.
        ("application/json", "", "{\"credentials\":[\"\\u202e\",\"\\u001b[2J\",\"\"]}", 202),
    ] {
        let mut request = http::Request::post(format!("/credentials/revoke{query}"));
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let answer = furnished.world.send(request.body(body.to_owned().into()).unwrap()).await;
        assert_eq!(answer.status, status, "{body:.80}: {}", answer.shown());
        judge.refused(&format!("{body:.80}"), &answer, &[202]);
        answer.conforms(&Method::POST, "/credentials/revoke", None);
    }
    let answer = furnished.world.get("/credentials/revoke").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{}", answer.shown());
    judge.refused("another method", &answer, &[]);
    judge::none(&judge.faults());
}

/// Those that ask by themselves who comes refuse it from clients and keys, too.
#[tokio::test]
async fn a_query_that_nobody_reads_is_refused_whoever_sends_it() {
    let furnished = Furnished::new().await;
    let mut judge = Judge::new(&furnished);
    for right in rights(&furnished).iter().filter(|right| right.by.is_client()) {
        let path = format!("{}?zz", right.path.clone().unwrap_or_else(|| furnished.path_of(right.row)));
        let answer = furnished.send(right.by, method_of(right.row), &path, "application/json", right.body.to_string().into_bytes()).await;
        assert_eq!(answer.status, 400, "{}: {}", name_of(right.row), answer.shown());
        judge.refused(&name_of(right.row), &answer, &[]);
    }
    judge::none(&judge.faults());
}
