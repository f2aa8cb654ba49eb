//! What is asked about before something ends, or is replaced.

use serde_json::Value;

use crate::desk::Desk;

#[test]
fn a_policy_asks_before_credentials_end_otherwise() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let set = ["policy", "set", "client_secret", "--client", "worker"];
    let max = |max| [&set[..], &["--max", max]].concat();
    desk.fails(&max("90d"), "", 2, "1 client secret would end earlier than now. Set it?");
    desk.done(&[&max("1s")[..], &["--yes"]].concat());
    // It ends within the second that begins now.
    while desk.json(&["client", "secret", "list", "worker"])["items"][0]["is_live"] != false {}
    let unset = [&set[..], &["--unset"]].concat();
    let planned = desk.done(&[&unset[..], &["--dry-run"]].concat());
    assert!(planned.contains("1 client secret that had ended would come back to life."), "{planned}");
    let longer = "the default would be 180 d instead of 1 s, the maximum would be 366 d instead of 1 s";
    desk.fails(&unset, "", 2, &format!("1 client secret that had ended would come back to life, {longer}. Set it?"));
    assert!(desk.done(&[&unset[..], &["--yes"]].concat()).contains("1 client secret that had ended comes back to life."));
}

#[test]
fn what_is_not_named_of_a_policy_stays_and_a_longer_one_is_asked_for() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    let set = |words: &[&'static str]| [&["policy", "set", "api_key"], words].concat();
    desk.done(&set(&["--max", "45d", "--default", "20d"]));
    let said = desk.done(&set(&["--idle", "10d"]));
    assert!(said.starts_with("Live for 20 d, 45 d at most: API keys.\n"), "{said}");
    let entries = desk.json(&["audit", "tail", "-n", "1", "--kind", "policy"]);
    assert_eq!(entries["items"][0]["data"]["max_seconds"], 45 * 86_400, "{entries}");
    desk.done(&set(&["--api", "a:b", "--max", "20d"]));
    let said = desk.done(&set(&["--api", "a:b", "--idle", "9d"]));
    assert!(said.starts_with("Live for 20 d, 20 d at most: API keys of this API.\n"), "{said}");
    desk.fails(&set(&["--max", "none"]), "", 2, "the maximum would be 366 d instead of 45 d. Set it?");
    desk.fails(&set(&["--idle", "never"]), "", 2, "the idle time would be never instead of 10 d. Set it?");
    desk.fails(&set(&["--unset"]), "", 2, "the idle time would be 30 d instead of 10 d. Set it?");
    let said = desk.done(&set(&["--max", "none", "--yes"]));
    assert!(said.starts_with("Live for 20 d, 366 d at most: API keys.\nSuspended after 10 d"), "{said}");
    desk.fails(&set(&["--max", "nothing"]), "", 2, "or `none`");
}

#[test]
fn a_shorter_lifetime_of_an_api_asks_before_tokens_end() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let token = desk.json(&["token", "issue", "--client", "worker"])["access_token"].as_str().unwrap().to_owned();
    let shorter = ["api", "update", "a:b", "--access-token-lifetime", "5m"];
    assert!(
        desk.done(&[&shorter[..], &["--dry-run"]].concat())
            .ends_with("0 access tokens would expire, 1 more would end earlier than they were to.\n")
    );
    desk.fails(&shorter, "", 2, "1 access token would end earlier than now. Set it?");
    assert_eq!(desk.json(&["api", "show", "a:b"])["access_token_lifetime_seconds"], 3600);
    desk.write("deployment.toml", "[[api]]\naudience = 'a:b'\naccess_token_lifetime_seconds = 300\n");
    let said = desk.run(&["diff", "deployment.toml"], "");
    assert!(said.code == 1 && said.out.contains("! 1 expires sooner"), "{}", said.out);
    desk.done(&[&shorter[..], &["--yes"]].concat());
    let until = |answer: &Value| answer["exp"].as_i64().unwrap() - answer["iat"].as_i64().unwrap();
    let answer = serde_json::from_str(&desk.run(&["token", "introspect", "-", "--json"], &token).out).unwrap();
    assert_eq!(until(&answer), 300, "{answer}");
    // Nothing ends by a longer one, or by a name.
    desk.done(&["api", "update", "a:b", "--access-token-lifetime", "1h"]);
    desk.done(&["api", "update", "a:b", "--name", "B"]);
}

#[test]
fn what_a_change_replaces_is_asked_for() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read", "--scope", "write"]);
    desk.done(&["api", "create", "--audience", "c:d"]);
    let id = desk.json(&["client", "create", "--name", "worker", "--audience", "a:b", "--scope", "read"])["client_id"].to_string();
    let id = id.trim_matches('"');
    let issue = ["token", "issue", "--client", "worker"];
    let hint = format!("let worker have (what is named replaces what it has): `jeton client update {id} --scope read --scope write`");
    desk.fails(&[&issue[..], &["--scope", "write"]].concat(), "", 2, &hint);
    let hint = format!("let worker ask for (what is named replaces what it has): `jeton client update {id} --audience a:b --audience c:d`");
    desk.fails(&[&issue[..], &["--audience", "c:d"]].concat(), "", 2, &hint);
    let update = ["client", "update", "worker", "--audience", "c:d"];
    desk.fails(&update, "", 2, "what the client worker has, without a:b. Change it? To keep it, add --audience a:b");
    desk.fails(&["client", "update", "worker", "--scope", "write"], "", 2, "without read. Change it? To keep it, add --scope read");
    desk.done(&["client", "update", "worker", "--audience", "a:b", "--audience", "c:d", "--scope", "read", "--scope", "write"]);
    let update = ["api", "update", "a:b", "--scope", "new=New", "--scope", "read"];
    desk.fails(&update, "", 2, "what the API a:b has, without write. Change it? To keep it, add --scope write");
    assert_eq!(desk.json(&["api", "show", "a:b"])["scopes"].as_object().unwrap().len(), 2);
    desk.done(&[&update[..], &["--yes"]].concat());
}

/// What would be refused is refused before anybody is asked; and what differs by a letter from what is there is asked for.
#[test]
fn nobody_is_asked_for_what_cannot_be() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "https://orders.example", "--scope", "read", "--scope", "write"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "https://orders.example", "--scope", "read"]);
    desk.fails(
        &["client", "update", "worker", "--scope", "nope"],
        "",
        2,
        "`nope` is no scope of the APIs of this client: nothing was changed",
    );
    desk.fails(&["client", "update", "worker", "--scope", "write"], "", 2, "Change it?");
    desk.done(&["client", "update", "worker", "--scope", "read", "--scope", "write"]);

    desk.fails(&["api", "create", "--audience", "https://orders.example/"], "", 2, "differs by the `/` at the end");
    desk.done(&["api", "create", "--audience", "https://orders.example/", "--yes"]);
    desk.fails(&["api", "create", "--audience", "a:b", "--scope", "a=A", "--scope", "a=B"], "", 2, "the scope `a` is given twice");
    desk.fails(&["api", "update", "https://orders.example", "--scope", "a=A", "--scope", "a=B"], "", 2, "the scope `a` is given twice");
}

/// A refusal says what to do about what it is of.
#[test]
fn refusals_say_what_to_do() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "read"]);
    desk.done(&["user", "create", "--username", "carl"]);
    desk.fails(&["user", "create", "--username", "carl"], "", 1, "jeton user show USERNAME");
    desk.done(&["role", "create", "--audience", api, "--name", "clerk", "--scope", "read"]);
    desk.done(&["role", "assign", "clerk", "user:carl"]);
    let key = |owner: &'static str| ["key", "create", "--owner", owner, "--audience", api, "--name", "x"];
    desk.fails(&key("acme"), "", 2, "write `external:` before the name of somebody outside");
    let lifetime = ["api", "update", api, "--access-token-lifetime", "30h"];
    desk.fails(&lifetime, "", 2, "between 1 second and 1 day here, not 30 hours");
    desk.done(&["suspend", "--user", "carl", "--yes"]);
    desk.fails(&key("user:carl"), "", 1, "jeton suspension list");
    desk.fails(&[&key("external:a")[..], &["--allow-ip", "192.0.2.5/24"]].concat(), "", 2, "write 192.0.2.0/24 for all of it");
    desk.done(&["policy", "explain", "access-token", "--api", api]);
}
