//! When a deployment ends: data folder, logs and whatever a crash left behind hold no secret of it.

use std::fs;
use std::path::Path;

use jeton_core::id::KeyId;
use jeton_core::key::SigningKeyRecord;
use jeton_core::root_key::RootKeys;
use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::failure::{Doing, Failure};
use crate::secrets::Secrets;

/// What was searched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Searched {
    /// How many secrets were searched for.
    pub(crate) secrets: usize,
    /// In how many bytes.
    pub(crate) bytes: u64,
}

/// Searches everything that a deployment left behind, whose server has ended: data, logs, a core, whatever else came where it ran. Only
/// the root file is a secret by itself. A secret that is put there must be found: a search that finds nothing could be one that cannot.
pub(crate) fn search(deployment: &Deployment) -> Result<Searched, Failure> {
    if deployment.holders.is_empty() {
        // Nobody was told anything yet.
        return Ok(Searched::default());
    }
    let secrets = secrets_of(deployment)?;
    let planted = deployment.place.data.join("planted");
    fs::write(&planted, format!("before {} after", deployment.watcher.1)).doing("planting a secret")?;
    let leaves_out = |path: &Path| path == deployment.place.root_key_file;
    let (mut found, mut bytes) = (vec![], 0);
    let (folder, data) = (deployment.folder(), deployment.place.data.as_path());
    for path in [Some(folder), Some(data).filter(|data| !data.starts_with(folder))].into_iter().flatten() {
        bytes += secrets.search(path, &leaves_out, &mut found).doing("searching")?;
    }
    fs::remove_file(&planted).doing("removing a planted secret")?;
    let others: Vec<_> = found.iter().filter(|found| found.path != planted).collect();
    match others.as_slice() {
        _ if found.len() == others.len() => Err(Failure::CouldNot("a planted secret was not found".to_owned())),
        [] => Ok(Searched { secrets: secrets.count(), bytes }),
        [first, ..] => Err(Failure::finding(format!(
            "{} places hold a secret; the first is a {} in {} at byte {}",
            others.len(),
            first.name,
            first.path.display(),
            first.offset
        ))),
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
