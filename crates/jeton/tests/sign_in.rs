//! Somebody signs in from a terminal: by a browser here, by a code elsewhere, and what they have of it until it ends.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_oauth::form;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::browser::Page;
use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery staple";

/// A server, somebody who may read everything in it, and a client that stands for the command line.
struct Desk {
    folder: TempDir,
    server: Child,
    url: String,
    client: String,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let url = format!("http://{address}");
        assert!(command(&folder, &["init", "--listen", &address, "--issuer", &url]).output().unwrap().status.success());
        let mut server = command(&folder, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        let mut desk = Desk { folder, server, url, client: String::new() };
        assert!(started, "the server did not start");
        desk.here(&["api", "create", "--audience", "a:b", "--scope", "read=Read"], "");
        desk.here(&["user", "create", "--username", "ada", "--password-stdin"], PASSWORD);
        desk.here(&["role", "assign", "role_auditor", "user:ada"], "");
        desk.here(&["role", "create", "--audience", "a:b", "--name", "reader", "--scope", "read"], "");
        desk.here(&["role", "assign", "reader", "user:ada"], "");
        let management = desk.management();
        let grants = "--grant-type authorization_code --grant-type refresh_token --grant-type urn:ietf:params:oauth:grant-type:device_code";
        let native = "--application-type native --token-endpoint-auth-method none --redirect-uri http://127.0.0.1/callback";
        let words = format!("client create --name terminal {native} {grants} --audience {management} --audience a:b");
        let made = desk.here(&words.split(' ').collect::<Vec<_>>(), "");
        desk.client = made["client_id"].as_str().unwrap().to_owned();
        desk
    }

    /// The audience of the management API.
    fn management(&self) -> String {
        format!("{}/api/v1", self.url)
    }

    /// As the owner of the process.
    #[track_caller]
    fn here(&self, arguments: &[&str], input: &str) -> Value {
        let mut command = command(&self.folder, arguments);
        let command = command.args(["--json", "--yes"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// As somebody elsewhere, who has a home and a browser that writes down what it is told to open.
    fn elsewhere(&self, arguments: &[&str]) -> Command {
        let (home, programs) = (self.folder.path().join("home"), self.folder.path().join("programs"));
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(&programs).unwrap();
        for opener in ["xdg-open", "open"] {
            fs::write(programs.join(opener), "#!/bin/sh\necho \"$1\" > opened.txt\n").unwrap();
            fs::set_permissions(programs.join(opener), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = command(&self.folder, arguments);
        command
            .env("JETON_SERVER", &self.url)
            .env("JETON_DATA", "nowhere")
            .env("HOME", &home)
            .env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.elsewhere(arguments).output().unwrap()
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, needle: &str) -> String {
        let output = self.run(arguments);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!((output.status.code(), said.contains(needle)), (Some(code), true), "{arguments:?}: {said}");
        said
    }

    /// Begins to sign in, and gives the first line that begins so.
    fn begin(&self, more: &[&str], begins: &str) -> (Child, String) {
        let management = self.management();
        let words = [&["login", "--client", &self.client, "--audience", &management, "--audience", "a:b"], more].concat();
        let mut child = self.elsewhere(&words).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.by_ref().find(|line| line.trim().starts_with(begins)).unwrap();
        thread::spawn(move || lines.for_each(drop));
        (child, line.trim().to_owned())
    }

    /// Signs in by the browser of this machine.
    fn sign_in(&self) {
        let (child, address) = self.begin(&[], "http://");
        Visitor { folder: self.folder.path() }.walk(&address);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && text(&output.stdout).contains("ada"), "{}", text(&output.stdout));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A person with a browser that has no script: `curl` with a file for cookies.
struct Visitor<'d> {
    folder: &'d Path,
}

impl Visitor<'_> {
    /// Goes where an address leads, signs in, allows what is asked, until a page asks nothing.
    fn walk(&self, address: &str) -> Page {
        let mut page = self.ask(address, None);
        for _ in 0..8 {
            let has = |path: &str| page.answer.text().contains(&format!("action=\"{path}"));
            page = if has("/signin") {
                self.submit(&page, "/signin", &[("username", "ada"), ("password", PASSWORD)])
            } else if has("/oauth/authorize") {
                self.submit(&page, "/oauth/authorize", &[("decision", "allow")])
            } else if has("/device") && page.answer.text().contains("decision") {
                self.submit(&page, "/device", &[("decision", "allow")])
            } else {
                return page;
            };
        }
        panic!("{address} leads nowhere")
    }

    fn submit(&self, page: &Page, path: &str, filled: &[(&str, &str)]) -> Page {
        let form = page.form(path);
        let kept = form.fields.iter().filter(|(name, _)| filled.iter().all(|(known, _)| known != name));
        let fields = kept.map(|(name, value)| (name.as_str(), value.as_str())).chain(filled.iter().copied());
        self.ask(&absolute(&page.address, &form.action), Some(&form::encode(fields)))
    }

    /// One request, and what its redirects lead to.
    fn ask(&self, address: &str, body: Option<&str>) -> Page {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--include", "--http1.1", "--max-time", "60"]).current_dir(self.folder);
        command.args(["--cookie", "cookies", "--cookie-jar", "cookies"]);
        command.args(body.map(|body| ["--data", body]).into_iter().flatten()).arg(address);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{address}: {}", text(&output.stderr));
        let answer = parsed(&output.stdout);
        match answer.status {
            300..=399 => self.ask(&absolute(address, answer.header("location")), None),
            _ => Page { address: address.to_owned(), answer },
        }
    }
}

fn parsed(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = text(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Answer { status, headers, body: Bytes::copy_from_slice(&bytes[end + 4..]) }
}

/// An address as it stands on a page of another.
fn absolute(base: &str, address: &str) -> String {
    if address.starts_with("http") {
        return address.to_owned();
    }
    let origin: Vec<&str> = base.splitn(4, '/').take(3).collect();
    format!("{}{address}", origin.join("/"))
}

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn somebody_signs_in_by_a_browser_and_administers_until_they_sign_out() {
    let desk = Desk::new();
    desk.check(&["whoami"], 4, "`jeton login`");
    desk.check(&["api", "list"], 4, "`jeton login`");
    desk.check(&["login"], 2, "--client");
    desk.sign_in();
    let opened = fs::read_to_string(desk.folder.path().join("opened.txt")).unwrap();
    assert!(opened.starts_with(&format!("{}/oauth/authorize?", desk.url)) && opened.contains("code_challenge_method=S256"), "{opened}");
    desk.check(&["whoami"], 0, "ada");
    // A token that is named asks as whom it is, whoever is signed in.
    let made = desk.here(&["admin", "create", "--username", "eve", "--role", "auditor"], "");
    fs::write(desk.folder.path().join("eve.txt"), made["key"].as_str().unwrap()).unwrap();
    let said = desk.check(&["whoami", "--token-file", "eve.txt"], 0, "jeton:audit:read");
    assert!(said.contains(made["key_id"].as_str().unwrap()) && !said.contains("jeton:apis:write"), "{said}");
    fs::write(desk.folder.path().join("eve.txt"), "no-token").unwrap();
    desk.check(&["whoami", "--token-file", "eve.txt"], 4, "");
    // As far as their roles allow.
    desk.check(&["api", "list"], 0, "a:b");
    desk.check(&["api", "create", "--audience", "a:c", "--yes"], 3, "jeton:apis:write");
    // For another API, and where several ask at once.
    let get = ["token", "get", "--audience", "a:b", "--scope", "read"];
    let children: Vec<Child> = (0..4).map(|_| desk.elsewhere(&get).spawn().unwrap()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        fs::write(desk.folder.path().join("token.txt"), &output.stdout).unwrap();
        assert_eq!(desk.here(&["token", "introspect", "token.txt"], "")["active"], true);
    }
    let exec = ["exec", "--audience", "a:b", "--", "sh", "-c", "echo ${#JETON_TOKEN}"];
    assert!(text(&desk.run(&exec).stdout).trim().parse::<usize>().unwrap() > 40);
    desk.check(&["token", "get", "--audience", "a:d"], 2, "not for that API");
    // For this user alone, and sealed.
    let kept = files(&desk.folder.path().join("home"));
    assert_eq!(kept.len(), 3, "{kept:?}");
    for file in kept {
        let bytes = fs::read(&file).unwrap();
        let has = |needle: &str| bytes.windows(needle.len()).any(|part| part == needle.as_bytes());
        assert!(!has("jtn_") && !has("client_"), "{}", file.display());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    desk.check(&["logout"], 0, "Signed out");
    desk.check(&["whoami"], 4, "`jeton login`");
    let introspected = command(&desk.folder, &["token", "introspect", "token.txt"]).output().unwrap();
    assert_eq!(introspected.status.code(), Some(1), "it ended at the server too: {}", text(&introspected.stdout));
}

#[test]
fn somebody_signs_in_by_a_code_and_is_gone_once_they_are_disabled() {
    let desk = Desk::new();
    let address = format!("{}/device", desk.url);
    let (child, code) = desk.begin(&["--device"], "With the code in it: ");
    let complete = code.trim_start_matches("With the code in it: ");
    assert!(complete.starts_with(&address), "{complete}");
    let visitor = Visitor { folder: desk.folder.path() };
    let page = visitor.ask(complete, None);
    let page = if page.answer.text().contains("user_code") && !page.answer.text().contains("decision") {
        let code = complete.split_once("user_code=").unwrap().1;
        visitor.submit(&page, "/device", &[("user_code", code)])
    } else {
        page
    };
    let signed_in = match page.answer.text().contains("action=\"/signin") {
        true => visitor.submit(&page, "/signin", &[("username", "ada"), ("password", PASSWORD)]),
        false => page,
    };
    visitor.submit(&signed_in, "/device", &[("decision", "allow")]);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && text(&output.stdout).contains("ada"), "{}", text(&output.stdout));
    desk.check(&["api", "list"], 0, "a:b");
    desk.here(&["user", "disable", "ada"], "");
    desk.check(&["token", "get", "--audience", "a:b", "--scope", "read"], 4, "has ended");
    desk.check(&["whoami"], 4, "`jeton login`");
}

#[test]
fn a_server_that_calls_itself_otherwise_gets_nobody() {
    let desk = Desk::new();
    let other = desk.url.replace("127.0.0.1", "localhost");
    desk.check(&["login", "--client", &desk.client, "--server", &other], 3, &format!("calls itself {}", desk.url));
    assert!(!desk.folder.path().join("opened.txt").exists());
}
