//! What a command tells of what it was given: names where there are names, and what to do where it was given something else.

use crate::desk::Desk;

const CREATE: [&str; 6] = ["key", "create", "--audience", "a:b", "--name", "nightly"];

fn furnished() -> Desk {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    desk.done(&["user", "create", "--username", "bob"]);
    desk.done(&["role", "create", "--audience", "a:b", "--name", "reader", "--scope", "read"]);
    desk.done(&["role", "assign", "reader", "user:bob"]);
    desk
}

#[test]
fn a_key_is_named_by_what_there_is_of_it() {
    let desk = furnished();
    let made = desk.json(&[&CREATE[..], &["--owner", "external:acme"]].concat());
    let (id, text) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    desk.write("key.txt", text);
    assert!(desk.done(&["key", "show", "key.txt"]).starts_with("This is the key's text."));
    let told = desk.done(&["key", "show", id]).replace('\n', " ");
    let entry = told.split(", entry ").nth(1).unwrap().split(')').next().unwrap().to_owned();
    assert!(desk.done(&["audit", "show", &entry]).contains("api_key.created"), "{told}");
    desk.fails(&["key", "show", "none.txt"], "", 2, "no file of that name is here");
    desk.fails(&["key", "show", text], "", 2, "a token is not given as an argument");
    desk.fails(&["key", "verify", id], "", 2, &format!("`jeton key show {id}`"));
    assert!(desk.done(&["key", "verify", "key.txt"]).starts_with("Accepted."));
    // Found in an incident: each can be ended without another file.
    let other = desk.json(&[&CREATE[..], &["--owner", "external:acme"]].concat());
    desk.write("env.txt", &format!("A={text}\nX=1\nB={}\n", other["key"].as_str().unwrap()));
    desk.fails(&["revoke", "env.txt", "--yes"], "", 2, "`sed -n 1p env.txt | jeton … -` takes line 1");
    desk.fails(&["key", "show", "-"], &format!("{text}\n{}", other["key"].as_str().unwrap()), 2, "there are several");
    let first = std::fs::read_to_string(desk.folder.path().join("env.txt")).unwrap();
    assert_eq!(desk.run(&["revoke", "-"], first.lines().next().unwrap()).out, "Revoked 1 API key.\n");
    assert_eq!(desk.done(&["key", "list", "--unused-for", "30d"]), "There is no such key.\n");
}

#[test]
fn whom_it_is_about_is_told_by_name() {
    let desk = furnished();
    let made = desk.json(&[&CREATE[..], &["--owner", "user:bob", "--scope", "read"]].concat());
    let id = made["id"].as_str().unwrap();
    desk.done(&["group", "create", "--name", "ops"]);
    desk.done(&["group", "add", "ops", "bob"]);
    desk.done(&["suspend", "--group", "ops", "--yes"]);
    assert!(desk.done(&["user", "show", "bob"]).contains("ops (suspended)"));
    desk.done(&["suspend", "--user", "bob", "--why", "on leave", "--yes"]);
    let told = desk.done(&["key", "explain", id]).replace('\n', " ");
    assert!(
        told.contains("everything of the user bob is suspended by unix:") && told.contains("everything of the user bob suspended by"),
        "{told}"
    );
    assert!(!told.contains("unspecified"), "{told}");
    // As owners and holders of roles are written.
    assert!(desk.done(&["user", "show", "user:bob"]).contains("bob"));
    assert!(desk.done(&["user", "erase", "user:bob", "--dry-run"]).contains("1 key"));
    desk.fails(&["suspend", "user:bob"], "", 2, "a person is named by --user bob");
    desk.fails(
        &["suspend", "--user", "nobody", "--yes"],
        "",
        1,
        "there is no user of this id or username\n  → `jeton user list` shows the usernames",
    );
    desk.fails(&["revoke", "--client", "nobody", "--yes"], "", 1, "`jeton client list` shows the names");
    desk.fails(&["revoke", "--session", "x", "--yes"], "", 1, "there is no session, grant or key of this id");
}

/// The answer is no, and says so like every other no.
#[test]
fn a_client_that_is_suspended_gets_nothing() {
    let desk = furnished();
    desk.done(&["suspend", "--client", "worker", "--yes"]);
    desk.fails(&["token", "issue", "--client", "worker"], "", 1, "this client is suspended");
    desk.fails(&[&CREATE[..], &["--owner", "client:worker"]].concat(), "", 1, "suspended");
}

/// Nobody typed an issuer: what is said of it says where it came from, and what to type.
#[test]
fn an_issuer_that_nobody_wrote_is_told_as_such() {
    Desk::empty().fails(&["init", "--listen", "0.0.0.0:8420"], "", 3, "say how clients reach it with --issuer");
}

#[test]
fn the_doctor_says_what_it_does_not_know_and_why() {
    let desk = furnished();
    let report = desk.json_of_any(&["doctor"]);
    let checks = report["practices"].as_array().unwrap().iter().flat_map(|practice| practice["checks"].as_array().unwrap());
    let unknown: Vec<_> = checks.filter(|check| check["verdict"] == "not_known").collect();
    let told = desk.run(&["doctor"], "").out;
    assert!(!unknown.is_empty(), "{report}");
    assert!(told.contains("\nnot known  "), "{told}");
    // Some are known a moment later.
    assert!(unknown.iter().any(|check| told.contains(&format!("{}: ", check["id"].as_str().unwrap()))), "{told}");
}

#[test]
fn a_table_with_other_signs_between_its_columns_is_told_of_them() {
    let desk = furnished();
    let hash = "04784caf6145c1f9c23930217e2004472bfffcbb8657ded1bed6c0ed24070267";
    let import = ["key", "import", "keys.csv", "--audience", "a:b"];
    desk.write("keys.csv", &format!("sha256;owner;name\n{hash};external:acme;k\n"));
    desk.fails(&import, "", 2, "put commas between the columns");
    desk.write("keys.csv", &format!("sha256,owner,name\n{hash},acme,k\n"));
    desk.fails(&import, "", 1, "1 key was refused");
}
