//! A full disk: a small file system of its own, filled to the last block. Tokens are checked and revoked, none is issued, nothing is lost.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use jeton_simulate::chance::Chance;
use rustix::process::Signal;

use crate::check::{self, Thoroughness};
use crate::clock;
use crate::deployment::{Deployment, OPAQUE};
use crate::failure::{Doing, Failure};
use crate::http::Connection;
use crate::journal::{Acknowledged, Fate, Holder};
use crate::load;
use crate::secret_search;
use crate::server::Server;
use crate::tally::Tally;

/// The size of the file system: the log and the reserve take half of it.
const SIZE_MIB: u64 = 192;
/// How long the server may take to find room again.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a process gets a mount namespace of its own, where it may mount a file system that nobody else sees.
pub(crate) struct WayApart(&'static [&'static str]);

/// Finds the way that works here: as a user who is root only there, else as the root that this process is.
pub(crate) fn way_apart() -> Result<WayApart, Failure> {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut said = vec![];
    for words in [&["--user", "--map-root-user", "--mount"][..], &["--mount"]] {
        let mut command = Command::new("unshare");
        command.args(words).args(["--", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path());
        let output = command.output().doing("starting `unshare` (util-linux)")?;
        if output.status.success() {
            return Ok(WayApart(words));
        }
        said.push(format!("`unshare {}`: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()));
    }
    Err(Failure::CouldNot(format!("mounting a small file system: {}", said.join("; "))))
}

impl WayApart {
    /// One round in a process of its own.
    pub(crate) fn round(&self, program: &Path, seed: u64, revocations: u64) -> Result<Tally, Failure> {
        let me = std::env::current_exe().doing("looking for this program")?;
        let mut command = Command::new("unshare");
        command.args(self.0).arg("--").arg(me).arg("--program").arg(program).arg("--inside");
        command.args(["--seed", &seed.to_string(), "--revocations", &revocations.to_string()]);
        let output = command.output().doing("starting `unshare` (util-linux)")?;
        let (words, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if let Some(tally) = words.lines().find_map(Tally::parse).filter(|_| output.status.success()) {
            return Ok(tally);
        }
        let said = format!("full, seed {seed}: {}", format!("{words}{errors}").replace("found: ", "").trim());
        if output.status.code() == Some(1) { Err(Failure::Finding(said)) } else { Err(Failure::CouldNot(said)) }
    }
}

/// One round, on a file system that is mounted for it.
pub(crate) fn round(program: &Path, chance: &mut Chance, revocations: u64) -> Result<Tally, Failure> {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mounted = Mounted::new(folder.path())?;
    let mut tally = Tally { rounds: 1, ..Tally::default() };
    let mut deployment = Deployment::new(program, None, Some(&mounted.0))?;
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    deployment.declare()?;
    issue_enough(&mut deployment, chance, revocations + 500, &mut tally)?;
    let filler = mounted.0.join("filler");
    fill(&filler).doing("filling the disk")?;
    until_refused(&mut deployment)?;
    let revoked = revoke_many(&mut deployment, revocations, &mut tally)?;
    if revoked < revocations {
        return Err(Failure::CouldNot(format!("there were only {revoked} tokens to revoke")));
    }
    tally.looked(check::all(&mut deployment, Thoroughness::All)?);
    let server = kill_under_traffic(&mut deployment, server, chance, &mut tally)?;
    revoke_many(&mut deployment, 50, &mut tally)?;
    fs::remove_file(&filler).doing("making room")?;
    until_issued(&deployment)?;
    let server = kill_under_traffic(&mut deployment, server, chance, &mut tally)?;
    server.signal(Signal::ABORT)?;
    server.ended()?;
    tally.searched(secret_search::search(&deployment)?);
    Ok(tally)
}

/// Kills the server in the midst of traffic, of which a full disk lets revocations through, and starts it again.
fn kill_under_traffic(deployment: &mut Deployment, server: Server, chance: &mut Chance, tally: &mut Tally) -> Result<Server, Failure> {
    let (target, moment) = (chance.below(100), Duration::from_micros(chance.below(3_000)));
    let acknowledged = load::run(deployment, chance, |progress| {
        progress.reach(target)?;
        clock::pause(moment);
        server.kill()
    })?;
    tally.acknowledged(acknowledged);
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    tally.looked(check::all(deployment, Thoroughness::All)?);
    Ok(server)
}

/// A file system in memory, until it is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn new(path: &Path) -> Result<Mounted, Failure> {
        let size = format!("size={SIZE_MIB}m,mode=0700");
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).status().doing("starting `mount`")?;
        if status.success() { Ok(Mounted(path.to_owned())) } else { Err(Failure::CouldNot("a file system could not be mounted".into())) }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // It goes with the namespace at the latest.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn issue_enough(deployment: &mut Deployment, chance: &mut Chance, tokens: u64, tally: &mut Tally) -> Result<(), Failure> {
    while living(deployment) < tokens {
        let acknowledged = load::run_issuing(deployment, chance, tokens)?;
        tally.acknowledged(acknowledged);
    }
    Ok(())
}

fn living(deployment: &Deployment) -> u64 {
    let lives = |holder: &Holder| holder.tokens.iter().filter(|token| token.fate == Fate::Live).count() as u64;
    deployment.holders.iter().map(lives).sum()
}

/// Writes until nothing more fits, in ever smaller pieces.
fn fill(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let zeros = vec![0; 1 << 20];
    for piece in [1 << 20, 1 << 16, 1 << 12, 1 << 9] {
        loop {
            match file.write(zeros.get(..piece).unwrap_or_default()) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Issues until the server says that the disk is full: the log has room for a while.
fn until_refused(deployment: &mut Deployment) -> Result<(), Failure> {
    let address = deployment.place.address;
    let holder = deployment.holders.first_mut().ok_or_else(|| Failure::CouldNot("nobody holds tokens".to_owned()))?;
    let mut connection = Connection::tcp(address).doing("connecting")?;
    for _ in 0..200_000 {
        let answer = issue(&mut connection, holder).doing("issuing on a full disk")?;
        match (answer.status, answer.text("access_token")) {
            (200, Some(text)) => holder.issued(text),
            (503, _) => return Ok(()),
            _ => return Err(Failure::finding(format!("an issue on a full disk answers {}", answer.words()))),
        }
    }
    Err(Failure::finding("the disk is full, and tokens are issued all the same"))
}

fn issue(connection: &mut Connection, holder: &Holder) -> io::Result<crate::http::Answer> {
    let form = format!("grant_type=client_credentials&resource={OPAQUE}");
    connection.post_form("/oauth/token", (&holder.client, &holder.secret), &form)
}

/// Revokes so many tokens, where there are so many; each must be answered with 200.
fn revoke_many(deployment: &mut Deployment, count: u64, tally: &mut Tally) -> Result<u64, Failure> {
    let (address, share) = (deployment.place.address, count.div_ceil(deployment.holders.len() as u64));
    let results: Vec<Result<u64, Failure>> = thread::scope(|scope| {
        let revoking: Vec<_> =
            deployment.holders.iter_mut().map(|holder| scope.spawn(move || revoke_share(holder, address, share))).collect();
        revoking.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(Failure::CouldNot("revoking".to_owned())))).collect()
    });
    let mut revoked = 0;
    for result in results {
        revoked += result?;
    }
    tally.acknowledged(Acknowledged { issued: 0, revoked });
    Ok(revoked)
}

fn revoke_share(holder: &mut Holder, address: std::net::SocketAddr, share: u64) -> Result<u64, Failure> {
    let mut connection = Connection::tcp(address).doing("connecting")?;
    let mut revoked = 0;
    for place in 0..holder.tokens.len() {
        let Some(text) = holder.tokens.get(place).filter(|token| token.fate == Fate::Live).map(|token| token.text.clone()) else {
            continue;
        };
        if revoked == share {
            break;
        }
        let answer = connection.post_form("/oauth/revoke", (&holder.client, &holder.secret), &format!("token={text}")).doing("revoking")?;
        if answer.status != 200 {
            return Err(Failure::finding(format!("on a full disk revocation {revoked} of a client answers {}", answer.words())));
        }
        holder.set(place, Fate::Dead);
        revoked += 1;
    }
    Ok(revoked)
}

/// Waits until tokens are issued again.
fn until_issued(deployment: &Deployment) -> Result<(), Failure> {
    let holder = deployment.holders.first().ok_or_else(|| Failure::CouldNot("nobody holds tokens".to_owned()))?;
    let mut connection = Connection::tcp(deployment.place.address).doing("connecting")?;
    let start = clock::now();
    while start.elapsed() < PATIENCE {
        if issue(&mut connection, holder).doing("issuing once there is room")?.status == 200 {
            return Ok(());
        }
        clock::pause(Duration::from_millis(50));
    }
    Err(Failure::finding("there is room again, and no token is issued"))
}
