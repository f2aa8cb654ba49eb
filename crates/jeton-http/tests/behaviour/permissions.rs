//! What each role may do, tried with real tokens on every row of the table; and whether every row is tried.

use std::fmt::Write as _;

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{Method, Request};
use jeton_http::api::{self, Access, BESIDE, Place, ROUTES, Route, Verb};
use jeton_testkit::World;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ROLES: [&str; 4] = ["owner", "operator", "developer", "auditor"];
const GOLDEN: &str = include_str!("../permissions.golden");
const REGENERATE: &str =
    "where this is meant, write it anew:\n  JETON_WRITE_GOLDEN=1 cargo test -p jeton-http --test behaviour permissions";

/// How a row answered, by who asked.
struct Tried {
    row: &'static Route,
    /// What was asked beside the path, where that decides.
    asked: &'static str,
    /// Of each role.
    roles: [u16; 4],
    /// Of somebody whose roles were taken away.
    nobody: u16,
    /// Of somebody who presents nothing.
    stranger: u16,
    /// Of a client that proves who it is, and of a key.
    client: u16,
}

/// Bodies of requests that are decided by what they ask.
fn bodies(row: &Route) -> Vec<(&'static str, Value)> {
    match row.path {
        "/revocations" => vec![
            ("one token", json!({"id": "00000000000000000000000000000000", "dry_run": true})),
            ("one key", json!({"key": "00000000000000000000000000000000", "dry_run": true})),
            ("everything", json!({"everything": true, "dry_run": true})),
        ],
        "/suspensions" | "/resumptions" if row.method == Verb::Post => vec![
            ("one token", json!({"id": "00000000000000000000000000000000", "dry_run": true})),
            ("one client", json!({"client": "worker", "dry_run": true})),
        ],
        "/keys/verify" => vec![("", json!({"key": "none"}))],
        "/usage/reports" => {
            let (verifier, audience) = ("00000000000000000000000000000000", "https://orders.example");
            vec![("", json!({"verifier": verifier, "batch": 1, "audience": audience, "items": []}))]
        }
        _ => vec![("", json!({}))],
    }
}

async fn try_all(world: &World) -> Vec<Tried> {
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut bearers = vec![];
    for role in ROLES {
        bearers.push(format!("Bearer {}", world.administrator_of(role, role).await));
    }
    let nobody = format!("Bearer {}", world.administrator_of("nobody", "owner").await);
    world.done(Method::DELETE, "/roles/role_owner/assignments/user:nobody", None).await;
    let mut tried = vec![];
    for row in ROUTES.iter().chain(BESIDE).copied().flatten() {
        for (asked, body) in bodies(row) {
            let path = row.path.replace('{', "no-").replace('}', "");
            let ask = async |authorization: Option<&str>| {
                let method: Method = row.method.name().parse().unwrap();
                match BESIDE.iter().copied().flatten().any(|beside| beside.path == row.path) {
                    true => beside(world, authorization, method, &path).await,
                    false => world.manage(authorization, method, &path, Some(&body)).await.status,
                }
            };
            let mut roles = [0; 4];
            for (status, bearer) in roles.iter_mut().zip(&bearers) {
                *status = ask(Some(bearer)).await;
            }
            let (nobody, stranger, client) = (ask(Some(&nobody)).await, ask(None).await, ask(Some(&worker.basic())).await);
            tried.push(Tried { row, asked, roles, nobody, stranger, client });
        }
    }
    tried
}

/// What stands beside `/api/v1` is served where administrators are alone.
async fn beside(world: &World, authorization: Option<&str>, method: Method, path: &str) -> u16 {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let router = api::routes(world.management(), Place::Admin);
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
}

fn is_allowed(status: u16) -> bool {
    !matches!(status, 401 | 403)
}

/// A line for each row that administrators may use: action, resource, permission, and yes or no by role.
fn matrix(tried: &[Tried]) -> String {
    let mut text =
        format!("{:<7}{:<54}{:<26}{:<7}{:<10}{:<11}auditor\n", "action", "resource", "permission", "owner", "operator", "developer");
    for each in tried {
        let permission = match each.row.access {
            Access::Permission(permission) => permission.name(),
            Access::ClientOr(permission) => permission.name(),
            Access::AnyOf(_) => "by what is asked",
            Access::Administrator => "none",
            Access::Client | Access::KeyItself | Access::Anyone => continue,
        };
        let resource = format!("{} {}", each.row.path, each.asked);
        let [owner, operator, developer, auditor] = each.roles.map(|status| if is_allowed(status) { "yes" } else { "no" });
        let _ = writeln!(
            text,
            "{:<7}{:<54}{permission:<26}{owner:<7}{operator:<10}{developer:<11}{auditor}",
            each.row.method.name(),
            resource.trim_end()
        );
    }
    text
}

#[tokio::test]
async fn each_role_may_what_is_written_here() {
    let world = World::new().await;
    let tried = try_all(&world).await;
    let made = matrix(&tried);
    for each in tried.iter().filter(|each| each.row.access != Access::Anyone) {
        assert_eq!(each.stranger, 401, "{} {}", each.row.method.name(), each.row.path);
    }
    if std::env::var_os("JETON_WRITE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/permissions.golden");
        std::fs::write(path, &made).unwrap();
        return;
    }
    assert!(made == GOLDEN, "who may what is not as tests/permissions.golden says; {REGENERATE}\nas made:\n{made}");
}

/// A row that nobody is refused at, or nobody let in, is one that no test of access reaches.
#[tokio::test]
async fn every_row_is_reached_by_a_test_of_access() {
    let world = World::new().await;
    let unreached: Vec<String> = try_all(&world)
        .await
        .iter()
        .filter(|each| {
            let refused = !is_allowed(each.stranger) && !is_allowed(each.nobody);
            let is_reached = match each.row.access {
                Access::Permission(_) | Access::AnyOf(_) => each.roles.iter().any(|status| is_allowed(*status)) && refused,
                // Who has lost all roles proves still who they are.
                Access::Administrator => each.roles.iter().all(|status| is_allowed(*status)) && !is_allowed(each.stranger),
                Access::ClientOr(_) => each.roles.iter().any(|status| is_allowed(*status)) && is_allowed(each.client) && refused,
                Access::Client => is_allowed(each.client) && !is_allowed(each.stranger),
                Access::KeyItself => is_allowed(each.nobody) && !is_allowed(each.client) && !is_allowed(each.stranger),
                Access::Anyone => is_allowed(each.stranger),
            };
            !is_reached
        })
        .map(|each| format!("{} {} {}", each.row.method.name(), each.row.path, each.asked))
        .collect();
    let mend = "give each a body in `bodies` of this file with which somebody is let in and somebody is refused";
    assert!(unreached.is_empty(), "no test of access reaches: {unreached:#?}\n{mend}; then {REGENERATE}");
}
