use std::net::SocketAddr;

use jeton_core::client::update::UpdateClient;
use jeton_oauth::Form;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser};
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::*;

const LONG: Duration = Duration::from_secs(30);
const AT_ONCE: [Duration; 3] = [Duration::ZERO; 3];
const DONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";

/// An application's server: what it answers, one after the other and then the last, and the bodies that it gets.
async fn listens(answers: Vec<String>) -> (SocketAddr, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = unbounded_channel();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut request, mut read) = (Vec::new(), [0; 1_024]);
            let is_whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).into_owned();
                let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
                text.split_once("\r\n\r\n").filter(|(_, body)| Some(body.len()) == length).map(|(_, body)| body.to_owned())
            };
            let body = loop {
                if let Some(body) = is_whole(&request) {
                    break body;
                }
                let count = stream.read(&mut read).await.unwrap();
                assert!(count > 0, "the request ends before its end");
                request.extend_from_slice(&read[..count]);
            };
            assert!(request.starts_with(b"POST /signed-out HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&request));
            let answer = answers.get(number).unwrap_or_else(|| answers.last().unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = tell.send(body);
        }
    });
    (address, heard)
}

/// A server at its own machine, somebody, and an application that is told at an address.
async fn world(issuer: &str, hears: SocketAddr) -> (World, Registered) {
    let world = World::of(issuer).await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let update = UpdateClient { backchannel_logout_uri: Some(format!("http://{hears}/signed-out")), ..UpdateClient::default() };
    world.service().update_client("shop", &update, None, &administrator(), &world.moment()).await.unwrap();
    (world, shop)
}

async fn signs_in_and_out(world: &World, shop: &Registered) -> serde_json::Value {
    let mut browser: Browser<'_> = world.browser();
    let page = browser.open(&asking(shop, "shop", &[])).await.page();
    let mut arrived = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await;
    if let Arrived::Page(page) = arrived {
        arrived = browser.submit(&page, "/oauth/authorize", Some("allow"), &[]).await;
    }
    let tokens = world.exchange(shop, &arrived.parameter("code")).await;
    let page = browser.open("/account").await.page();
    let _: Arrived = browser.submit(&page, "/signout", None, &[]).await;
    claims_of(tokens.member("id_token").as_str().unwrap())
}

fn begin(world: &World, data: &TempDir) -> JoinHandle<()> {
    let service = world.service().clone();
    let guarded = Arc::new(Guarded::new(Reach::of_registered(service.issuer().is_loopback()), Duration::from_secs(5)).unwrap());
    let data = data.path().to_owned();
    tokio::spawn(Telling { service, guarded, waits: &AT_ONCE, data, under_way: BTreeMap::new(), kept: None, is_due: true }.go_on())
}

/// Waits until telling went so: told, failed, given up; and until no more of it is to be done by a later process.
async fn went(world: &World, data: &TempDir, expected: [u64; 3]) {
    let head = world.service().store().head();
    let went = async {
        while world.service().logout_counts().map(|(_, count)| count).collect::<Vec<_>>() != expected
            || logout_cursor::read(data.path(), head.incarnation).is_none_or(|kept| kept < head.size)
        {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let counts = || world.service().logout_counts().collect::<Vec<_>>();
    assert!(timeout(LONG, went).await.is_ok(), "{:?}, kept {:?}", counts(), logout_cursor::read(data.path(), head.incarnation));
}

const HERE: &str = "http://127.0.0.1:8420";

#[tokio::test]
async fn an_application_is_told_who_signed_out() {
    let (address, mut heard) = listens(vec![DONE.to_owned()]).await;
    let ((world, shop), data) = (world(HERE, address).await, tempfile::tempdir().unwrap());
    let telling = begin(&world, &data);
    // It is followed from the first turn on.
    while logout_cursor::read(data.path(), world.service().store().head().incarnation).is_none() {
        sleep(Duration::from_millis(5)).await;
    }
    let id_token = signs_in_and_out(&world, &shop).await;
    let body = timeout(LONG, heard.recv()).await.unwrap().unwrap();
    let form = Form::parse(body.as_bytes()).unwrap();
    let claims = claims_of(form.get("logout_token").unwrap());
    assert_eq!((&claims["sid"], &claims["sub"], &claims["aud"]), (&id_token["sid"], &id_token["sub"], &id_token["aud"]));
    went(&world, &data, [1, 0, 0]).await;
    telling.abort();
}

#[tokio::test]
async fn what_fails_is_tried_again_and_a_redirect_is_not_followed() {
    let (elsewhere, mut seen) = listens(vec![DONE.to_owned()]).await;
    let redirect = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{elsewhere}/signed-out\r\ncontent-length: 0\r\n\r\n");
    let (address, _heard) = listens(vec![redirect, FAILED.to_owned(), DONE.to_owned()]).await;
    let ((world, shop), data) = (world(HERE, address).await, tempfile::tempdir().unwrap());
    // The process before this one ended before it told anybody.
    logout_cursor::write(data.path(), world.service().store().head().incarnation, world.ledger_size()).unwrap();
    signs_in_and_out(&world, &shop).await;
    let telling = begin(&world, &data);
    went(&world, &data, [1, 2, 0]).await;
    assert!(seen.try_recv().is_err(), "it was followed");
    telling.abort();
}

#[tokio::test]
async fn who_never_takes_it_is_given_up() {
    let (address, mut heard) = listens(vec![FAILED.to_owned()]).await;
    let ((world, shop), data) = (world(HERE, address).await, tempfile::tempdir().unwrap());
    logout_cursor::write(data.path(), world.service().store().head().incarnation, world.ledger_size()).unwrap();
    signs_in_and_out(&world, &shop).await;
    let telling = begin(&world, &data);
    went(&world, &data, [0, 3, 1]).await;
    let mut attempts = 0;
    while heard.try_recv().is_ok() {
        attempts += 1;
    }
    assert_eq!(attempts, AT_ONCE.len());
    assert!(world.metrics().await.contains("jeton_logouts_total{outcome=\"given_up\"} 1\n"));
    telling.abort();
}

#[tokio::test]
async fn a_server_of_the_internet_reaches_nothing_on_its_own_machine() {
    let (address, mut heard) = listens(vec![DONE.to_owned()]).await;
    let ((world, shop), data) = (world("https://tokens.example", address).await, tempfile::tempdir().unwrap());
    logout_cursor::write(data.path(), world.service().store().head().incarnation, world.ledger_size()).unwrap();
    signs_in_and_out(&world, &shop).await;
    let telling = begin(&world, &data);
    went(&world, &data, [0, 3, 1]).await;
    assert!(heard.try_recv().is_err());
    telling.abort();
}
