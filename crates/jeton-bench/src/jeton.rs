//! The measured `jeton`: a data folder, a server on it, and its command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::affinity::Cores;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::http::{Template, exchange_on_socket, get};
use crate::process;
use crate::server::{Server, free_address};

/// Every start has a port of its own, and one data folder is one issuer.
pub(crate) const ISSUER: &str = "https://tokens.example";

/// How an identity of age begins.
const IDENTITY: &str = "AGE-SECRET-KEY-";

/// What tells that a server is ready.
const READY: &str = "/readyz";

/// What the log says once keys and secrets were gone over for the first time, some seconds after a start.
pub(crate) const PASSED: &str = "credentials were gone over";

/// A server is looked at so often while it comes to rest, has come to it after so many looks in a row, and is waited for at most so long.
const LOOK: Duration = Duration::from_millis(200);
const CALM: u32 = 4;
const REST: Duration = Duration::from_secs(60);

/// A data folder of `jeton` with a server on it, or none between two.
pub(crate) struct Jeton {
    program: PathBuf,
    folder: PathBuf,
    cores: Cores,
    server: Option<Server>,
}

/// The counters of group commit since the server's start.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Counters {
    commits: u64,
    groups: u64,
    /// Expired credentials that were removed since the server's start; absent where the server does not count them.
    pub(crate) expired_rows_removed: Option<u64>,
    /// Tokens that negatives name: all of them are in memory.
    #[serde(default)]
    pub(crate) tokens_named: u64,
}

impl Counters {
    /// Commits per fsync since `before`; `None` when there was no fsync.
    pub(crate) fn mean_group_since(self, before: Self) -> Option<f64> {
        let groups = self.groups.checked_sub(before.groups).filter(|groups| *groups > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "counts of commits lie far below 2^52")]
        Some(self.commits.saturating_sub(before.commits) as f64 / groups as f64)
    }
}

/// How long a fresh store may take until its backup is there.
const SETTLED: Duration = Duration::from_secs(600);

/// How backups stand, as far as it matters here.
#[derive(Deserialize)]
struct BackupsShown {
    shipped: u64,
    size: u64,
    snapshots: Vec<IgnoredAny>,
}

impl Jeton {
    /// Makes a new data folder within `folder`, which must be empty.
    pub(crate) fn init(program: &Path, folder: PathBuf, cores: Cores) -> Result<Self, Failure> {
        if !program.is_file() {
            return Err(Failure::new(format!(
                "there is no {}: build it with `cargo build --release --locked -p jeton`",
                program.display()
            )));
        }
        let jeton = Self { program: program.to_path_buf(), folder, cores, server: None };
        let said = finish(
            jeton
                .command(&["init"])
                .arg("--data")
                .arg(jeton.data())
                .arg("--root-key-file")
                .arg(jeton.root_key_file())
                .args(["--issuer", ISSUER]),
        )?;
        // The identity that opens its backups is shown this once.
        let identity = String::from_utf8_lossy(&said).split_whitespace().find(|word| word.starts_with(IDENTITY)).map(str::to_owned);
        fs::write(jeton.identity_file(), identity.unwrap_or_default()).doing("keeping the recovery identity")?;
        Ok(jeton)
    }

    /// Puts lines before those of its configuration; for its next start.
    pub(crate) fn configure(&self, lines: &str) -> Result<(), Failure> {
        let file = self.data().join("jeton.toml");
        let known = fs::read_to_string(&file).doing(&format!("reading {}", file.display()))?;
        fs::write(&file, format!("{lines}{known}")).doing(&format!("writing {}", file.display()))
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The file of root keys that opens the data folder.
    pub(crate) fn root_key_file(&self) -> PathBuf {
        self.folder.join("root.key")
    }

    fn identity_file(&self) -> PathBuf {
        self.folder.join("recovery.key")
    }

    /// Restores the newest backup into a folder of this name, which goes again.
    pub(crate) fn restore(&self, folder: &str) -> Result<(), Failure> {
        let made = self.folder.join(folder);
        let mut command = self.command(&["backup", "restore", "--from"]);
        command.arg(self.data().with_extension("backups")).arg("--identity").arg(self.identity_file());
        command.arg("--root-key-file").arg(self.root_key_file()).arg("--data").arg(&made);
        finish(&mut command)?;
        fs::remove_dir_all(&made).doing("taking away what was restored")
    }

    /// Starts a server, and gives the time from its start to its first good answer.
    pub(crate) fn start(&mut self) -> Result<Duration, Failure> {
        let address = free_address()?;
        let mut command = self.command(&["serve"]);
        command.arg("--data").arg(self.data()).arg("--listen").arg(address.to_string());
        let (server, time) = Server::at(&mut command, address, READY, self.cores, &self.folder.join("serve.log"))?;
        self.server = Some(server);
        self.settle()?;
        Ok(time)
    }

    /// Waits until the server has nothing left to do of its own: for what a start and the row before left behind, a row would pay.
    pub(crate) fn rest(&self) -> Result<(), Failure> {
        let (process, began, mut calm) = (self.server()?.process(), clock::now(), 0);
        let mut before = process::processor_time(process)?;
        while calm < CALM && began.elapsed() < REST {
            clock::pause(LOOK);
            let now = process::processor_time(process)?;
            let is_calm = now.saturating_sub(before) < LOOK / 50 && self.log().contains(PASSED);
            calm = if is_calm { calm + 1 } else { 0 };
            before = now;
        }
        Ok(())
    }

    /// Waits until the first snapshot is made and the tail is shipped: of a store that was filled beside the server both take their time, on
    /// the core that is measured.
    fn settle(&self) -> Result<(), Failure> {
        let began = clock::now();
        loop {
            // A server without a target has nothing to settle.
            let Ok(answer) = self.ask("/api/v1/backups") else { return Ok(()) };
            let shown: BackupsShown = serde_json::from_slice(&answer).doing("reading how backups stand")?;
            if shown.shipped >= shown.size && !shown.snapshots.is_empty() {
                return Ok(());
            }
            if began.elapsed() > SETTLED {
                return Err(Failure::new("the backup of a fresh store is not there after ten minutes"));
            }
            clock::pause(Duration::from_millis(50));
        }
    }

    /// Ends the server gracefully, if one runs.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        self.server.take().map_or(Ok(()), Server::end)
    }

    pub(crate) fn server(&self) -> Result<&Server, Failure> {
        self.server.as_ref().ok_or_else(|| Failure::new("jeton does not run"))
    }

    /// Runs a command of the administrator, as on the server's machine, and gives its JSON.
    pub(crate) fn administer(&self, words: &[&str]) -> Result<Value, Failure> {
        let output = finish(self.command(words).arg("--data").arg(self.data()).arg("--json"))?;
        serde_json::from_slice(&output).doing(&format!("reading what `jeton {}` printed", words.join(" ")))
    }

    /// Runs `work` so that the threads it starts lie on the server's core.
    pub(crate) fn on_server<T>(&self, work: impl FnOnce() -> T) -> Result<T, Failure> {
        self.cores.on_server(work)
    }

    /// The counters of group commit.
    pub(crate) fn counters(&self) -> Result<Counters, Failure> {
        serde_json::from_slice(&self.ask("/api/v1/statistics")?).doing("reading the statistics")
    }

    /// What the administrator's socket answers to a GET of `path`.
    pub(crate) fn ask(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let (status, body) = exchange_on_socket(&self.data().join("jeton.sock"), &get(path))?;
        if status == 200 { Ok(body) } else { Err(Failure::new(format!("{path} answered {status}"))) }
    }

    /// What the administrator's socket answers to a POST of this JSON to `path`.
    pub(crate) fn tell(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = Template::post(path, "application/json", &[]).with(&body.to_string());
        let (status, answer) = exchange_on_socket(&self.data().join("jeton.sock"), &request)?;
        if !(200..300).contains(&status) {
            return Err(Failure::new(format!("{path} answered {status}: {}", String::from_utf8_lossy(&answer))));
        }
        serde_json::from_slice(&answer).doing("reading an answer")
    }

    /// What the server has logged since its start.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JETON_")) {
            command.env_remove(name);
        }
        command.args(words).current_dir(&self.folder).env("JETON_ROOT_KEY_FILE", self.root_key_file());
        command
    }
}

impl Drop for Jeton {
    /// Ten million tokens take gigabytes: nothing stays behind.
    fn drop(&mut self) {
        self.server = None;
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Runs a command to its end and gives what it printed.
fn finish(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let output = command.stdin(Stdio::null()).output().doing("starting jeton")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`jeton {}` ended with {}: {}", words.join(" "), output.status, errors.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_between_two_readings() {
        let counters = |text: &str| serde_json::from_str::<Counters>(text).expect(text);
        let before = counters(r#"{"commits":100,"groups":10,"more":1}"#);
        assert_eq!(counters(r#"{"commits":500,"groups":20}"#).mean_group_since(before), Some(40.0));
        assert_eq!(before.mean_group_since(before), None);
    }
}
