//! What a command works with: its options, the server, the time, and where it prints.

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use jeton_token::Secret;
use serde_json::{Value, json};

use super::aside::aside;
use super::bearer::bearer;
use super::confirm;
use super::connection::Connection;
use super::failure::Failure;
use super::options::{Options, Output};
use super::proof;
use super::remote::Remote;
use super::secret_in_path;
use super::server::Server;
use crate::clock::Clock;
use crate::render::fold::fold;
use crate::render::text::{escaped, items, lines};
use crate::render::view::{View, WIDE};
use crate::terminal;

/// What every command is given.
pub(crate) struct Context {
    /// What every command takes.
    pub(crate) options: Options,
    /// Now, in seconds.
    pub(crate) now_seconds: i64,
}

/// A text that cannot be presented as a key.
pub(crate) const NO_KEY: &str = "what is there is no key";

impl Context {
    /// The context of this process.
    pub(crate) fn new(options: Options) -> Context {
        Context { options, now_seconds: Clock::start().now().seconds() }
    }

    /// The server that is named, or else that of the data folder.
    pub(crate) fn server(&self) -> Result<Server, Failure> {
        self.connection().map(Server::new)
    }

    /// The way to it.
    pub(crate) fn connection(&self) -> Result<Connection, Failure> {
        match &self.options.server {
            Some(server) => Connection::to(Remote::with(server, &self.options, Some(proof::of(server, &self.options)?))?),
            None => Connection::over(self.options.socket()),
        }
    }

    /// The same server, for a key that asks for itself: nobody has to be signed in.
    pub(crate) fn server_for_key(&self, key: &Secret) -> Result<Server, Failure> {
        let no_key = || Failure::usage(NO_KEY, "it is one word, of letters, digits and signs");
        let authorization = bearer(key.expose()).ok_or_else(no_key)?;
        let connection = match &self.options.server {
            Some(server) => Connection::to(Remote::with(server, &self.options, Some(authorization))?),
            None => Connection::over_with(self.options.socket(), authorization),
        };
        connection.map(Server::new)
    }

    /// Whether a server answers on the socket of the data folder.
    pub(crate) fn is_served(&self) -> bool {
        UnixStream::connect(self.options.socket()).is_ok()
    }

    /// Whether there is a server to ask: one that is named, or that of the data folder.
    pub(crate) fn has_server(&self) -> bool {
        self.options.server.is_some() || self.is_served()
    }

    /// Whether there is a data folder, and no server to ask: then it is read where it lies.
    pub(crate) fn is_closed(&self) -> bool {
        !self.has_server() && self.options.data.join("jeton.db").exists()
    }

    /// Prints an answer: as `render` shows it, or as JSON.
    pub(crate) fn show(&self, value: &Value, render: impl FnOnce(&Value, &View) -> String) -> Result<(), Failure> {
        match self.options.output() {
            Output::Table | Output::Wide => {
                let view = self.view();
                let text = self.options.addressed(&render(value, &view));
                self.print(&fold(&text, view.width))?;
                if is_cut(&text) {
                    aside("What is too long for its column is cut: `-o wide` shows all of it.");
                }
                Ok(())
            }
            Output::Json => self.print(&escaped(&format!("{value:#}\n"))),
            Output::Jsonl if value.get("items").is_some() => items(value).iter().try_for_each(|item| self.print_line(item)),
            Output::Jsonl => self.print_line(value),
        }
    }

    /// The same of a text that must be printed as it was written, since it was signed so.
    pub(crate) fn show_as_written(&self, value: &Value, member: &str) -> Result<(), Failure> {
        match self.options.output() {
            Output::Table | Output::Wide => self.print(&lines(value.get(member).and_then(Value::as_str).unwrap_or_default())),
            Output::Json | Output::Jsonl => self.show(value, |_, _| String::new()),
        }
    }

    /// Prints that something is done, in a sentence; where JSON is asked for, as its only member.
    pub(crate) fn say(&self, sentence: &str) -> Result<(), Failure> {
        self.show(&json!({ "done": sentence }), |_, _| format!("{sentence}\n"))
    }

    /// Prints JSON in a line.
    pub(crate) fn print_line(&self, value: &Value) -> Result<(), Failure> {
        self.print(&escaped(&format!("{value}\n")))
    }

    /// Prints a text as it stands.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        write(text.as_bytes())
    }

    /// Asks before something is done that cannot be undone.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        secret_in_path::refuse(question)?;
        if self.options.yes { Ok(()) } else { confirm::ask(question) }
    }

    /// What rendering depends on.
    pub(crate) fn view(&self) -> View {
        let width = match self.options.output() {
            Output::Wide => WIDE,
            _ => terminal::columns(&std::io::stdout()).unwrap_or(COLUMNS),
        };
        View { now_seconds: self.now_seconds, width }
    }
}

/// How wide a line is where nobody says.
const COLUMNS: usize = 80;

/// Whether something of a table was cut: what is cut ends its cell.
fn is_cut(text: &str) -> bool {
    text.contains("…  ") || text.contains("…\n") || text.contains("…\u{1b}")
}

/// Writes to standard output; whoever closes it early, as `head` does, has read enough.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::could_not(format!("the answer cannot be printed: {error}"), "look where standard output goes"))
        }
        _ => Ok(()),
    }
}
