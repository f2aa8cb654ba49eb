//! A deployment to crash: two APIs, holders of tokens, and one client that introspects.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::control::Control;
use crate::failure::{Doing, Failure};
use crate::http::{Answer, Connection};
use crate::journal::Holder;
use crate::server::{Place, Shim};

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
    /// The shim's library, where there is one.
    pub(crate) library: Option<PathBuf>,
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
    /// How often its tokens were looked at.
    pub(crate) looks: usize,
    /// Removed with everything in it.
    folder: TempDir,
}

impl Deployment {
    /// A new one in a folder of its own; its data in this folder, where there is one.
    pub(crate) fn new(program: &Path, library: Option<&Path>, data: Option<&Path>) -> Result<Deployment, Failure> {
        let folder = tempfile::tempdir().doing("making a folder")?;
        let path = folder.path();
        let place = Place {
            program: program.to_owned(),
            data: data.unwrap_or(path).join("data"),
            root_key_file: path.join("root.key"),
            recovery_key_file: path.join("recovery.key"),
            log: path.join("server.log"),
            address: free_address()?,
        };
        place.init()?;
        Ok(Deployment {
            library: library.map(Path::to_owned),
            control: Control::new(path)?,
            undo: path.join("undo"),
            place,
            holders: vec![],
            watcher: Default::default(),
            checkpoint_size: 0,
            looks: 0,
            folder,
        })
    }

    /// The shim with this deployment's control page; with the undo file where a power cut is to come.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn shim(&self, keeps_undo: bool) -> Result<Shim<'_>, Failure> {
        let library = self.library.as_deref().ok_or_else(|| Failure::CouldNot("there is no shim".to_owned()))?;
        Ok(Shim { library, control: &self.control, undo: keeps_undo.then_some(self.undo.as_path()) })
    }

    /// The folder that holds everything, but data that lies in another.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is, for whoever looks into a finding.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
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

/// An address that nobody listens on, below the ports that the system gives to connections: to such a one, a connection to a server
/// that is gone may connect to itself.
fn free_address() -> Result<SocketAddr, Failure> {
    let first = u16::try_from(std::process::id() % 10_000).unwrap_or(0);
    let addresses = (0..10_000).map(|step| SocketAddr::from(([127, 0, 0, 1], 20_000 + (first + step) % 10_000)));
    let mut free = addresses.filter(|address| TcpListener::bind(address).is_ok());
    free.next().ok_or_else(|| Failure::CouldNot("there is no free port from 20000 to 29999".to_owned()))
}

fn created(answer: Answer) -> Result<Answer, Failure> {
    if answer.status == 201 { Ok(answer) } else { Err(Failure::CouldNot(format!("setting up: {}", answer.words()))) }
}

fn client_of(answer: &Answer) -> Result<(String, String), Failure> {
    answer.text("client_id").zip(answer.text("client_secret")).ok_or_else(|| Failure::CouldNot("a client without a secret".to_owned()))
}
