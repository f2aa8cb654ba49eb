//! Somebody else's client in a process of its own: it says where a person is to go, is told where they came back to, and says what it did.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::{CALLBACK, Place};
use crate::visitor::{Led, Visitor};

/// A program and what stands after its name.
pub(crate) struct Program {
    name: OsString,
    arguments: Vec<PathBuf>,
}

impl Program {
    pub(crate) fn new(name: impl Into<OsString>, arguments: &[PathBuf]) -> Program {
        Program { name: name.into(), arguments: arguments.to_vec() }
    }

    /// Runs it with settings; each `open ADDRESS` that it prints is visited by `ada`, who allows what is asked and says where that led. What it did,
    /// in order.
    pub(crate) fn run(&self, place: &Place, settings: &Value) -> Vec<String> {
        fs::write(place.path("settings.json"), settings.to_string()).unwrap();
        let mut command = Command::new(&self.name);
        command.args(&self.arguments).current_dir(place.folder());
        for variable in ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
            command.env(variable, place.authority());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut error = child.stderr.take().unwrap();
        // Beside it, so that neither waits for the other.
        let error = std::thread::spawn(move || {
            let mut said = String::new();
            let _ = error.read_to_string(&mut said);
            said
        });
        let mut did = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(address) = line.strip_prefix("open ") {
                let back = match Visitor::new(place, "ada").walk(address, Some(CALLBACK)) {
                    Led::To(address) => address,
                    Led::Page(page) => page.address,
                };
                input.write_all(format!("{back}\n").as_bytes()).unwrap();
            } else if let Some(step) = line.strip_prefix("did ") {
                did.push(step.to_owned());
            } else {
                println!("{line}");
            }
        }
        let (status, error) = (child.wait().unwrap(), error.join().unwrap());
        assert!(status.success(), "after {did:?}: {error}");
        did
    }
}
