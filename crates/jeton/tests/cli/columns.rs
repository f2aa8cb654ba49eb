//! Every command on a terminal of eighty columns: its help, what it prints of a deployment with long names, and what it says where it cannot.
//! A command without a line fails.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::{Desk, Said};
use crate::golden::Sayings;

/// The lines that are typed, in this order, with what each ends with. `$NAME` stands for what was made before.
const LINES: &[(i32, &str)] = &[
    (0, "version"),
    (0, "config check"),
    (0, "recovery-kit"),
    (3, "init"),
    (3, "serve"),
    (0, "quickstart --exit --data tour --listen $FREE"),
    (0, "init --data another"),
    (0, "completions bash"),
    (
        0,
        "api create --audience https://invoices.example --scope invoices:read='Read the invoices of every branch, and of those that were sold' --default-scope invoices:read",
    ),
    (0, "api list"),
    (0, "api show $API"),
    (0, "api update https://invoices.example --access-token-lifetime 10m --yes"),
    (0, "api delete https://invoices.example --dry-run"),
    (0, "api delete https://invoices.example --yes"),
    (1, "api show https://invoices.example"),
    (
        0,
        "client create --name 'another client that has a long name' --audience $API --contact 'The team that ships, second floor, ship@department.example'",
    ),
    (0, "client list"),
    (0, "client list --search nobody --state suspended"),
    (0, "client show $CLIENT"),
    (0, "client update $CLIENT --contact 'The team that bills, third floor'"),
    (0, "client secret create $CLIENT --overlap 1h --expires-in 60d"),
    (0, "client secret list $CLIENT"),
    (0, "client secret suspend $CLIENT $SECRET --why 'seen in a public repository'"),
    (0, "client secret resume $CLIENT $SECRET"),
    (0, "client secret revoke $CLIENT $SECRET --why leaked --yes"),
    (0, "client secret list $CLIENT"),
    (0, "client delete 'another client that has a long name' --yes"),
    (
        0,
        "admin create --username the-auditor-of-the-whole-department --role auditor --allow-ip 127.0.0.0/8 --allow-ip 2001:db8:1234:5678::/64",
    ),
    (0, "admin list"),
    (0, "admin remove the-auditor-of-the-whole-department --yes"),
    (
        0,
        "user create --username grace-hopper-of-the-department --name 'Rear Admiral Grace Brewster Murray Hopper, Commodore' --email grace.hopper@compilers.department.example",
    ),
    (1, "user create --username grace-hopper-of-the-department"),
    (0, "user list"),
    (0, "user list --search lovelace --state active"),
    (0, "user list --search nobody"),
    (0, "user show $USER"),
    (0, "user update $USER --name 'Augusta Ada King, Countess of Lovelace'"),
    (2, "user set-password $USER"),
    (0, "user invite grace-hopper-of-the-department --email grace.hopper@compilers.department.example"),
    (0, "user disable grace-hopper-of-the-department --why owner_left --yes"),
    (0, "user list"),
    (0, "user enable grace-hopper-of-the-department"),
    (0, "user unlock grace-hopper-of-the-department"),
    (0, "user reset-mfa grace-hopper-of-the-department --yes"),
    (0, "user reset-passkeys grace-hopper-of-the-department --yes"),
    (0, "user delete grace-hopper-of-the-department --dry-run"),
    (0, "user erase grace-hopper-of-the-department --dry-run"),
    (0, "user import people.csv --dry-run"),
    (0, "user import people.csv"),
    (1, "user import wrong-people.csv"),
    (0, "user export --file people-out.csv"),
    (0, "user erase grace-hopper-of-the-department --yes"),
    (0, "session list --user $USER"),
    (1, "session revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes"),
    (0, "consent list $USER"),
    (0, "consent revoke $USER $CLIENT --yes"),
    (0, "grant list --user $USER --client $CLIENT"),
    (1, "grant revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes"),
    (0, "group create --name those-who-bill-orders-abroad --description 'Those who bill what was ordered, abroad and at home'"),
    (0, "group list"),
    (0, "group show $GROUP"),
    (0, "group update $GROUP --description 'Those who ship what was ordered, and those who help them'"),
    (0, "group add those-who-bill-orders-abroad $USER"),
    (0, "group members $GROUP"),
    (0, "group remove those-who-bill-orders-abroad $USER --yes"),
    (0, "group delete those-who-bill-orders-abroad --yes"),
    (
        0,
        "provider create --name those-of-corp --title 'The people of Example Corporation' --issuer https://id.corporation.example --client-id jeton --client-secret secret.txt --domain corporation.example --role-claim groups --role sellers=$ROLE",
    ),
    (0, "provider list"),
    (0, "provider show those-of-corp"),
    (0, "provider update those-of-corp --creates-users true"),
    (0, "provider delete those-of-corp --yes"),
    (
        0,
        "role create --audience $API --name those-who-may-bill-orders --scope orders:read --scope orders:write --description 'May see and change all orders of the department'",
    ),
    (0, "role list"),
    (0, "role show $ROLE"),
    (0, "role update $ROLE --description 'May see, change and send all orders of the department'"),
    (0, "role assign those-who-may-bill-orders user:$USER"),
    (0, "role holders $ROLE"),
    (0, "role unassign those-who-may-bill-orders user:$USER --yes"),
    (0, "role delete those-who-may-bill-orders --yes"),
    (
        0,
        "key create --owner 'external:A customer whose name is long enough' --audience $API --name 'the key of the second warehouse' --note 'Asked for by Ada, who moves to another warehouse next year' --allow-ip 192.0.2.0/24 --allow-ip 2001:db8:1234:5678::/64 --rate-limit 100/1m --max-uses 1000000 --metadata order=4711",
    ),
    (0, "key create --owner user:$USER --audience $API --name 'the key of Ada' --scope orders:read"),
    (2, "key create --owner acme --audience $API --name k"),
    (0, "key list"),
    (0, "key list --kind pat --live --created-within 1h --order expires"),
    (0, "key list --older-than 1d"),
    (0, "key show $KEY"),
    (0, "key show key.txt"),
    (0, "key explain $KEY --client-ip 192.0.2.7"),
    (0, "key explain key.txt"),
    (1, "key explain foreign.txt"),
    (0, "key verify key.txt --client-ip 192.0.2.7 --user-agent 'curl/8.5.0 (x86_64-pc-linux-gnu) libcurl/8.5.0 OpenSSL/3.0.13'"),
    (1, "key verify key.txt --client-ip 198.51.100.7"),
    (1, "key verify key.txt --client-ip 192.0.2.7 --scope orders:refund-all"),
    (0, "key update $KEY --note 'another word about it'"),
    (0, "key import keys.csv --audience $API --owner 'external:A customer whose name is long enough' --dry-run"),
    (0, "key import keys.csv --audience $API --owner 'external:A customer whose name is long enough'"),
    (1, "key import wrong.csv --audience $API --owner 'external:A customer whose name is long enough'"),
    (0, "key rotate $KEY --overlap 1h"),
    (0, "key end-previous $KEY --yes"),
    (0, "key transfer $KEY --owner 'external:another customer whose name is long' --yes"),
    (0, "key suspend $KEY --why 'seen in a public repository'"),
    (1, "key verify key.txt --client-ip 192.0.2.7"),
    (0, "key resume $KEY"),
    (0, "key revoke $KEY --why leaked --yes"),
    (0, "key explain $KEY"),
    (0, "key rotate --self --key-file own.txt"),
    (1, "key rotate --self --key-file own.txt"),
    (2, "key rotate --self --key-file foreign.txt"),
    (2, "token get --client $CLIENT --audience $API"),
    (0, "token issue --client $CLIENT"),
    (0, "token show token.txt"),
    (0, "token explain token.txt"),
    (0, "token explain opaque.txt"),
    (0, "token introspect token.txt"),
    (0, "token suspend $TOKEN --why 'seen in a public repository'"),
    (0, "token explain token.txt"),
    (0, "token resume $TOKEN"),
    (0, "revoke token.txt --why 'case 4711' --dry-run"),
    (0, "revoke token.txt --why 'case 4711' --yes"),
    (0, "token explain token.txt"),
    (1, "token introspect token.txt"),
    (2, "revoke neither-a-file-nor-an-id --yes"),
    (0, "revoke --client $CLIENT --dry-run"),
    (0, "suspend --client $CLIENT --why 'odd traffic at night from everywhere at once' --dry-run"),
    (0, "suspend --client $CLIENT --why 'odd traffic at night from everywhere at once' --yes"),
    (0, "client show $CLIENT"),
    (0, "client list"),
    (0, "suspension list"),
    (0, "resume --client $CLIENT"),
    (0, "suspension list"),
    (0, "usage"),
    (0, "usage key:$KEY --resolution minute"),
    (0, "usage unused"),
    (0, "usage shared"),
    (2, "usage nobody"),
    (0, "policy show"),
    (0, "policy set api_key --max 60d --api $API --dry-run"),
    (0, "policy set api_key --max 60d --api $API --yes"),
    (0, "policy set client_secret --max 50d --client $CLIENT --yes"),
    (0, "policy show"),
    (0, "policy explain client_secret --client $CLIENT"),
    (0, "policy explain api_key --api $API"),
    (
        0,
        "policy exception create --key $OWN --owner 'Ada, who ships orders abroad' --reason 'The device at the customer cannot be reached before the spring' --until $LATER",
    ),
    (0, "policy exception list"),
    (0, "key show $OWN"),
    (1, "policy exception end exception_0123456789abcdefghij --yes"),
    (0, "signing-key list"),
    (0, "signing-key rotate --force --yes"),
    (0, "signing-key list"),
    (1, "signing-key revoke none --why leaked --yes"),
    (0, "root-key list"),
    (0, "audit tail -n 1000"),
    (0, "audit tail --client $CLIENT"),
    (0, "audit tail --user $USER --since 2026-01-01T00:00:00Z"),
    (0, "audit tail --key $KEY --kind api_key"),
    (2, "audit tail --key nobody"),
    (0, "audit show 13"),
    (0, "audit show 79"),
    (1, "audit show 4711"),
    (0, "audit verify"),
    (0, "audit checkpoint"),
    (2, "audit verify --checkpoint foreign.txt"),
    (0, "check"),
    (0, "check --full"),
    (0, "backup create"),
    (0, "backup list"),
    (0, "backup verify"),
    (0, "backup drill"),
    (2, "backup drill --receipt foreign.txt"),
    (0, "backup list"),
    (0, "backup restore --from jeton-data.backups --identity recovery.key --root-key-file jeton-data.root-key --data restored"),
    (3, "backup restore --from jeton-data.backups --identity jeton-data.root-key --root-key-file recovery.key --data other"),
    (0, "backup restore accept-gap --yes"),
    (0, "root-key rotate --yes"),
    (1, "doctor"),
    (1, "doctor --fail-under A"),
    (0, "export"),
    (1, "diff declared.toml"),
    (0, "apply declared.toml --dry-run"),
    (0, "apply declared.toml --yes"),
    (2, "apply foreign.txt --yes"),
    (0, "jwt decode token.txt"),
    (0, "jwt verify signed.txt --jwks public.json"),
    (1, "jwt verify signed.txt --jwks public.json --audience https://elsewhere.example"),
    (0, "jwt sign --key private.json --claims claims.json"),
    (2, "exec --client $CLIENT --secret-file token.txt -- true"),
    (2, "login --client $CLIENT"),
    (2, "logout"),
    (2, "whoami"),
    (0, "request GET /api/v1/apis"),
    (3, "request GET /api/v1/nothing"),
    (0, "revoke --api $API --before now --dry-run"),
    (0, "revoke --api $API --before now --yes"),
];

/// What cannot be cut: where it is printed, and what it is.
const UNCUT: &[(&str, &str)] = &[
    ("completions", "a script for a shell"),
    ("audit checkpoint", "a note that must be printed as it was signed"),
    ("token issue", "the token"),
    ("user invite", "the link"),
    ("jwt sign", "the token"),
    ("export", "a file"),
    ("request", "the body as the server sent it"),
];

/// What was made, under its name, and the programs of a shell: quotes hold words together.
struct Made(BTreeMap<&'static str, String>);

impl Made {
    fn words(&self, line: &str) -> Vec<String> {
        let mut words = vec![];
        let mut rest = line;
        while !rest.is_empty() {
            let mut word = String::new();
            let mut is_quoted = false;
            let end = rest.char_indices().find(|(_, letter)| {
                match letter {
                    '\'' => is_quoted = !is_quoted,
                    letter if *letter == ' ' && !is_quoted => return true,
                    letter => word.push(*letter),
                }
                false
            });
            for (name, text) in &self.0 {
                word = word.replace(&format!("${name}"), text);
            }
            words.push(word);
            rest = end.map_or("", |(end, _)| &rest[end + 1..]);
        }
        words
    }
}

const API: &str = "https://orders-of-a-whole-department.example";
const CLIENT: &str = "the client with a long name that nobody could shorten";
const USER: &str = "ada-lovelace-of-the-analytical-engine";
const GROUP: &str = "those-who-ship-orders-abroad";
const ROLE: &str = "those-who-may-ship-orders";

/// A deployment whose names are long, in which each kind of thing is.
fn deployment() -> (Desk, Made) {
    let mut desk = Desk::empty();
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap().to_owned();
    let recovery = text(&desk.json(&["init", "--issuer", "http://127.0.0.1:8420"]), "recovery_identity");
    desk.write("recovery.key", &recovery);
    desk.start_server();
    let orders = ["--scope", "orders:read=Read the orders of every branch", "--scope", "orders:write", "--scope", "orders:refund-all"];
    desk.done(
        &[&["api", "create", "--audience", API, "--name", "Orders of all branches", "--default-scope", "orders:read"], &orders[..]]
            .concat(),
    );
    desk.done(&["api", "create", "--audience", "https://opaque.example", "--token-format", "opaque"]);
    desk.done(&["client", "create", "--name", CLIENT, "--audience", API, "--contact", "The team that ships, second floor"]);
    desk.done(&["client", "create", "--name", "opaque", "--audience", "https://opaque.example"]);
    desk.done(&["user", "create", "--username", USER, "--name", "Augusta Ada King", "--email", "ada@engines.department.example"]);
    desk.done(&["group", "create", "--name", GROUP, "--description", "Those who ship what was ordered"]);
    desk.done(&["role", "create", "--audience", API, "--name", ROLE, "--scope", "orders:read", "--scope", "orders:write"]);
    desk.done(&["group", "add", GROUP, USER]);
    desk.done(&["role", "assign", ROLE, &format!("user:{USER}")]);
    desk.done(&["role", "assign", ROLE, &format!("group:{GROUP}")]);
    let owner = ["--owner", "external:A customer whose name is long", "--audience", API, "--note", "Asked for by Ada"];
    let key =
        desk.json(&[&["key", "create", "--name", "the key of the first warehouse", "--allow-ip", "192.0.2.0/24"], &owner[..]].concat());
    let own = desk.json(&["key", "create", "--name", "a key that rotates itself", "--owner", "external:acme", "--audience", API]);
    let token = desk.json(&["token", "issue", "--client", CLIENT]);
    let opaque = desk.json(&["token", "issue", "--client", "opaque"]);
    desk.write("key.txt", &text(&key, "key"));
    desk.write("own.txt", &text(&own, "key"));
    desk.write("token.txt", &text(&token, "access_token"));
    desk.write("opaque.txt", &text(&opaque, "access_token"));
    desk.write("secret.txt", "what-a-provider-knows-us-by");
    desk.write("foreign.txt", "this is nothing that any server of this kind makes");
    desk.write("people.csv", "username,name\nsomebody-from-elsewhere-with-a-long-name,Somebody from elsewhere\n");
    desk.write("wrong-people.csv", "username,password_hash,disabled\na b,,\nanother,hunter2,\nthird,,perhaps\n");
    desk.write("keys.csv", &format!("sha256,name\n{},a key from elsewhere\n", "ab".repeat(32)));
    desk.write(
        "wrong.csv",
        &format!("sha256,name,expires_at\n{},a key from elsewhere,01/02/2027\nzz,another,2027-02-01T00:00:00Z\n", "cd".repeat(32)),
    );
    desk.write("declared.toml", "[[api]]\naudience = \"https://declared.example\"\nname = \"Declared\"\n");
    desk.write("public.json", PUBLIC);
    desk.write("claims.json", "{\"sub\": \"ada\", \"exp\": 4102444800}");
    desk.write("private.json", PRIVATE);
    desk.write("signed.txt", &desk.done(&["jwt", "sign", "--key", "private.json", "--claims", "claims.json"]));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let shown = desk.json(&["token", "show", "token.txt"]);
    let now_seconds = desk.json(&["audit", "tail", "-n", "1"]).pointer("/items/0/time_micros").unwrap().as_i64().unwrap() / 1_000_000;
    let made = [
        ("LATER", (now_seconds + 200 * 86_400).to_string()),
        ("FREE", free),
        ("API", API.to_owned()),
        ("CLIENT", CLIENT.to_owned()),
        ("SECRET", text(desk.json(&["client", "secret", "list", CLIENT]).pointer("/items/0").unwrap(), "id")),
        ("USER", USER.to_owned()),
        ("GROUP", GROUP.to_owned()),
        ("ROLE", ROLE.to_owned()),
        ("KEY", text(&key, "id")),
        ("OWN", text(&own, "id")),
        ("TOKEN", text(&shown, "id")),
    ];
    (desk, Made(made.into()))
}

/// A key that signs nothing else (RFC 7515 appendix A.3).
const PRIVATE: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"test","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

const PUBLIC: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"test","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

/// The commands, and those that have none below them, as the tree of them has it.
fn commands() -> (BTreeSet<String>, BTreeSet<String>) {
    let page = Desk::empty().done(&["reference"]);
    let named = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" `jeton ")?.strip_suffix('`'));
    let all: BTreeSet<String> = named.map(str::to_owned).collect();
    let is_leaf = |name: &&String| !all.iter().any(|other| other.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(' ')));
    let leaves = all.iter().filter(is_leaf).cloned().collect();
    (all, leaves)
}

/// The command of a line: the longest that it begins with.
fn command<'a>(line: &str, all: &'a BTreeSet<String>) -> &'a str {
    let begins = |name: &&String| line.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    all.iter().filter(begins).max_by_key(|name| name.len()).expect("every line is a command")
}

/// What is too wide of what was said, but for what cannot be cut.
fn too_wide(command: &str, said: &Said) -> Vec<String> {
    if UNCUT.iter().any(|(uncut, _)| *uncut == command) {
        return vec![];
    }
    let lines = said.out.lines().chain(said.err.lines());
    lines.filter(|line| line.chars().count() > 80).map(|line| format!("{}: {line}", line.chars().count())).collect()
}

fn run(desk: &Desk, words: &[&str]) -> Said {
    let output = desk.command(words).env("COLUMNS", "80").stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn what_every_command_prints_fits_eighty_columns() {
    let (all, leaves) = commands();
    let (desk, made) = deployment();
    let (mut wrong, mut run_already, mut sayings) = (vec![], BTreeSet::new(), Sayings::default());
    for (code, line) in LINES {
        let command = command(line, &all);
        run_already.insert(command.to_owned());
        let words = made.words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = run(&desk, &words);
        if said.code != *code {
            wrong.push(format!("jeton {line}\n  ended with {}: {}{}", said.code, said.out, said.err));
        }
        wrong.extend(too_wide(command, &said).iter().map(|line_of| format!("jeton {line}\n  {line_of}")));
        sayings.keep(line, &format!("{}{}", said.out, said.err).replace(&*desk.folder.path().to_string_lossy(), "FOLDER"));
    }
    wrong.extend(sayings.differences());
    let unrun: Vec<_> = leaves.difference(&run_already).collect();
    let uncut: BTreeSet<&str> = UNCUT.iter().map(|(command, _)| *command).collect();
    assert!(uncut.iter().all(|command| run_already.contains(*command)), "{uncut:?}");
    assert!(unrun.is_empty(), "write a line for each of these commands: {unrun:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_every_command_says_without_a_server_fits_eighty_columns() {
    let (all, _) = commands();
    let desk = Desk::empty();
    let made = Made(BTreeMap::new());
    let mut wrong = vec![];
    for (_, line) in LINES {
        let command = command(line, &all);
        for more in [&["--data", "no-folder"][..], &["--no-such-flag-as-this-one-is"]] {
            // They make a folder, and are servers themselves.
            if matches!(command, "init" | "quickstart") && more.len() == 2 {
                continue;
            }
            let words = made.words(line);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
            let said = run(&desk, &words);
            wrong.extend(too_wide(command, &said).iter().map(|line_of| format!("jeton {line} {more:?}\n  {line_of}")));
            let is_told = match said.code {
                // What needs no folder goes on.
                0 => more.len() == 2 && !(said.out.is_empty() && said.err.is_empty()),
                1 | 3 => more.len() == 2 && !said.err.is_empty(),
                code => code == 2 && !said.err.is_empty(),
            };
            wrong.extend((!is_told).then(|| format!("jeton {line} {more:?}\n  {}: {}{}", said.code, said.out, said.err)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_help_fits_eighty_columns() {
    let desk = Desk::empty();
    let (all, _) = commands();
    for command in all.iter().map(String::as_str).chain([""]) {
        for help in ["--help", "-h"] {
            let words: Vec<&str> = command.split_whitespace().chain([help]).collect();
            let said = run(&desk, &words);
            assert_eq!((said.code, too_wide("", &said)), (0, vec![]), "jeton {command} {help}");
        }
    }
}

/// A terminal folds what is too long, and then an example cannot be copied any more.
#[test]
fn no_example_is_folded() {
    let page = Desk::empty().done(&["reference"]);
    let mut is_example = false;
    for line in page.lines() {
        is_example = if line.starts_with("```") { !is_example } else { is_example };
        assert!(!is_example || line.chars().count() <= 80, "write it on two lines, with a `\\` between: {line}");
    }
}
