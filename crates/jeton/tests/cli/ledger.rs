//! The ledger as it is followed, and as it is read where no server runs.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::desk::Desk;

#[test]
fn the_ledger_is_followed() {
    let desk = Desk::with_server();
    let mut following = desk.command(&["audit", "tail", "--follow", "-n", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.next().unwrap().ends_with("DETAILS"));
    assert!(lines.next().is_some());
    desk.done(&["api", "create", "--audience", "a:b"]);
    let line = lines.find(|line| line.contains("api.created"));
    following.kill().unwrap();
    following.wait().unwrap();
    assert!(line.is_some_and(|line| line.contains("audience=a:b")));
}

#[test]
fn the_ledger_is_read_without_a_server() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    desk.done(&["token", "issue", "--client", "worker"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    desk.fails(
        &["serve", "--listen", &address],
        "",
        3,
        "./jeton-data is open in another process: a server answers at ./jeton-data/jeton.sock",
    );
    let served = desk.json(&["audit", "verify"]);
    assert_eq!(served["read_by"], "server");
    assert!(desk.done(&["audit", "verify"]).contains("stop it, and try again"));
    desk.write("kept.txt", &desk.done(&["audit", "checkpoint"]));
    desk.fails(&["audit", "verify", "--checkpoint", "kept.txt"], "", 2, "a server holds this data folder");
    desk.stop_server();
    let read = desk.json(&["audit", "verify"]);
    assert_eq!((&read["read_by"], &read["findings"]), (&"command".into(), &Value::Array(Vec::new())));
    assert!(read["entries"].as_u64() >= served["entries"].as_u64());
    assert!(desk.done(&["audit", "verify", "--checkpoint", "kept.txt"]).contains("the one you kept covers"));
    let kept = std::fs::read_to_string(desk.folder.path().join("kept.txt")).unwrap();
    let root = kept.lines().nth(2).unwrap();
    let forged = kept.replace(root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let said = desk.run(&["audit", "verify", "--checkpoint", "-"], &forged);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("the entries before it are not those"), "{}", said.out);
    desk.fails(&["audit", "verify", "--checkpoint", "-"], "hello", 2, "no checkpoint of a ledger");
    assert!(desk.done(&["audit", "tail", "-n", "20"]).contains("token.issued"));
    assert_eq!(desk.json(&["audit", "tail", "-n", "1", "--from", "0"])["items"][0]["kind"], "deployment.created");
    desk.fails(&["audit", "checkpoint"], "", 3, "the server is not running");
    desk.fails(&["check"], "", 3, "`jeton check --full --data ./jeton-data` reads the folder itself");
    let database = desk.folder.path().join("jeton-data/jeton.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let place = bytes.windows(15).position(|window| window == b"\"name\":\"worker\"").unwrap();
    bytes[place + 8] = b'W';
    std::fs::write(&database, bytes).unwrap();
    desk.fails(&["audit", "verify"], "", 1, "the ledger is not what was written");
}

/// The start reads no rows of tokens: a page that went bad is met by whoever asks for what lies on it, and by nobody else.
#[test]
fn a_page_that_went_bad_is_said_and_answers_no() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--token-format", "opaque"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let id = desk.json(&["token", "issue", "--client", "worker"])["id"].as_str().unwrap().to_owned();
    assert!(desk.done(&["token", "show", &id]).contains("active"));
    desk.stop_server();
    let path = desk.folder.path().join("jeton-data/jeton.db");
    let mut database = std::fs::read(&path).unwrap();
    let token: Vec<u8> = id.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    // Behind the key lie the row's other columns; the ledger's entry, which the start reads, names the token and no client behind it.
    let is_row = |at: &usize| database[*at..].starts_with(&token) && database[*at..at + 60].windows(7).any(|text| text == b"client_");
    let places: Vec<usize> = (0..database.len() - 60).filter(is_row).collect();
    assert!(!places.is_empty(), "the row lies in the database");
    places.iter().for_each(|at| database[at + 24] ^= 1);
    std::fs::write(&path, database).unwrap();
    desk.start_server();
    desk.fails(&["token", "show", &id], "", 3, "a row of table `access_token` is not what was written");
    desk.done(&["token", "issue", "--client", "worker"]);
    let said = desk.run(&["check", "--full"], "");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("jeton backup restore --from TARGET"), "{}", said.err);
    desk.stop_server();
    // A disk that went bad all over.
    let mut database = std::fs::read(&path).unwrap();
    let pages = database.len() / 4_096;
    for page in (2..pages).step_by(2) {
        database[page * 4_096..page * 4_096 + 4_000].iter_mut().for_each(|byte| *byte ^= 0x55);
    }
    std::fs::write(&path, database).unwrap();
    let said = desk.run(&["check", "--full"], "");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        !said.out.contains("every table") && !said.out.contains("jeton check"),
        "it says what was found, and not to look: {}",
        said.out
    );
    assert!(said.out.contains("- ") && said.out.matches("for inquiry").count() == 1, "each hint once: {}", said.out);
    assert!(
        said.out.contains("jeton backup restore") && said.err.contains("jeton backup restore --from TARGET"),
        "{}{}",
        said.out,
        said.err
    );
}

#[test]
fn the_ledger_is_looked_through() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    for name in ["nightly", "other"] {
        desk.done(&["client", "create", "--name", name, "--audience", "a:b"]);
    }
    let told = desk.done(&["audit", "tail", "--client", "nightly"]);
    assert!(told.contains("client.created") && told.contains("client=nightly") && !told.contains("other"), "{told}");
    let told = desk.json(&["audit", "tail", "--kind", "client", "-n", "1"]);
    let items = told["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["data"]["name"]), (1, &serde_json::json!("other")), "{told}");
    let number = items[0]["sequence"].to_string();
    let shown = desk.done(&["audit", "show", &number]);
    let id = items[0]["data"]["client"].as_str().unwrap();
    assert!(shown.contains(&format!("client other ({id})")) && shown.contains("actor unix:"), "{shown}");
    desk.fails(&["audit", "show", "4711"], "", 1, "there is no entry 4711");
    desk.fails(&["audit", "tail", "--client", "nobody"], "", 1, "there is no client");
    desk.fails(&["audit", "tail", "--kind", "nothing"], "", 2, "`nothing` is no kind of entries");
    desk.fails(&["audit", "tail", "--kind", "suspended"], "", 2, "api_key.suspended");
    assert_eq!(desk.done(&["audit", "tail", "--kind", "canary"]), "There is no such entry.\n");
    let kinds = |more: &[&str]| -> Vec<String> {
        let told = desk.json(&[&["audit", "tail"], more].concat());
        told["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    };
    let made = desk.json(&["admin", "create", "--username", "ada", "--role", "operator"]);
    desk.write("ada.txt", made["key"].as_str().unwrap());
    let me = items[0]["data"]["actor"].as_str().unwrap();
    assert_eq!(kinds(&["--by", me, "--kind", "client", "--since", "1h"]), ["client.created", "client.created"]);
    assert!(kinds(&["--by", "ada"]).is_empty());
    assert_eq!(kinds(&["--user", "ada", "--kind", "user", "--since", "2020-01-01"]), ["user.created"]);
    assert_eq!(kinds(&["--api", "a:b", "--kind", "api"]), ["api.created"]);
    desk.done(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k"]);
    assert_eq!(kinds(&["--owner", "external:acme"]), ["api_key.created"]);
    desk.fails(&["audit", "tail", "--since", "yesterday"], "", 2, "1h or 7d");
    desk.done(&["client", "delete", "other", "--yes"]);
    desk.fails(&["audit", "tail", "--client", "other"], "", 1, "`jeton audit tail --kind client.created -o wide`");
    assert!(desk.done(&["audit", "tail", "--kind", "client.created", "-o", "wide"]).contains(id));
    desk.stop_server();
    desk.fails(&["audit", "tail", "--client", "nightly"], "", 2, "the data folder is read without filters");
    assert!(desk.done(&["audit", "show", &number]).contains(id), "the folder is read, too");
}
