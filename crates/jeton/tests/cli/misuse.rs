//! Command lines that are not understood, and what nobody asked for.

use serde_json::{Value, json};

use crate::desk::Desk;

#[test]
fn without_a_server() {
    let desk = Desk::empty();
    assert!(desk.done(&["version"]).starts_with("jeton "));
    assert!(desk.done(&["completions", "bash"]).contains("signing-key"));
    desk.fails(&[], "", 2, "Usage: jeton");
    desk.fails(&["api", "lst"], "", 2, "similar subcommand");
    desk.fails(&["api", "create"], "", 2, "--audience");
    desk.fails(&["api", "list"], "", 3, "there is no data folder at ./jeton-data");
    desk.fails(&["api", "list"], "", 3, "jeton init --data ./jeton-data");
    assert!(desk.done(&["init"]).contains("jeton serve --data ./jeton-data"));
    desk.fails(&["init"], "", 3, "exists already");
    for arguments in [&["check"][..], &["check", "--full"]] {
        desk.fails(arguments, "", 3, "./jeton-data was not started yet: there is nothing in it to check\n  → start it with `jeton serve");
    }
    desk.fails(
        &["serve", "--listen", "127.0.0.1:0", "--issuer", "http://127.0.0.1:8420", "--data", "nope"],
        "",
        3,
        "there is no data folder at nope\n  → name it with --data or JETON_DATA",
    );
    desk.fails(&["api", "list"], "", 3, "the server is not running at ./jeton-data/jeton.sock");
    desk.fails(&["api", "list"], "", 3, "start it with `jeton serve --data ./jeton-data`");
    desk.fails(&["request", "GET", "api"], "", 2, "slash");
    desk.fails(&["api", "update", "a:b", "--access-token-lifetime", "soon"], "", 2, "90s, 15m, 24h or 90d");
    desk.fails(&["revoke"], "", 2, "nothing is named");
    desk.fails(&["policy", "set", "client_secret"], "", 2, "<--default <TIME>|--max <TIME>|--idle <TIME>|--unset>");
    desk.fails(&["policy", "set", "passwords", "--max", "1d"], "", 2, "the kinds are access_token, client_secret");
    desk.fails(&["policy", "explain", "passwords"], "", 2, "the kinds are access_token, client_secret");
    for command in ["init", "serve", "quickstart"] {
        desk.fails(&[command, "--issuer", "orders", "--data", "new"], "", 2, "for '--issuer <URL>'");
        desk.fails(&[command, "--listen", "8420", "--data", "new"], "", 2, "write an address and a port, such as 127.0.0.1:8420");
    }
    for time in ["tomorrow", "2026-01-31", "-1"] {
        let before = format!("--before={time}");
        desk.fails(&["revoke", "--client", "a", &before], "", 2, "for '--before <now|TIME>': write now, a time as 2026-01-31T12:00:00Z");
    }
    desk.fails(&["revoke", "019967c5a3807d2f8e51b0a4c3d2e1f0", "--before", "now"], "", 2, "cannot be used with '--before");
    let exception = ["policy", "exception", "create", "worker", "secret_x", "--owner", "a", "--reason", "b", "--until", "tomorrow"];
    desk.fails(&exception, "", 2, "for '--until <TIME>': write a time as 2027-05-31T00:00:00Z");
    desk.fails(&["revoke", "--client", "a", "--api", "b"], "", 2, "cannot be used with");
    desk.fails(&["revoke", "--client", "a"], "", 2, "add --yes");
    desk.fails(&["revoke", "--before", "now", "--yes"], "", 2, "add --everything");
    desk.fails(&["revoke", "--everything"], "", 2, "EVERY token and key of this server, of every client and for every");
    desk.fails(&["revoke", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"], "", 2, "not given as an argument");
    let api = ["api", "list", "--server", "https://localhost:8443/api/v1"];
    desk.fails(&api, "", 2, "leave /api/v1 out");
    desk.fails(&["revoke", "none.txt"], "", 2, "no id of a token or key, and no file of that name");
    for (argument, words) in [
        ("nightly", "--client nightly"),
        ("secret_0123456789abcdefghij", "jeton client secret list"),
        ("https://orders.example", "--api https://orders.example"),
        ("external:acme", "--owner external:acme"),
    ] {
        desk.fails(&["suspend", argument], "", 2, words);
    }
    for (line, words) in [
        ("policy unset api_key", "jeton policy set KIND --unset"),
        ("policy show --api https://orders.example", "jeton policy explain KIND --api URI"),
        ("key delete 4711", "jeton key revoke KEY"),
    ] {
        let words_of_line: Vec<&str> = line.split(' ').collect();
        desk.fails(&words_of_line, "", 2, words);
        let said = desk.run(&[&words_of_line[..], &["--json"]].concat(), "").err;
        assert!(said.contains(words), "{said}");
    }
    assert!(!desk.run(&["suspend", "--clent", "a"], "").err.contains("as a value"));
    let said = desk.run(&["revoke", "--clent", "a", "--json"], "");
    let problem: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((said.code, &problem["exit_code"]), (2, &2.into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("'--clent'"), "{problem}");
    assert!(desk.done(&["revoke", "--help", "--json"]).contains("Usage: jeton revoke"));
    let usage = desk.done(&["revoke", "--help"]);
    assert!(usage.contains("Usage: jeton revoke [--dry-run] <ID|-|FILE>\n"), "{usage}");
    assert!(desk.done(&["config", "check"]).contains("sound"));
    desk.write("jeton-data/jeton.toml", "isuer = \"https://a.example\"\n");
    desk.fails(&["config", "check"], "", 1, "did you mean `issuer`?\n  → docs/reference/configuration.md");
    desk.fails(&["serve"], "", 3, "did you mean `issuer`?\n  → put it right, and let `jeton config check`");
}

/// Somebody puts the text where its file belongs: it is not printed, and they hear that it is out.
#[test]
fn a_secret_in_the_place_of_a_file_is_not_printed() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read"]);
    let made: Value = serde_json::from_str(&desk.done(&[
        "key",
        "create",
        "--name",
        "acme",
        "--owner",
        "external:acme",
        "--audience",
        api,
        "--scope",
        "orders:read",
        "--json",
    ]))
    .unwrap();
    let key = made["key"].as_str().unwrap();
    let identity = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    desk.write("declared.toml", &format!("[[client]]\nname = \"{key}\"\n"));
    for (line, secret) in [
        (vec!["api", "list", "--server", "http://127.0.0.1:1", "--token-file", key], key),
        (vec!["key", "rotate", "--self", "--key-file", key, "--server", "http://127.0.0.1:1"], key),
        (vec!["--data", key, "api", "list"], key),
        (vec!["apply", "declared.toml", "--dry-run"], key),
        (vec!["backup", "restore", "--from", "there", "--identity", identity, "--root-key-file", "root", "--data", "new"], identity),
        (vec!["client", "create", "--name", identity, "--audience", api], identity),
    ] {
        for line in [line.clone(), [line, vec!["--json"]].concat()] {
            let said = desk.run(&line, "");
            let all = format!("{}{}", said.out, said.err);
            assert!(said.code != 0 && !all.contains(secret), "{all}");
        }
    }
    assert!(desk.run(&["api", "list", "--server", "http://127.0.0.1:1", "--token-file", key], "").err.contains("whoever saw this line"));
}

/// What comes out otherwise than somebody may think is said where it is done.
#[test]
fn what_nobody_asked_for_is_said() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read", "--scope", "orders:write"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", api]);
    let rows = [("a", "orders:read", "2099-01-01T00:00:00Z"), ("b", "", ""), ("c", "orders:read", "")];
    let lines = rows.map(|(digit, scope, ends_at)| format!("{},external:acme,{scope},{ends_at}\n", digit.repeat(64)));
    desk.write("keys.csv", &format!("sha256,owner,scope,expires_at\n{}", lines.concat()));
    let import = ["key", "import", "keys.csv", "--audience", api];
    let planned = desk.done(&[&import[..], &["--dry-run"]].concat());
    for words in [
        "3 would be imported, 0 there already, 0 refused.",
        "2 name no end, and end ",
        "1 ends earlier than said",
        "  line 2: 20",
        ", not 2099-01-01",
        "1 names no scope",
        "  line 3: orders:read orders:write\n",
    ] {
        assert!(planned.contains(words), "{words}: {planned}");
    }
    let hash = "ab".repeat(32);
    for (file, words) in [
        ("sha256,owner,name\n".to_owned(), "no key below the first line"),
        (format!("{hash}\n"), "names no columns"),
        (format!("{hash},external:acme\n{hash},external:acme\n"), "names no columns"),
        ("hash,owner\n".to_owned(), "there is no column `hash`"),
        ("owner,name\nexternal:a,b\n".to_owned(), "no column is called `sha256`"),
    ] {
        desk.write("wrong.csv", &file);
        desk.fails(&["key", "import", "wrong.csv", "--audience", api], "", 2, words);
    }
    desk.write("wrong.csv", &format!("sha256,owner,scope,expires_at\n{hash},external:a,\"read,write\",\n{hash},external:a,,01/02/2027\n{hash},external:a,,2020-01-01T00:00:00Z\n"));
    let said = desk.run(&["key", "import", "wrong.csv", "--audience", api], "").out;
    for words in ["names of scopes have spaces between them", "with its year first", "has ended already"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let done = desk.json(&import);
    assert_eq!((&done["shortened"][0]["line"], &done["unscoped"][0]["line"], &done["spread"]["keys"]), (&json!(2), &json!(3), &json!(2)));
    let again = desk.done(&import);
    assert_eq!(again, "0 imported, 3 there already, 0 refused.\n");

    desk.fails(&["policy", "set", "api_key", "--max", "60", "--dry-run"], "", 2, "write 60s, 60m, 60h or 60d");
    let made = desk.done(&["key", "create", "--owner", "client:worker", "--audience", api, "--name", "nightly"]);
    assert!(made.contains("suspended after 30 d, revoked after 60 d"), "{made}");
    let id = desk.json(&["key", "list", "--search", "nightly"])["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.done(&["key", "resume", &id]), "nightly is accepted again.\n");
    desk.done(&["suspend", "--client", "worker", "--yes"]);
    assert!(desk.done(&["key", "resume", &id]).contains("still refused: suspended"));
    desk.done(&["user", "create", "--username", "ada"]);
    desk.done(&["user", "disable", "ada", "--yes"]);
    assert!(desk.done(&["user", "enable", "ada"]).contains("stays dead"));
}

#[test]
fn what_people_try_first() {
    let desk = Desk::empty();
    assert_eq!(desk.done(&["help"]), desk.done(&["--help"]));
    assert_eq!(desk.done(&["help", "key", "create"]), desk.done(&["key", "create", "--help"]));
    desk.fails(&["help", "keys"], "", 2, "similar subcommand");
}

/// What a file is comes before who may read it: nobody is told to keep one from others that is another one.
#[test]
fn a_file_that_is_no_root_file_is_named_as_such() {
    let desk = Desk::empty();
    let made = desk.json(&["init"]);
    desk.write("recovery.key", made["recovery_identity"].as_str().unwrap());
    std::fs::create_dir(desk.folder.path().join("backups")).unwrap();
    let restore = ["backup", "restore", "--from", "backups", "--identity", "recovery.key", "--data", "other", "--root-key-file"];
    desk.fails(&[&restore[..], &["recovery.key"]].concat(), "", 3, "recovery.key is no root file");
    let root_file = desk.folder.path().join("jeton-data.root-key");
    std::fs::set_permissions(&root_file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let said = "others can read the root file jeton-data.root-key\n  → `chmod 600 jeton-data.root-key`";
    desk.fails(&[&restore[..], &["jeton-data.root-key"]].concat(), "", 3, said);
}

/// What is too long for a terminal is broken between words, and commands between backticks are not.
#[test]
fn errors_fit_where_somebody_says_how_wide() {
    let desk = Desk::empty();
    let narrow = |arguments: &[&str]| {
        let output = desk.command(arguments).env("COLUMNS", "50").output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        narrow(&["api", "list"]),
        "jeton: there is no data folder at ./jeton-data\n  → name it with --data or JETON_DATA, or make one\n    with `jeton init --data ./jeton-data`\n"
    );
    let tip = narrow(&["api", "show", "a:b", "--no-such-flag-as-this-one"]);
    assert!(tip.lines().all(|line| line.chars().count() <= 50), "{tip}");
}
