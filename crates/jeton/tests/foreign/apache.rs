//! Debian's Apache with mod_auth_openidc: people sign in to its pages, and tokens that it gets open what it guards as an API.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::place::{Place, free_port};
use crate::visitor::{Led, Visitor};

const PROGRAM: &str = "/usr/sbin/apache2";

/// A running Apache.
pub(crate) struct Apache {
    process: Child,
    home: String,
}

impl Drop for Apache {
    fn drop(&mut self) {
        // Its children end with it.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

impl Apache {
    /// Begins one that is an application of this place.
    pub(crate) fn serve(place: &Place) -> Apache {
        let home = format!("http://127.0.0.1:{}", free_port());
        let settings = place.application("apache", &format!("{home}/callback"));
        fs::create_dir_all(place.path("www/api")).unwrap();
        fs::write(place.path("www/index.html"), "hello").unwrap();
        fs::write(place.path("www/api/orders"), "orders").unwrap();
        // It serves as somebody who may do nothing else.
        fs::set_permissions(place.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        let setting = |name: &str| settings.get(name).and_then(Value::as_str).unwrap();
        let text = include_str!("apache.conf")
            .replace("FOLDER", &place.folder().display().to_string())
            .replace("PORT", home.rsplit(':').next().unwrap())
            .replace("ISSUER", setting("issuer"))
            .replace("CLIENT_ID", setting("client_id"))
            .replace("CLIENT_SECRET", setting("client_secret"))
            .replace("SCOPE", setting("scope"));
        fs::write(place.path("apache.conf"), text).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["-D", "FOREGROUND", "-f"]).arg(place.path("apache.conf"));
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let started = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push(line);
            said.last().is_some_and(|line| line.contains("resuming normal operations"))
        });
        // Read on, so that the log never fills its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let apache = Apache { process, home };
        assert!(started, "Apache did not start: {said:?}");
        apache
    }

    /// What is there to be read at a path by somebody who signed in.
    pub(crate) fn read(&self, visitor: &Visitor<'_>, path: &str) -> String {
        match visitor.walk(&format!("{}{path}", self.home), None) {
            Led::Page(page) => page.answer.text(),
            Led::To(address) => panic!("it led to {address}"),
        }
    }

    /// What it keeps of a session: the tokens, and who it is.
    pub(crate) fn session(&self, visitor: &Visitor<'_>, more: &str) -> Value {
        serde_json::from_str(&self.read(visitor, &format!("/callback?info=json{more}"))).unwrap()
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, visitor: &Visitor<'_>) {
        assert!(matches!(visitor.ask(&format!("{}/callback?logout={}/index.html", self.home, self.home), None), Led::To(_)));
    }

    /// Whether a token opens the API.
    pub(crate) fn lets_in(&self, token: &str) -> bool {
        let output = Command::new("curl")
            .args(["--silent", "--header", &format!("Authorization: Bearer {token}"), &format!("{}/api/orders", self.home)])
            .output()
            .unwrap();
        output.stdout == b"orders"
    }
}
