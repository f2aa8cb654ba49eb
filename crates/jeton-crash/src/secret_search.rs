//! After a busy run: data folder, logs and whatever a crash leaves behind hold no secret of it.

use std::fs;
use std::path::Path;

use jeton_core::id::KeyId;
use jeton_core::key::SigningKeyRecord;
use jeton_core::root_key::RootKeys;
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use zeroize::Zeroizing;

use crate::check::{self, Thoroughness};
use crate::deployment::Deployment;
use crate::failure::{Doing, Failure};
use crate::round::Campaign;
use crate::secrets::Secrets;
use crate::tally::Tally;

/// What was searched.
pub(crate) struct Searched {
    /// How many secrets were searched for.
    pub(crate) secrets: usize,
    /// In how many bytes.
    pub(crate) bytes: u64,
}

/// Traffic, then an abort, then the search.
pub(crate) fn search(campaign: &mut Campaign) -> Result<Searched, Failure> {
    campaign.running()?;
    campaign.traffic_of(400, &mut Tally::default())?;
    check::all(campaign.running()?, Thoroughness::Fresh)?;
    let server = campaign.take_server().ok_or_else(|| Failure::CouldNot("no server runs".to_owned()))?;
    server.signal(Signal::ABORT)?;
    server.ended()?;
    let deployment = campaign.deployment();
    let secrets = secrets_of(deployment)?;
    let folder = deployment.place.log.parent().unwrap_or(Path::new("/"));
    let leaves_out = |path: &Path| path == deployment.place.root_key_file;
    let mut found = vec![];
    plant(&secrets, deployment, &leaves_out)?;
    // Everything: data, logs, a core, whatever else the server left where it ran; only the root file is a secret by itself.
    let bytes = secrets.search(folder, &leaves_out, &mut found).doing("searching")?;
    match found.as_slice() {
        [] => Ok(Searched { secrets: secrets.count(), bytes }),
        [first, ..] => Err(Failure::finding(format!(
            "{} places hold a secret; the first is a {} in {} at byte {}",
            found.len(),
            first.name,
            first.path.display(),
            first.offset
        ))),
    }
}

/// A secret that is put there is found: a search that finds nothing could be one that cannot.
fn plant(secrets: &Secrets, deployment: &Deployment, leaves_out: &dyn Fn(&Path) -> bool) -> Result<(), Failure> {
    let planted = deployment.place.data.join("planted");
    fs::write(&planted, format!("before {} after", deployment.watcher.1)).doing("planting a secret")?;
    let mut found = vec![];
    secrets.search(&deployment.place.data, leaves_out, &mut found).doing("searching")?;
    fs::remove_file(&planted).doing("removing a planted secret")?;
    if found.iter().any(|found| found.path == planted) {
        Ok(())
    } else {
        Err(Failure::CouldNot("a planted secret was not found".to_owned()))
    }
}

fn secrets_of(deployment: &Deployment) -> Result<Secrets, Failure> {
    let mut secrets = Secrets::default();
    for holder in &deployment.holders {
        secrets.add("client secret", holder.secret.as_bytes());
        for token in &holder.tokens {
            match token.text.rsplit_once('.') {
                Some((_, signature)) => secrets.add("signature of a token", signature.as_bytes()),
                None => secrets.add("opaque token", token.text.as_bytes()),
            }
        }
    }
    secrets.add("client secret", deployment.watcher.1.as_bytes());
    let epochs = epochs(&deployment.place.root_key_file)?;
    for (_, epoch) in &epochs {
        secrets.add("root key", epoch.as_slice());
    }
    for private in private_keys(&deployment.place.data, epochs)? {
        secrets.add("private key", &private);
    }
    Ok(secrets)
}

/// An epoch of the root key: its number and its secret.
type Epoch = (u16, Zeroizing<[u8; 32]>);

/// The epochs of a root file: a number and base64url of 32 bytes on each line that is no comment.
fn epochs(path: &Path) -> Result<Vec<Epoch>, Failure> {
    use base64::Engine as _;
    let text = fs::read_to_string(path).doing("reading the root file")?;
    let epoch = |line: &str| {
        let (number, secret) = line.split_once(' ')?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(secret.trim()).ok()?;
        Some((number.parse().ok()?, Zeroizing::new(bytes.try_into().ok()?)))
    };
    let epochs: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).filter_map(epoch).collect();
    if epochs.is_empty() { Err(Failure::CouldNot("the root file holds no epoch that could be read".to_owned())) } else { Ok(epochs) }
}

/// The private keys, opened, as nobody but the server should be able to.
fn private_keys(data: &Path, epochs: Vec<Epoch>) -> Result<Vec<Vec<u8>>, Failure> {
    let root_keys = RootKeys::new(epochs).doing("deriving keys")?;
    let connection = Connection::open_with_flags(data.join("jeton.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).doing("opening the database")?;
    let mut statement =
        connection.prepare("SELECT id, epoch, sealed FROM signing_key WHERE sealed IS NOT NULL").doing("reading the signing keys")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u16>(1)?, row.get::<_, Vec<u8>>(2)?)));
    let mut keys = vec![];
    for row in rows.doing("reading the signing keys")? {
        let (id, epoch, sealed) = row.doing("reading a signing key")?;
        let root_key = root_keys.epoch(epoch).ok_or_else(|| Failure::CouldNot("a key of an unknown epoch".to_owned()))?;
        let context = SigningKeyRecord::seal_context(&KeyId::from(id.as_str()));
        keys.push(root_key.open(&sealed, &context).doing("opening a signing key")?.to_vec());
    }
    if keys.is_empty() { Err(Failure::CouldNot("there is no signing key".to_owned())) } else { Ok(keys) }
}
