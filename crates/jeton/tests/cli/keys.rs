//! API keys.

use serde_json::{Value, json};

use crate::desk::Desk;

/// Who names no scope is told where that gives all there are, beside the answer.
#[test]
fn what_may_do_all_says_so() {
    let desk = Desk::with_server();
    let api = ["api", "create", "--audience", "https://orders.example", "--scope", "read=Read", "--scope", "write=Write"];
    desk.done(&api);
    desk.done(&["api", "create", "--audience", "https://stock.example", "--scope", "a=A", "--scope", "b=B", "--default-scope", "a"]);
    let key = ["key", "create", "--owner", "external:acme", "--name", "acme", "--audience"];
    let client = ["client", "create", "--audience", "https://orders.example", "--name"];
    for (words, says) in [
        (&[&key[..], &["https://orders.example"]].concat(), true),
        (&[&key[..], &["https://orders.example", "--json"]].concat(), true),
        (&[&key[..], &["https://orders.example", "--scope", "read"]].concat(), false),
        (&[&key[..], &["https://stock.example"]].concat(), false),
        (&[&client[..], &["worker"]].concat(), true),
        (&[&client[..], &["reader", "--scope", "read"]].concat(), false),
        (&[&client[..], &["gate", "--may-introspect"]].concat(), false),
    ] {
        let said = desk.run(words, "");
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
        let is_said = said.err.contains("it may do all that https://orders.example knows") && said.err.contains("--scope NAME` narrows it");
        assert_eq!(is_said, says, "{words:?}: {}", said.err);
        assert!(!said.out.contains("narrows"), "{}", said.out);
    }
}

#[test]
fn a_key_s_life() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "https://orders.example", "--scope", "read=Read", "--default-scope", "read"]);
    let external = ["key", "create", "--owner", "external:acme", "--audience", "https://orders.example", "--name", "acme"];
    let made = desk.json(&[&external[..], &["--max-uses", "2", "--rate-limit", "100/1m"]].concat());
    let (id, text) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    desk.write("key.txt", text);
    assert!(desk.done(&["key", "list"]).contains("external:acme"));
    assert!(!desk.done(&["key", "show", id]).contains(text));
    assert!(desk.done(&["key", "verify", "key.txt", "--scope", "read"]).starts_with("Accepted."));
    let refused = |needle: &str| {
        let said = desk.run(&["key", "verify", "-"], text);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        assert!(said.out.contains(needle), "{}", said.out);
    };
    assert!(desk.done(&["key", "suspend", id, "--why", "leaked"]).contains("until it is resumed"));
    refused("it is suspended");
    assert!(desk.done(&["key", "resume", id]).contains("accepted again"));
    assert!(desk.done(&["key", "verify", "key.txt"]).starts_with("Accepted."));
    refused("as often as it may be");
    assert_eq!(desk.run(&["suspend", "-"], text).out, "Suspended 1 API key.\n");
    assert_eq!(desk.done(&["resume", "--key", id]), "Resumed 1 API key.\n");
    assert_eq!(desk.done(&["revoke", "--key", id, "--dry-run"]), "Would end 1 API key.\n");
    for named in [&["--key", id][..], &[id], &["key.txt"]] {
        desk.fails(&[&["revoke"], named].concat(), "y\n", 2, "for ever?");
        assert_eq!(desk.done(&[&["revoke", "--dry-run"], named].concat()), "Would end 1 API key.\n");
    }
    assert!(desk.done(&["key", "revoke", id, "--yes"]).contains("is revoked"));
    assert_eq!(desk.run(&["revoke", "-"], text).out, "It was over already: nothing fell.\n");
    refused("it is revoked");
    assert!(desk.done(&["key", "list", "--state", "active"]).starts_with("There is no such key."));
    desk.fails(&["key", "verify", text], "", 2, "not given as an argument");
    desk.fails(&[&external[..], &["--rate-limit", "often"]].concat(), "", 2, "100/1m");
}

/// Each member that the API lets be changed has a flag, also for taking it away.
#[test]
fn what_limits_a_key_is_set_and_taken_away() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    desk.done(&["client", "create", "--name", "shop", "--audience", "a:b"]);
    let create =
        ["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k", "--note", "n", "--allow-ip", "192.0.2.0/24"];
    let limits = ["--rate-limit", "5/1m", "--max-uses", "9", "--metadata", "order=4711", "--metadata", "by=ada=eve"];
    let made = desk.json(&[&create[..], &limits].concat());
    assert_eq!(made["metadata"], json!({"order": "4711", "by": "ada=eve"}));
    let id = made["id"].as_str().unwrap();
    let explained = desk.done(&["key", "explain", id]);
    assert!(
        explained.replace('\n', " ").contains("Each use is judged besides, by its networks, its rate, how often it may be used"),
        "{explained}"
    );
    let stays = desk.json(&["key", "update", id, "--name", "other"]);
    for name in ["note", "allow_ip", "rate_limit", "max_uses", "metadata", "scope"] {
        assert_eq!(stays[name], made[name], "{name}");
    }
    let none = ["--note", "", "--any-ip", "--no-rate-limit", "--no-max-uses", "--no-metadata", "--expires-in", "1h"];
    let bare = desk.json(&[&["key", "update", id][..], &none].concat());
    let is_nothing = |value: &Value| value.is_null() || *value == json!([]) || *value == json!({});
    for name in ["note", "allow_ip", "rate_limit", "max_uses", "metadata"] {
        assert!(is_nothing(&bare[name]), "{name}: {}", bare[name]);
    }
    assert!(bare["expires_at"].as_str().unwrap() < made["expires_at"].as_str().unwrap());
    let moved = desk.json(&["key", "transfer", id, "--owner", "external:other", "--client", "shop"]);
    assert!(moved["owner"] == "external:other" && moved["client"].is_string(), "{moved}");
    desk.fails(&["client", "secret", "revoke", "shop", "", "--yes"], "", 2, "a name or an id is empty");
    desk.fails(&["api", "show", ""], "", 2, "a name or an id is empty");
    let nobody = [&["key", "create", "--owner", "user:nobody"][..], &create[4..]].concat();
    desk.fails(&nobody, "", 1, "`jeton user list`");
    desk.done(&["user", "create", "--username", "ada"]);
    let beyond = ["key", "create", "--owner", "user:ada", "--audience", "a:b", "--name", "k", "--scope", "read"];
    desk.fails(&beyond, "", 2, "`jeton role assign`");
    desk.fails(&[&create[..], &["--expires-in", "400d"]].concat(), "", 2, "--help says what may be given");
    desk.fails(&["key", "update", id, "--metadata", "order"], "", 2, "NAME=TEXT");
    desk.fails(&["key", "update", id, "--any-ip", "--allow-ip", "192.0.2.0/24"], "", 2, "cannot be used with");
}

/// Somebody outside is known by their keys alone: those there are by then, all at once.
#[test]
fn all_keys_of_somebody_outside() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    let create = |name: &str| {
        let made = desk.json(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", name]);
        made["id"].as_str().unwrap().to_owned()
    };
    let state = |id: &str| desk.json(&["key", "show", id])["state"].as_str().unwrap().to_owned();
    let (one, two) = (create("one"), create("two"));
    let all = ["--owner", "external:acme"];
    desk.fails(&[&["suspend"], &all[..]].concat(), "y\n", 2, "Would suspend 2 API keys. Refuse every key that external:acme has by now");
    desk.fails(&[&["revoke"], &all[..]].concat(), "y\n", 2, "Would end 2 API keys");
    desk.fails(&["revoke", "--owner", "acme", "--yes"], "", 2, "external:");
    desk.fails(&["revoke", "--owner", "external:nobody", "--yes"], "", 1, "nobody outside of this name");
    assert_eq!(desk.done(&[&["suspend", "--dry-run"], &all[..]].concat()), "Would suspend 2 API keys.\n");
    assert_eq!(desk.done(&[&["suspend", "--yes", "--why", "unpaid"], &all[..]].concat()), "Suspended 2 API keys.\n");
    assert_eq!((state(&one), state(&two)), ("suspended".to_owned(), "suspended".to_owned()));
    let listed = desk.done(&["suspension", "list"]);
    assert!(listed.contains("external:acme, 2 keys") && listed.contains("unpaid"), "{listed}");
    let again = desk.done(&[&["suspend", "--yes"], &all[..]].concat());
    assert_eq!(again, "None of its keys is accepted now: nothing changed.\n");
    assert_eq!(desk.done(&[&["resume"], &all[..]].concat()), "Resumed 2 API keys.\n");
    assert!(desk.done(&[&["revoke", "--yes", "--before", "1"], &all[..]].concat()).starts_with("Revoked 0 access tokens"));
    assert!(desk.done(&[&["revoke", "--yes"], &all[..]].concat()).starts_with("Revoked 2 API keys: what was issued before "));
    assert_eq!((state(&one), state(&create("three"))), ("revoked".to_owned(), "active".to_owned()));
}

#[test]
fn a_key_is_rolled_and_explained_for_an_address() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    let create = ["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k", "--allow-ip", "192.0.2.0/24"];
    let made = desk.json(&create);
    let id = made["id"].as_str().unwrap();
    let rolled = desk.json(&["key", "roll", id, "--overlap", "1h"]);
    assert_eq!((&rolled["id"], rolled["key"] == made["key"]), (&made["id"], false), "roll is another word for rotate");
    assert!(desk.done(&["key", "explain", id, "--client-ip", "192.0.2.7"]).starts_with("Accepted"));
    desk.write("key.txt", rolled["key"].as_str().unwrap());
    for key in [id, "key.txt"] {
        assert!(desk.done(&["key", "explain", key, "--client-ip", "2001:db8::7"]).starts_with("Refused from 2001:db8::7"));
    }
    desk.fails(&["key", "explain", id, "--client-ip", "everywhere"], "", 2, "--client-ip");
    let would = desk.done(&["api", "delete", "a:b", "--dry-run"]);
    assert!(would.starts_with("Would remove a:b, and end 1 API key"), "{would}");
    assert!(desk.done(&["key", "explain", id]).starts_with("Accepted"), "only asked");
}

/// Keys from elsewhere have any form: a name and `=`, a JWT behind something, a sign at the end. A text that is one as it stands is that one.
#[test]
fn keys_from_elsewhere_are_found_as_they_stand() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    let texts = [
        ("acct=ABCDEFGH12345678", "04784caf6145c1f9c23930217e2004472bfffcbb8657ded1bed6c0ed24070267"),
        ("v2:eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", "64e5b29388930801b9ceb13943af40c602a14ff8c084d33286a7ea86a2bf3d8b"),
        ("secret-abc;", "0bd4f48ca8963a8d1785d58bb17df0d15b3f0d441dc70f938ae9745f78d882b2"),
    ];
    let rows: String =
        texts.iter().enumerate().map(|(number, (_, sha256))| format!("{sha256},external:acme,from{number},read\n")).collect();
    desk.write("keys.csv", &format!("sha256,owner,name,scope\n{rows}"));
    desk.done(&["key", "import", "keys.csv", "--audience", "a:b"]);
    for (text, _) in texts {
        for (arguments, needle) in [
            (&["key", "verify", "-"][..], "Accepted."),
            (&["key", "show", "-"], "external:acme"),
            (&["key", "explain", "-"], "Accepted"),
            (&["revoke", "-", "--dry-run"], "Would end 1 API key."),
            (&["suspend", "-", "--dry-run"], "Would suspend 1 API key."),
        ] {
            for pasted in [text.to_owned(), format!(" {text}\n")] {
                let said = desk.run(arguments, &pasted);
                assert!(said.code == 0 && said.out.contains(needle), "{pasted} {arguments:?}: {}{}", said.out, said.err);
            }
        }
        desk.write("key.txt", text);
        desk.done(&["key", "rotate", "--self", "--key-file", "key.txt"]);
        assert!(desk.done(&["key", "verify", "key.txt"]).starts_with("Accepted."));
    }
}

/// Whoever finds an old text in the history of a repository ends nothing with it that runs: the key is named, for whoever means the key.
#[test]
fn a_text_that_is_dead_ends_no_key() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    let made = desk.json(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "nightly"]);
    let id = made["id"].as_str().unwrap();
    desk.write("old.txt", made["key"].as_str().unwrap());
    desk.write("key.txt", made["key"].as_str().unwrap());
    desk.done(&["key", "rotate", "--self", "--key-file", "key.txt", "--overlap", "1h"]);
    desk.done(&["key", "end-previous", id]);
    let named = |command: &str| format!("`jeton {command} {id}`");
    for (arguments, hint) in [
        (&["revoke", "old.txt", "--yes"][..], "key revoke"),
        (&["revoke", "old.txt", "--dry-run"], "key revoke"),
        (&["suspend", "old.txt"], "key suspend"),
        (&["suspend", "old.txt", "--dry-run"], "key suspend"),
    ] {
        let told = desk.done(arguments);
        assert!(told.contains("This text is dead already") && told.contains(&named(hint)) && told.contains("nightly"), "{told}");
    }
    let old = std::fs::read_to_string(desk.folder.path().join("old.txt")).unwrap();
    assert!(desk.run(&["revoke", "-"], &old).out.contains("dead already"));
    assert!(desk.done(&["key", "verify", "key.txt"]).starts_with("Accepted."));
    assert_eq!(desk.done(&["revoke", "key.txt", "--yes"]), "Revoked 1 API key.\n");
    assert!(desk.done(&["revoke", "old.txt", "--yes"]).contains("and so is its key, nightly (revoked)"));
}

#[test]
fn what_is_suspended_already_is_told_with_its_reason() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    let made = desk.json(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "nightly"]);
    let id = made["id"].as_str().unwrap();
    desk.done(&["user", "create", "--username", "bob"]);
    let folded = |text: String| text.replace('\n', " ");
    assert!(desk.done(&["resume", "--user", "bob"]).contains("It was not suspended: nothing changed."));
    desk.done(&["suspend", "--user", "bob", "--why", "on leave", "--yes"]);
    for (arguments, needle) in [
        (
            &["suspend", "--user", "bob", "--why", "again", "--yes"][..],
            "(on leave): nothing changed. The reason that is given now is not kept",
        ),
        (&["suspend", "--user", "bob", "--dry-run"], "(on leave): nothing would change."),
        (&["key", "suspend", id, "--why", "odd traffic"], "nightly is refused until it is resumed."),
        (&["key", "suspend", id, "--why", "leaked"], "(odd traffic). Nothing changed. The reason that is given now is not kept"),
        (&["suspend", "--key", id], "(odd traffic): nothing changed."),
        (&["key", "resume", id], "accepted again"),
        (&["resume", "--key", id], "It was not suspended: nothing changed."),
        (&["key", "revoke", id, "--yes"], "is revoked"),
        (&["suspend", "--key", id, "--dry-run"], "It is over (revoked): nothing would change."),
    ] {
        let told = folded(desk.done(arguments));
        assert!(told.contains(needle), "{arguments:?}: {told}");
    }
    desk.fails(&["resume", "--user", "bob", "--why", "false alarm"], "", 2, "why something is resumed is not kept");
}
