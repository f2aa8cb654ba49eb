//! A full disk: a small file system of its own, filled to the last block. Tokens are checked and revoked, none is issued, nothing is lost.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use jeton_simulate::chance::Chance;

use crate::check::{self, Thoroughness};
use crate::clock;
use crate::deployment::{Deployment, OPAQUE};
use crate::failure::{Doing, Failure};
use crate::http::Connection;
use crate::journal::{Acknowledged, Fate, Holder};
use crate::load;
use crate::tally::Tally;

/// The size of the file system: the log and the reserve take half of it.
const SIZE_MIB: u64 = 192;
/// How long the server may take to find room again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Rounds in a process of their own, which may mount a file system that nobody else sees.
pub(crate) fn rounds_apart(program: &Path, seed: u64, rounds: u64, revocations: u64) -> Result<Tally, Failure> {
    let me = std::env::current_exe().doing("looking for this program")?;
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "--"]).arg(me).arg("--program").arg(program);
    command.args(["--inside", "--fault", "full"]);
    command.args(["--seed", &seed.to_string(), "--rounds", &rounds.to_string(), "--revocations", &revocations.to_string()]);
    let output = command.output().doing("starting `unshare` (util-linux)")?;
    let (words, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if let Some(tally) = words.lines().find_map(Tally::parse).filter(|_| output.status.success()) {
        return Ok(tally);
    }
    let said = format!("{words}{errors}");
    if output.status.code() == Some(1) && said.contains("found: ") {
        Err(Failure::finding(said.replace("found: ", "").trim().to_owned()))
    } else {
        Err(Failure::CouldNot(format!("a round with a full disk, which needs a mount namespace of its own: {}", said.trim())))
    }
}

/// One round, on a file system that is mounted for it.
pub(crate) fn round(program: &Path, chance: &mut Chance, revocations: u64) -> Result<Tally, Failure> {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mounted = Mounted::new(folder.path())?;
    let mut tally = Tally { rounds: 1, ..Tally::default() };
    let mut deployment = Deployment::new(program, Some(&mounted.0))?;
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    deployment.declare()?;
    issue_enough(&mut deployment, chance, revocations + 500, &mut tally)?;
    let filler = mounted.0.join("filler");
    fill(&filler).doing("filling the disk")?;
    until_refused(&mut deployment)?;
    revoke_many(&mut deployment, revocations, &mut tally)?;
    tally.looked(check::all(&mut deployment, Thoroughness::All)?);
    server.kill()?;
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    tally.looked(check::all(&mut deployment, Thoroughness::All)?);
    revoke_many(&mut deployment, 50, &mut tally)?;
    fs::remove_file(&filler).doing("making room")?;
    until_issued(&deployment)?;
    server.kill()?;
    let mut server = deployment.place.start(None)?;
    tally.started(server.ready()?);
    tally.looked(check::all(&mut deployment, Thoroughness::All)?);
    server.kill()?;
    Ok(tally)
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

/// Revokes so many tokens; each must be answered with 200.
fn revoke_many(deployment: &mut Deployment, count: u64, tally: &mut Tally) -> Result<(), Failure> {
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
    if revoked < count { Err(Failure::CouldNot(format!("there were only {revoked} tokens to revoke"))) } else { Ok(()) }
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
