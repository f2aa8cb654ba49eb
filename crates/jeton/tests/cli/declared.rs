//! Declared files.

use serde_json::{Value, json};

use crate::desk::Desk;

#[test]
fn apply_says_what_it_did_and_refuses_what_it_cannot_do_before() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    for (text, needle) in [
        (
            "[[client]]\nname = 'worker'\naudiences = ['c:d']\n",
            "the client worker is for the API c:d, which is neither there nor in the files",
        ),
        (
            "[[group]]\nname = 'g'\n[[policy]]\nkind = 'client_secret'\nmax_seconds = 99999999999\n",
            "policy client_secret cannot be as the files say",
        ),
        ("[[role]]\nbuilt_in = 'boss'\n", "boss of Jeton"),
    ] {
        desk.write("bad.toml", text);
        for command in [&["diff", "bad.toml"][..], &["apply", "bad.toml", "--dry-run"], &["apply", "bad.toml", "--yes"]] {
            desk.fails(command, "", 2, needle);
            assert!(!desk.run(command, "").out.contains("Done"));
        }
    }
    assert_eq!(desk.json(&["group", "list"])["items"].as_array().unwrap().len(), 0);

    let client = "[[client]]\nname = 'worker'\naudiences = ['a:b']\n";
    desk.write("half.toml", &format!("{client}[[role]]\naudience = 'a:b'\nname = '{}'\nscope = ['read']\n", "r".repeat(400)));
    assert!(desk.done(&["apply", "half.toml", "--dry-run"]).ends_with("\n2 to make\n"));
    let said = desk.run(&["apply", "half.toml", "--yes", "--json"], "");
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    assert!(told["items"][0]["done"] == true && told["items"][0]["client_secret"].as_str().unwrap().starts_with("jtn_cs_"), "{told}");
    assert!(said.code != 0 && said.err.contains("1 of 2 changes are made"), "{}", said.err);
    let said = desk.run(&["apply", "half.toml", "--yes"], "");
    assert!(said.code != 0 && !said.out.contains("Done."), "{}", said.out);

    // What falls is told first.
    desk.done(&["token", "issue", "--client", "worker"]);
    desk.write("less.toml", "[[client]]\nname = 'other'\naudiences = ['a:b']\n[[api]]\naudience = 'a:b'\n[api.scopes]\nwrite = ''\n");
    let said = desk.run(&["diff", "less.toml", "--prune"], "");
    assert!(said.out.contains("- client worker\n    ! ends 1 access token\n"), "{}", said.out);
    assert!(said.out.contains("    ! read cannot be used any more"), "{}", said.out);
    assert!(said.err.contains("`jeton apply FILE --prune`"), "{}", said.err);
}

#[test]
fn a_role_of_jeton_that_a_group_was_given_by_hand_is_seen() {
    let desk = Desk::with_server();
    desk.done(&["group", "create", "--name", "root"]);
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    desk.done(&["role", "create", "--audience", "a:b", "--name", "clerk", "--scope", "read"]);
    desk.done(&["export", "--file", "deployment.toml"]);
    desk.done(&["diff", "deployment.toml", "--prune"]);
    for role in ["role_owner", "clerk"] {
        desk.done(&["role", "assign", role, "group:root"]);
    }
    let said = desk.run(&["diff", "deployment.toml"], "");
    assert_eq!(said.code, 1);
    for line in ["- assignment group:root holds owner of Jeton\n", "- assignment group:root holds clerk at a:b\n"] {
        assert!(said.out.contains(line), "{}", said.out);
    }
    desk.done(&["export", "--file", "with.toml"]);
    desk.done(&["apply", "deployment.toml", "--yes"]);
    desk.done(&["diff", "deployment.toml"]);
    // And back: a deployment that is built anew has its owners.
    desk.done(&["apply", "with.toml", "--yes"]);
    assert!(desk.done(&["role", "holders", "role_owner"]).contains("root"));
}

/// What is exported is all that a deployment needs to be made again.
#[test]
fn an_export_applied_elsewhere_is_exported_the_same() {
    let desk = Desk::with_server();
    let api =
        ["api", "create", "--audience", "urn:orders", "--name", "Orders", "--scope", "read=Read them", "--scope", "write=Change them"];
    desk.done(&[&api[..], &["--default-scope", "read", "--claim", "region=text:eu", "--claim", "teams=groups"]].concat());
    desk.done(&["api", "create", "--audience", "urn:stock"]);
    let client = ["client", "create", "--name", "shop", "--audience", "urn:orders", "--audience", "urn:stock", "--scope", "read"];
    let signing_in =
        ["--grant-type", "authorization_code", "--redirect-uri", "https://shop.example/callback", "--claim", "room=attribute:room"];
    desk.done(&[&client[..], &["--contact", "Ada \"the boss\""], &signing_in].concat());
    desk.done(&["group", "create", "--name", "billing", "--description", "Who bills"]);
    desk.done(&["user", "create", "--username", "ada"]);
    let gate = ["client", "create", "--name", "gate", "--audience", "urn:orders", "--may-introspect", "--owner"];
    desk.done(&[&gate[..], &["group:billing"]].concat());
    // Who answers for it is in no file.
    desk.done(&["client", "create", "--name", "door", "--audience", "urn:orders", "--owner", "user:ada"]);
    desk.done(&["role", "create", "--audience", "urn:orders", "--name", "clerk", "--scope", "read"]);
    desk.done(&["role", "assign", "clerk", "group:billing"]);
    desk.done(&["role", "assign", "role_auditor", "group:billing"]);
    desk.done(&["policy", "set", "api_key", "--max", "60d", "--idle", "20d", "--yes"]);
    desk.done(&["export", "--file", "one.toml"]);
    let one = std::fs::read_to_string(desk.folder.path().join("one.toml")).unwrap();
    assert!(!one.contains("user") && !one.contains("ada"), "{one}");
    for part in ["owner = \"group:billing\"", "urn:stock", "boss", "Who bills", "clerk", "auditor", "api_key", "text:eu", "attribute:room"]
    {
        assert!(one.contains(part), "{part}: {one}");
    }

    let empty = Desk::with_server();
    empty.write("one.toml", &one);
    empty.done(&["apply", "one.toml", "--yes"]);
    empty.done(&["export", "--file", "two.toml"]);
    assert_eq!(std::fs::read_to_string(empty.folder.path().join("two.toml")).unwrap(), one);
    empty.done(&["diff", "one.toml", "--prune"]);
    let billing = empty.json(&["group", "show", "billing"])["id"].as_str().unwrap().to_owned();
    assert_eq!(empty.json(&["client", "show", "gate"])["owner"], format!("group:{billing}"));
    // What somebody gave to another group is seen.
    empty.done(&["group", "create", "--name", "sales"]);
    empty.done(&["client", "update", "gate", "--owner", "group:sales"]);
    let said = empty.run(&["diff", "one.toml"], "");
    assert!(said.code == 1 && said.out.contains("owner"), "{}", said.out);
    empty.done(&["apply", "one.toml", "--yes"]);
    empty.done(&["diff", "one.toml"]);

    // What is left out stays; an empty table is none.
    empty.write("none.toml", "[[api]]\naudience = 'urn:orders'\n[[client]]\nname = 'shop'\n[client.claims]\n");
    assert!(empty.run(&["diff", "none.toml"], "").out.contains("claims"));
    empty.done(&["apply", "none.toml", "--yes"]);
    empty.done(&["diff", "none.toml"]);
    assert_eq!(empty.json(&["api", "show", "urn:orders"])["claims"], json!({"region": "text:eu", "teams": "groups"}));
    assert_eq!(empty.json(&["client", "show", "shop"])["claims"], json!({}));
}
