//! A deployment to crash: two APIs, holders of tokens, and one client that introspects.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::control::Control;
use crate::failure::{Doing, Failure};
use crate::http::{Answer, Connection};
use crate::journal::Holder;
use crate::server::{Place, Shim};
use crate::shim;

/// The audience of JWTs.
pub(crate) const SIGNED: &str = "https://orders.example";
/// The audience of opaque tokens.
pub(crate) const OPAQUE: &str = "https://stock.example";
/// How many clients hold tokens, each with a connection of its own.
pub(crate) const HOLDERS: usize = 8;

/// Everything of one data folder.
pub(crate) struct Deployment {
    /// Where it lies.
    pub(crate) place: Place,
    /// The shim's library.
    pub(crate) library: PathBuf,
    /// What goes wrong.
    pub(crate) control: Control,
    /// Where the old content of what is written goes.
    pub(crate) undo: PathBuf,
    /// The clients and what they were told.
    pub(crate) holders: Vec<Holder>,
    /// The client that introspects, and its secret.
    pub(crate) watcher: (String, String),
    /// The size of the last checkpoint that was seen.
    pub(crate) checkpoint_size: u64,
    /// Removed with everything in it.
    _folder: TempDir,
}

impl Deployment {
    /// A new one in a folder of its own; its data in this folder, where there is one.
    pub(crate) fn new(program: &Path, data: Option<&Path>) -> Result<Deployment, Failure> {
        let folder = tempfile::tempdir().doing("making a folder")?;
        let path = folder.path();
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).doing("looking for a free port")?;
        let place = Place {
            program: program.to_owned(),
            data: data.unwrap_or(path).join("data"),
            root_key_file: path.join("root.key"),
            log: path.join("server.log"),
            address: free,
        };
        place.init()?;
        Ok(Deployment {
            library: shim::compile(path)?,
            control: Control::new(path)?,
            undo: path.join("undo"),
            place,
            holders: vec![],
            watcher: Default::default(),
            checkpoint_size: 0,
            _folder: folder,
        })
    }

    /// The shim with this deployment's control page; with the undo file where a power cut is to come.
    pub(crate) fn shim(&self, keeps_undo: bool) -> Shim<'_> {
        Shim { library: &self.library, control: &self.control, undo: keeps_undo.then_some(self.undo.as_path()) }
    }

    /// Declares what is needed, over the Unix socket of a server that runs.
    pub(crate) fn declare(&mut self) -> Result<(), Failure> {
        let mut socket = Connection::unix(&self.place.socket()).doing("connecting to the server's socket")?;
        for (audience, format) in [(SIGNED, "jwt"), (OPAQUE, "opaque")] {
            let body = json!({
                "audience": audience, "scopes": { "read": "Read." }, "token_format": format, "access_token_lifetime_seconds": 86_400
            });
            created(socket.post_json("/api/v1/apis", &body).doing("declaring an API")?)?;
        }
        for number in 0..HOLDERS {
            let body = json!({ "name": format!("holder {number}"), "audiences": [SIGNED, OPAQUE] });
            let (client, secret) = client_of(&created(socket.post_json("/api/v1/clients", &body).doing("registering a client")?)?)?;
            self.holders.push(Holder { client, secret, tokens: vec![] });
        }
        let body = json!({ "name": "watcher", "audiences": [SIGNED, OPAQUE], "may_introspect": true });
        self.watcher = client_of(&created(socket.post_json("/api/v1/clients", &body).doing("registering a client")?)?)?;
        Ok(())
    }
}

fn created(answer: Answer) -> Result<Answer, Failure> {
    if answer.status == 201 { Ok(answer) } else { Err(Failure::CouldNot(format!("setting up: {}", answer.words()))) }
}

fn client_of(answer: &Answer) -> Result<(String, String), Failure> {
    answer.text("client_id").zip(answer.text("client_secret")).ok_or_else(|| Failure::CouldNot("a client without a secret".to_owned()))
}
