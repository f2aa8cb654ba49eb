//! Who administers, and people, groups and roles.

use std::path::Path;

use serde_json::{Value, json};

use crate::desk::Desk;

#[test]
fn what_administers() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    assert!(desk.json(&["client", "secret", "create", "worker", "--overlap", "1h"])["client_secret"].is_string());
    desk.fails(&["client", "secret", "create", "worker"], "", 1, "jeton client secret revoke");
    let lines = desk.done(&["client", "secret", "list", "worker", "-o", "jsonl"]);
    let ids: Vec<Value> = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    desk.done(&["client", "secret", "revoke", "worker", ids[0].as_str().unwrap(), "--yes"]);
    assert_eq!(desk.json(&["token", "issue", "--client", "worker"])["standing"], "active");
    assert!(desk.done(&["audit", "tail", "-n", "20"]).contains("token.issued"), "who issued it is on the ledger");
    desk.fails(&["signing-key", "rotate"], "", 1, "--force");
    assert!(desk.done(&["signing-key", "rotate", "--force"]).contains("from now on"));
    let rotated = desk.json(&["root-key", "rotate"]);
    assert_eq!(rotated["epochs"].as_array().unwrap().len(), 2);
    assert!(rotated["root_file"].as_str().unwrap().ends_with("jeton-data.root-key"), "{rotated}");
    assert!(desk.done(&["audit", "tail", "-n", "20"]).contains("root_key.rotated"));
    assert!(desk.done(&["audit", "verify"]).contains("The ledger is what was written"));
    assert!(desk.done(&["audit", "checkpoint"]).starts_with("127.0.0.1:8420\n"));
    assert!(desk.done(&["check", "--full"]).contains("What was read is what was written"));
    assert!(desk.done(&["request", "get", "/api/v1/statistics"]).contains("\"clients\":1"));
    desk.fails(&["request", "GET", "/api/v1/nothing"], "", 3, "404");
    desk.fails(&["request", "GET", "/nope"], "", 3, "its paths begin with /api/v1, such as /api/v1/apis");
    desk.fails(&["request", "POST", "/api/v1/apis", "--body", "-"], "{}", 2, "400");
    desk.write("large.json", &format!("{{\"audience\":\"{}\"}}", "a".repeat(100_000)));
    let said = desk.run(&["request", "POST", "/api/v1/apis", "--body", "large.json"], "");
    let problem: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &problem["code"], &problem["status"]), (2, &"too_large".into(), &413.into()), "{}", said.err);
    desk.fails(&["audit", "tail", "-n", "1001"], "", 2, "1001 is not in 0..=1000");
    assert!(desk.done(&["config", "check"]).contains("was not tried"));
    let said = desk.run(&["client", "show", "nobody", "--json"], "");
    let problem: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((said.code, said.out.as_str(), &problem["exit_code"]), (1, "", &1.into()), "{problem}");
    assert!(problem["hint"].as_str().unwrap().contains("jeton client list"), "{problem}");
    let done = desk.json(&["client", "delete", "worker", "--yes"]);
    assert_eq!(done["done"], "Removed worker: its secrets and tokens are dead.");
    assert_eq!(desk.done(&["api", "delete", "a:b", "--yes"]), "Removed a:b: what was for it is dead, 0 access tokens.\n");
    desk.fails(&["api", "delete", "a:b", "--yes"], "", 1, "no API");
    assert!(Path::new(&desk.folder.path().join("jeton-data.root-key")).exists());
}

#[test]
fn administrators() {
    let desk = Desk::with_server();
    let made = desk.json(&["admin", "create", "--username", "boss", "--role", "operator", "--expires-in", "30d"]);
    assert!(made["key"].as_str().unwrap().starts_with("jtn_pat_"), "{made}");
    assert!(desk.done(&["admin", "list"]).contains("operator"));
    desk.fails(&["admin", "create", "--username", "x", "--role", "king"], "", 2, "possible values");
    desk.fails(&["admin", "create", "--username", "\u{202e}x", "--role", "owner"], "", 2, "a-z, 0-9");
    desk.fails(&["admin", "remove", "nobody", "--yes"], "", 1, "no user");
    assert_eq!(desk.done(&["admin", "remove", "boss", "--yes"]), "boss administers nothing any longer.\n");
    assert!(desk.done(&["admin", "list"]).contains("jeton admin create"));
}

#[test]
fn people_groups_and_roles() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read=Read orders", "--scope", "orders:write"]);
    for (noun, needle) in [("user", "nobody yet"), ("group", "no group yet"), ("role", "auditor"), ("admin", "jeton admin create")] {
        assert!(desk.done(&[noun, "list"]).contains(needle), "{noun}");
    }
    assert_eq!(desk.json(&["user", "create", "--username", "Ada", "--name", "Ada Example"])["username"], "ada");
    desk.fails(&["user", "create", "--username", "ada"], "", 1, "somebody has this username already");
    desk.fails(&["user", "create", "--username", "a b"], "", 2, "a-z, 0-9");
    desk.fails(&["user", "create", "--username", "eve", "--name", "\u{202e}eve"], "", 2, "direction of writing");
    desk.done(&["group", "create", "--name", "billing", "--description", "Who bills"]);
    desk.done(&["role", "create", "--audience", api, "--name", "clerk", "--scope", "orders:read", "--scope", "orders:write"]);
    desk.fails(&["role", "create", "--audience", api, "--name", "boss", "--scope", "admin"], "", 2, "`admin` is no scope");
    assert_eq!(desk.done(&["group", "add", "billing", "ada"]), "ada is in billing.\n");
    assert_eq!(desk.done(&["role", "assign", "clerk", "group:billing"]), "group:billing holds clerk.\n");
    desk.fails(&["role", "assign", "clerk", "ada"], "", 2, "user:USERNAME");
    desk.fails(&["role", "assign", "clerk", "user:eve"], "", 1, "jeton user list");
    assert!(desk.done(&["group", "members", "billing"]).contains("ada"));
    assert!(desk.done(&["role", "holders", "clerk"]).contains("billing"));
    let shown = desk.done(&["user", "show", "ada"]);
    assert!(shown.contains("clerk at https://orders.example, by billing"), "{shown}");
    // A role with many scopes takes a second line for its id.
    for (noun, lines) in [("user", 2), ("group", 2), ("role", 12)] {
        let listed = desk.done(&[noun, "list"]);
        assert_eq!(listed.lines().count(), lines, "{listed}");
    }
    assert_eq!(desk.json(&["role", "update", "clerk", "--scope", "orders:read"])["scope"], "orders:read");
    desk.fails(&["user", "update", "ada"], "", 2, "nothing to change");
    desk.done(&["user", "update", "ada", "--attribute", "department=research", "--attribute", "room=7"]);
    let shown = desk.done(&["user", "update", "ada", "--attribute", "room="]);
    assert!(shown.contains("attributes  department = research\n") && !shown.contains("room"), "{shown}");
    assert_eq!(desk.json(&["user", "show", "ada"])["attributes"], json!({"department": "research"}));
    for wrong in ["department", "=x", "a b=x", "a=\u{1b}[31m"] {
        assert_eq!(desk.run(&["user", "update", "ada", "--attribute", wrong], "").code, 2, "{wrong}");
    }
    desk.fails(&["user", "disable", "ada"], "y\n", 2, "add --yes");
    assert_eq!(desk.json(&["user", "disable", "ada", "--yes"])["state"], "disabled");
    assert!(desk.done(&["audit", "tail", "-n", "20"]).contains("tokens.cut_off"));
    assert_eq!(desk.json(&["user", "enable", "ada"])["state"], "active");
    assert!(desk.done(&["revoke", "--user", "ada", "--yes"]).starts_with("Revoked 0 access tokens"));
    desk.done(&["role", "unassign", "clerk", "group:billing"]);
    desk.done(&["group", "remove", "billing", "ada"]);
    desk.done(&["group", "delete", "billing", "--yes"]);
    desk.done(&["role", "delete", "clerk", "--yes"]);
    desk.fails(&["group", "show", "billing"], "", 1, "jeton group list");
    assert!(desk.done(&["audit", "verify"]).contains("The ledger is what was written"));
}

/// Of whom nothing is out is suspended all the same, and that is said.
#[test]
fn somebody_without_credentials_is_suspended_and_resumed() {
    let desk = Desk::with_server();
    desk.done(&["user", "create", "--username", "carl"]);
    let all = ["--user", "carl"];
    let done = |words: &[&str]| desk.done(&[words, &all[..]].concat());
    assert!(done(&["suspend", "--dry-run"]).starts_with("Would be suspended: nothing of it is out"));
    assert!(done(&["suspend", "--yes"]).starts_with("Suspended: nothing of it is out"));
    let listed = desk.done(&["suspension", "list"]);
    assert!(listed.contains("user  carl") && listed.contains("unix:"), "{listed}");
    assert!(done(&["suspend", "--yes"]).starts_with("It was suspended already"));
    assert!(done(&["resume", "--dry-run"]).starts_with("Would be resumed: nothing of it is out"));
    assert!(done(&["resume"]).starts_with("Resumed: nothing of it is out"));
    assert!(done(&["resume"]).starts_with("It was not suspended"));
    assert!(desk.done(&["suspension", "list"]).starts_with("No client, API, user, group or owner outside is suspended"));
}

/// A second token takes the place of none.
#[test]
fn who_has_a_token_already_is_told_so() {
    let desk = Desk::with_server();
    let create = ["admin", "create", "--username", "ada", "--role", "auditor"];
    assert_eq!(desk.run(&create, "").err, "");
    let again = desk.run(&create, "");
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(again.err, "1 other key or token of theirs is accepted as before: `jeton key list --owner user:ada --state active`.\n");
}

/// What is in a list is not taken, and a list that is none ends the start.
#[test]
fn passwords_that_leaked() {
    let mut desk = Desk::empty();
    desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
    let configured = std::fs::read_to_string(desk.folder.path().join("jeton-data/jeton.toml")).unwrap();
    desk.write("jeton-data/jeton.toml", &format!("{configured}\npassword_list_file = \"leaked.txt\"\n"));
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let said = desk.run(&serve, "");
    assert!(
        said.code != 0 && said.err.contains("leaked.txt") && said.err.contains("name a file that this server may read"),
        "{}",
        said.err
    );
    desk.write("jeton-data/leaked.txt", "short\n");
    let said = desk.run(&serve, "");
    assert!(said.code != 0 && said.err.contains("write one a line"), "{}", said.err);
    desk.fails(&["config", "check"], "", 1, "write one a line");
    // SHA-1 of `password123`, as it is handed out.
    desk.write("jeton-data/leaked.txt", "CBFDAC6008F9CAB4083784CBD1874F76618D2A97:1234\r\n");
    assert!(desk.done(&["config", "check"]).contains("leaked.txt"));
    desk.start_server();
    let said = desk.run(&["user", "create", "--username", "ada", "--password-stdin"], "password123\n");
    assert!(said.code == 2 && said.err.contains("a list of passwords that leaked: take another"), "{}", said.err);
    let said = desk.run(&["user", "set-password", "ada"], "password123\n");
    assert!(said.code == 2 && said.err.contains("a list of passwords that leaked: take another"), "{}", said.err);
    assert_eq!(desk.run(&["user", "set-password", "ada"], "password 123\n").code, 0);
    assert_eq!(desk.done(&["user", "unlock", "ada"]), "ada may try again at once: what failed for this name is forgotten.\n");
    assert!(desk.done(&["audit", "tail", "--kind", "user.unlocked"]).contains("user.unlocked"));
    assert_eq!(
        desk.done(&["user", "reset-mfa", "ada", "--yes"]),
        "ada has no second factor any more: their password alone signs them in.\n"
    );
    assert_eq!(desk.done(&["user", "reset-passkeys", "ada", "--yes"]), "ada has no passkey any more.\n");
    assert!(
        desk.done(&["user", "show", "ada", "--json"]).contains("\"passkeys\": []"),
        "{}",
        desk.done(&["user", "show", "ada", "--json"])
    );
}

#[test]
fn nobody_is_deleted_with_keys_that_nobody_else_has() {
    let desk = Desk::with_server();
    let key = |group: &str| format!("key create --owner group:{group} --audience urn:orders --name till --scope read");
    for line in [
        "user create --username ada",
        "group create --name billing",
        "group create --name desk",
        "group add billing ada",
        "api create --audience urn:orders --scope read",
        "role create --audience urn:orders --name reader --scope read",
        "role assign reader group:billing",
        "role assign reader group:desk",
        &key("billing"),
    ] {
        desk.done(&line.split(' ').collect::<Vec<_>>());
    }
    desk.fails(&["user", "delete", "ada", "--yes"], "", 1, "1 key of the group billing, whose last member they are");
    desk.fails(&["user", "delete", "ada", "--transfer-to", "group:desk", "--revoke-owned"], "", 2, "cannot be used with");
    let would = desk.done(&["user", "delete", "ada", "--revoke-owned", "--dry-run"]).replace('\n', " ");
    assert!(would.ends_with(": 0 personal access tokens, 1 membership, 0 roles, and 1 key and 0 clients that end. "), "{would}");
    let deleted = desk.done(&["user", "delete", "ada", "--transfer-to", "group:desk", "--yes"]).replace('\n', " ");
    assert!(deleted.starts_with("Deleted user_") && deleted.contains("1 key and 0 clients that go to another owner"), "{deleted}");
    desk.fails(&["user", "show", "ada"], "", 1, "no user");
    assert!(desk.done(&["key", "list", "--owner", "group:desk"]).contains("till"));
}

/// What one server writes the next one takes, with groups and roles; lines that cannot be taken are named.
#[test]
fn people_come_from_elsewhere_and_go_on() {
    let furnished = || {
        let desk = Desk::with_server();
        desk.done(&["api", "create", "--audience", "a:b", "--scope", "read"]);
        desk.done(&["role", "create", "--audience", "a:b", "--name", "clerk", "--scope", "read"]);
        desk.done(&["group", "create", "--name", "night shift"]);
        desk
    };
    let first = furnished();
    first.write(
        "people.csv",
        "Username,name,password_hash,disabled,groups,roles,attribute.costCenter\n\
         ada,\"Example, Ada\",$2y$04$9zrIkTL.tD2ercRgIPAW6.u56QtsVFKXcAKXcLPsoGUIV5e/DD5yy,,night shift,clerk,7\n\
         bob,,,true,,,\n\
         a b,,,,,,\n\
         carl,,hunter2,,,,\n\
         dora,,,perhaps,,,\n",
    );
    assert!(first.done(&["user", "list"]).contains("nobody yet"));
    let said = first.run(&["user", "import", "people.csv", "--dry-run"], "");
    assert_eq!(said.code, 1, "{}", said.err);
    for words in ["2 would be imported", "line 4: a username", "line 5: `password_hash`: it is no hash", "line 6: `disabled` is neither"] {
        assert!(said.out.contains(words), "{}", said.out);
    }
    assert!(!said.out.contains("hunter2") && first.done(&["user", "list"]).contains("nobody yet"));
    first.fails(&["user", "import", "people.csv"], "", 1, "3 people were refused");
    first.fails(&["user", "import", "people.csv"], "", 1, "3 people were refused");
    first.fails(&["user", "import", "-"], "username,password\nada,hunter2\n", 2, "not given in clear");
    for format in [&["--file", "out"][..], &["--file", "out", "--json"]] {
        let written = first.done(&[&["user", "export", "--yes"], format].concat());
        assert!(written.contains("Wrote 2 people to out."), "{written}");
        let text = std::fs::read_to_string(first.folder.path().join("out")).unwrap();
        let second = furnished();
        second.write("in", &text);
        assert_eq!(second.done(&["user", "import", "in"]), "2 imported, 0 there already, 0 refused.\n");
        assert_eq!(second.done(&["user", "export"]), first.done(&["user", "export"]));
        assert_eq!(second.json(&["user", "show", "bob"])["state"], "disabled");
        assert_eq!(second.json(&["user", "show", "ada"])["attributes"], json!({"costCenter": "7"}));
    }
    let told = first.done(&["audit", "tail", "--kind", "users.exported"]);
    assert!(told.contains("count=2"), "{told}");
}
