//! Letters over SMTP: the server that is shipped, and a mail server that speaks RFC 5321 with STARTTLS and AUTH on the other end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here must fail the test")]

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const PASSWORD: &str = "of-the-mail-server-7";

/// A mail server that keeps what it is given.
struct Post {
    port: u16,
    said: Receiver<Dialogue>,
    /// What it answers to the next letters, after their last line; 250 afterwards.
    answers: Arc<Mutex<VecDeque<&'static str>>>,
    authority: String,
}

/// What one client said.
#[derive(Clone, Debug, Default)]
struct Dialogue {
    /// Its commands, before and under TLS.
    clear: Vec<String>,
    sealed: Vec<String>,
    letter: String,
}

impl Post {
    fn open(offers_tls: bool) -> Post {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
        let (port, (tell, said), answers) = (listener.local_addr().unwrap().port(), channel(), Arc::<Mutex<VecDeque<_>>>::default());
        let its_answers = answers.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (config, tell, answers) = (config.clone(), tell.clone(), its_answers.clone());
                thread::spawn(move || attend(client.unwrap(), offers_tls.then_some(config), &answers, &tell));
            }
        });
        Post { port, said, answers, authority: made.cert.pem() }
    }

    /// The next client that was served to its end.
    fn next(&self) -> Dialogue {
        self.said.recv_timeout(PATIENCE).unwrap()
    }
}

fn attend(client: TcpStream, tls: Option<Arc<ServerConfig>>, answers: &Mutex<VecDeque<&'static str>>, tell: &Sender<Dialogue>) {
    let mut dialogue = Dialogue::default();
    let mut clear = client.try_clone().unwrap();
    clear.write_all(b"220 mail.example ESMTP\r\n").unwrap();
    let extension = if tls.is_some() { "STARTTLS" } else { "8BITMIME" };
    let wants_tls = converse(clear, extension, &mut dialogue.clear, &mut String::new(), answers);
    if let (true, Some(config)) = (wants_tls, tls) {
        let stream = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
        converse(stream, "AUTH PLAIN", &mut dialogue.sealed, &mut dialogue.letter, answers);
    }
    let _ = tell.send(dialogue);
}

/// Answers until the client goes, or wants TLS: then true.
fn converse(
    stream: impl Read + Write,
    extension: &str,
    commands: &mut Vec<String>,
    letter: &mut String,
    answers: &Mutex<VecDeque<&'static str>>,
) -> bool {
    let mut stream = BufReader::new(stream);
    while let Some(line) = next_line(&mut stream) {
        let command = line.trim_end().to_owned();
        commands.push(command.clone());
        let verb = command.split(' ').next().unwrap().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => format!("250-mail.example\r\n250 {extension}\r\n"),
            "STARTTLS" => "220 go on\r\n".to_owned(),
            "AUTH" => "235 welcome\r\n".to_owned(),
            "DATA" => "354 go on\r\n".to_owned(),
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 ok\r\n".to_owned(),
        };
        if stream.get_mut().write_all(answer.as_bytes()).and_then(|()| stream.get_mut().flush()).is_err() || verb == "QUIT" {
            return false;
        }
        if verb == "STARTTLS" {
            return true;
        }
        if verb == "DATA" {
            while let Some(line) = next_line(&mut stream).filter(|line| line != ".\r\n") {
                letter.push_str(&line);
            }
            let answer = answers.lock().unwrap().pop_front().unwrap_or("250 taken");
            let _ = stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).and_then(|()| stream.get_mut().flush());
        }
    }
    false
}

/// The next line with its end; `None`: the client went.
fn next_line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).is_ok_and(|bytes| bytes > 0).then_some(line)
}

/// A data folder whose server sends by a mail server.
struct Desk {
    folder: TempDir,
    address: String,
}

/// A server that runs, and what it logs.
struct Server {
    child: Child,
    log: Receiver<String>,
    logged: String,
}

impl Desk {
    fn new(post: &Post) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let desk = Desk { folder, address };
        let init = ["init", "--listen", &desk.address, "--issuer", &format!("http://{}", desk.address)];
        assert!(desk.command(&init).output().unwrap().status.success());
        let path = desk.folder.path().join("jeton-data/jeton.toml");
        let keys = format!(
            "\nsmtp_host = \"localhost\"\nsmtp_port = {}\nsmtp_username = \"jeton\"\nsmtp_password_file = \"smtp.password\"\n\
             smtp_from = \"jeton@example.com\"\nsmtp_ca_file = \"smtp.pem\"\n",
            post.port
        );
        fs::write(&path, fs::read_to_string(&path).unwrap() + &keys).unwrap();
        fs::write(path.with_file_name("smtp.password"), format!("{PASSWORD}\n")).unwrap();
        fs::write(path.with_file_name("smtp.pem"), &post.authority).unwrap();
        desk
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).args(["--json", "--yes"]).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn serve(&self) -> Server {
        let mut child = self.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, log) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut server = Server { child, log, logged: String::new() };
        server.logs("jeton serves");
        server
    }
}

impl Server {
    /// Waits for a line of the log.
    #[track_caller]
    fn logs(&mut self, needle: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line with {needle}: {}", self.logged));
            self.logged.push_str(&line);
            if line.contains(needle) {
                return line;
            }
        }
    }

    /// All that was logged until its end, which comes now.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.logged.extend(self.log.iter());
        std::mem::take(&mut self.logged)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The link in a letter.
fn link(letter: &str) -> &str {
    letter.lines().find(|line| line.contains("/link/")).unwrap().trim_end()
}

#[test]
fn an_invitation_goes_over_tls_and_once_more_after_a_crash() {
    let post = Post::open(true);
    let desk = Desk::new(&post);
    post.answers.lock().unwrap().push_back("451 <ada@example.com> greylisted");
    let mut server = desk.serve();
    let invited = desk.done(&["user", "invite", "ada", "--email", "ada@example.com", "--name", "Ada\u{a0}L"]);
    assert_eq!((invited["is_sent"].as_bool(), invited.get("link")), (Some(true), None), "{invited}");
    let first = post.next();
    let line = server.logs("could not be sent");
    assert!(line.contains("451") && !line.contains("ada@example.com"), "{line}");
    let log = server.end();

    let server = desk.serve();
    let second = post.next();
    for dialogue in [&first, &second] {
        assert!(dialogue.clear.iter().all(|said| said.starts_with("EHLO ") || said == "STARTTLS"), "{dialogue:?}");
        assert_eq!(dialogue.sealed.iter().filter(|said| said.starts_with("RCPT")).collect::<Vec<_>>(), ["RCPT TO:<ada@example.com>"]);
        assert!(dialogue.sealed.iter().any(|said| said.starts_with("MAIL FROM:<jeton@example.com>")), "{dialogue:?}");
        assert!(dialogue.sealed.iter().any(|said| said.starts_with("AUTH PLAIN ")), "{dialogue:?}");
        let (head, body) = dialogue.letter.split_once("\r\n\r\n").unwrap();
        for line in ["From: jeton@example.com", "To: ada@example.com", &format!("Subject: Your account at {}", desk.address)] {
            assert!(head.lines().any(|said| said == line), "{line}: {head}");
        }
        assert!(head.contains("Date: ") && head.contains("Message-ID: <"), "{head}");
        assert!(body.starts_with("Hello ada,\r\n"), "{body}");
    }
    assert_eq!(link(&first.letter), link(&second.letter), "the text is made again, not kept");
    let id = |letter: &str| letter.lines().find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned)).unwrap();
    assert_eq!(id(&first.letter), id(&second.letter), "whoever gets it twice can know");
    // Where letters are is kept after each: with the next one it is, of the one before.
    desk.done(&["user", "invite", "bea", "--email", "bea@example.com"]);
    assert!(post.next().letter.contains("To: bea@example.com"));
    let log = log + &server.end();
    let text = link(&first.letter).rsplit('/').next().unwrap();
    assert!(!log.contains(text) && !log.contains(PASSWORD), "{log}");

    let third = desk.serve();
    desk.done(&["user", "invite", "cyd", "--email", "cyd@example.com"]);
    loop {
        let letter = post.next().letter;
        assert!(!letter.contains("To: ada@example.com"), "what was sent, and kept to be, is not sent again");
        if letter.contains("To: cyd@example.com") {
            break;
        }
    }
    drop(third);
}

#[test]
fn news_go_to_the_address_of_whom_they_concern() {
    let post = Post::open(true);
    let desk = Desk::new(&post);
    let _server = desk.serve();
    desk.done(&["api", "create", "--audience", "https://orders.example"]);
    desk.done(&["user", "create", "--username", "ada", "--email", "ada@example.com"]);
    let key = desk.done(&["key", "create", "--owner", "user:ada", "--audience", "https://orders.example", "--name", "Büro"]);
    desk.done(&["key", "suspend", key["id"].as_str().unwrap()]);
    let dialogue = post.next();
    assert_eq!(dialogue.sealed.iter().filter(|said| said.starts_with("RCPT")).collect::<Vec<_>>(), ["RCPT TO:<ada@example.com>"]);
    let (head, body) = dialogue.letter.split_once("\r\n\r\n").unwrap();
    let subject = format!("Subject: Something of yours at {} is suspended", desk.address);
    assert!(head.replace("\r\n ", " ").lines().any(|said| said == subject) && head.is_ascii(), "{head}");
    assert!(body.contains(&format!("your API key {}", key["id"].as_str().unwrap())) && body.contains("called B=C3=BCro"), "{body}");
}

#[test]
fn an_address_is_one_or_no_letter_goes() {
    let post = Post::open(true);
    let desk = Desk::new(&post);
    let mut server = desk.serve();
    let (long, longer) = (format!("{}@example.com", "a".repeat(242)), format!("{}@example.com", "a".repeat(243)));
    let invite = |number: usize, address: &str| {
        let output = desk.command(&["user", "invite", &format!("guest-{number}"), "--email", address, "--json", "--yes"]).output();
        output.unwrap().status.success()
    };
    for (number, address) in
        ["ada@example.com\r\nBcc: eve@example.org", "a b@example.com", "ada", "@example.com", "ada\u{202e}@example.com", &longer]
            .into_iter()
            .enumerate()
    {
        assert!(!invite(number, address), "{address:?}");
    }
    // What is taken as an address and is none to a mail server: given up at once, without a word of it in the log.
    for (number, address) in ["a@b@example.com", "<ada@example.com>", "ada@example.com,eve@example.org", &long, "\u{e4}d\u{e4}@example.com"]
        .into_iter()
        .enumerate()
    {
        assert!(invite(100 + number, address), "{address:?}");
        let line = server.logs("given up");
        assert!(!line.contains(address), "{line}");
    }
    assert!(invite(200, "ada+news@example.com"));
    let reached = loop {
        let said = post.next();
        let reached: Vec<_> = said.sealed.iter().filter(|said| said.starts_with("RCPT")).cloned().collect();
        if !reached.is_empty() {
            break reached;
        }
        assert!(said.letter.is_empty(), "{said:?}");
    };
    assert_eq!(reached, ["RCPT TO:<ada+news@example.com>"]);
}

#[test]
fn nothing_is_sent_in_the_clear_and_a_letter_that_is_refused_is_given_up() {
    let plain = Post::open(false);
    let desk = Desk::new(&plain);
    let mut server = desk.serve();
    desk.done(&["user", "invite", "ada", "--email", "ada@example.com"]);
    let said = plain.next();
    assert!(said.clear.iter().all(|said| said.starts_with("EHLO ") || said == "QUIT"), "{said:?}");
    server.logs("could not be sent");
    drop(server);

    let post = Post::open(true);
    let desk = Desk::new(&post);
    post.answers.lock().unwrap().push_back("550 <ada@example.com>: no such box");
    let mut server = desk.serve();
    desk.done(&["user", "invite", "ada", "--email", "ada@example.com"]);
    let line = server.logs("given up");
    assert!(line.contains("550") && !line.contains("ada@example.com"), "{line}");
    drop(server);

    let other = Post::open(true);
    fs::write(desk.folder.path().join("jeton-data/smtp.pem"), &other.authority).unwrap();
    let mut server = desk.serve();
    desk.done(&["user", "invite", "bea", "--email", "bea@example.com"]);
    server.logs("could not be sent");
}
