//! What the configuration says of backups.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_backup::identity::Recipient;
use jeton_backup::target::{Access, Target};

use crate::commands::duration;

/// Where backups go, when, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct BackupSettings {
    /// Where they go; `None`: nowhere.
    pub(crate) place: Option<BackupPlace>,
    /// Who can open them, beside the server itself.
    pub(crate) recipients: Vec<Recipient>,
    /// How often a snapshot is made, in seconds.
    pub(crate) every_seconds: i64,
    /// How long one is kept, in seconds.
    pub(crate) kept_seconds: i64,
    /// How often a drill is made, in seconds.
    pub(crate) drill_every_seconds: i64,
    /// Whether what takes authority away is answered only once the target has it.
    pub(crate) is_sync: bool,
    /// Whether other disks take its place at times: what its end says of what came after it is nothing then.
    pub(crate) rotates: bool,
    /// How a bucket is reached.
    pub(crate) access: Access,
    /// Whether this is a trial of a restored folder, of which nothing counts.
    pub(crate) is_trial: bool,
}

impl BackupSettings {
    /// Those of a trial: no target, whatever is named, and nothing is acknowledged by one.
    pub(crate) fn for_a_trial(&mut self) {
        (self.place, self.is_sync, self.is_trial) = (None, false, true);
    }
}

/// What the keys say, each as it stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    /// `backup_target`.
    pub(crate) target: Option<&'a str>,
    /// `backup_recipients`.
    pub(crate) recipients: &'a [String],
    /// `backup_every`.
    pub(crate) every: Option<&'a str>,
    /// `backup_kept`.
    pub(crate) kept: Option<&'a str>,
    /// `backup_drill_every`.
    pub(crate) drill_every: Option<&'a str>,
    /// `revocation_durability`.
    pub(crate) durability: Option<&'a str>,
    /// `backup_target_rotates`.
    pub(crate) rotates: Option<&'a str>,
    /// `backup_s3_endpoint`.
    pub(crate) endpoint: Option<&'a str>,
    /// `backup_s3_region`.
    pub(crate) region: Option<&'a str>,
    /// `backup_s3_access_key_id`.
    pub(crate) access_key_id: Option<&'a str>,
    /// `backup_s3_secret_file`.
    pub(crate) secret_file: Option<&'a Path>,
}

/// Where backups go.
#[derive(Clone, Debug)]
pub(crate) enum BackupPlace {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, and how it is reached.
    Bucket(String, Access),
}

/// How often a snapshot is made when nobody says.
pub(crate) const USUAL_EVERY: &str = "24h";

/// How long one is kept when nobody says.
pub(crate) const USUAL_KEPT: &str = "30d";

/// How often a drill is made when nobody says.
pub(crate) const USUAL_DRILL_EVERY: &str = "7d";

/// How long a target may say nothing before it is away.
const PATIENCE: Duration = Duration::from_secs(30);

impl BackupSettings {
    /// Reads the keys.
    ///
    /// # Errors
    /// In words for people: which key, what is wrong, what to write.
    pub(crate) fn of(said: &Said<'_>, data: &Path) -> Result<BackupSettings, String> {
        let recipients = said.recipients.iter();
        let recipients = recipients.map(|text| text.parse::<Recipient>().map_err(|problem| format!("`backup_recipients`: {problem}")));
        let is_sync = match said.durability {
            None | Some("local") => false,
            Some("sync") => true,
            Some(other) => return Err(format!("`revocation_durability` is `local` or `sync`, not `{other}`")),
        };
        let rotates = match said.rotates {
            None | Some("off") => false,
            Some("on") => true,
            Some(other) => return Err(format!("`backup_target_rotates` is `on` or `off`, not `{other}`")),
        };
        let length = |key: &str, said: Option<&str>, usual: &str, least: i64| {
            let text = said.unwrap_or(usual);
            let seconds = duration::seconds(text).map_err(|problem| format!("`{key}` is {text}: {problem}"))?;
            if seconds < least { Err(format!("`{key}` is {text}: it is {least} s at least")) } else { Ok(seconds) }
        };
        let place = place(said, data)?;
        if is_sync && place.is_none() {
            return Err("`revocation_durability` is `sync`, and `backup_target` is `none`: name a target".into());
        }
        Ok(BackupSettings {
            place,
            recipients: recipients.collect::<Result<_, _>>()?,
            every_seconds: length("backup_every", said.every, USUAL_EVERY, 60)?,
            kept_seconds: length("backup_kept", said.kept, USUAL_KEPT, 3_600)?,
            drill_every_seconds: length("backup_drill_every", said.drill_every, USUAL_DRILL_EVERY, 1)?,
            is_sync,
            rotates,
            access: access(said, data).unwrap_or_else(|_| Access::default().or_environment()),
            is_trial: false,
        })
    }

    /// Whether they go to a folder.
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.place, Some(BackupPlace::Folder(_)))
    }

    /// Whether backups lie on the disk that the data lies on; `None`: that is not known.
    pub(crate) fn is_on_the_same_disk(&self, data: &Path) -> Option<bool> {
        use std::os::unix::fs::MetadataExt as _;
        match self.place.as_ref()? {
            BackupPlace::Bucket(..) => Some(false),
            BackupPlace::Folder(folder) => Some(fs::metadata(folder).ok()?.dev() == fs::metadata(data).ok()?.dev()),
        }
    }
}

impl BackupPlace {
    /// The place as it is written.
    pub(crate) fn text(&self) -> String {
        match self {
            BackupPlace::Folder(folder) => folder.display().to_string(),
            BackupPlace::Bucket(address, _) => address.clone(),
        }
    }

    /// The place as what objects are put to.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) fn target(&self) -> Result<Target, String> {
        match self {
            BackupPlace::Folder(folder) => Target::folder(folder),
            BackupPlace::Bucket(address, access) => Target::bucket(address, access.clone(), PATIENCE),
        }
    }
}

/// The folder beside the data where backups go when nobody says: better than none, and no help when the disk is lost.
#[must_use]
pub(crate) fn default_folder(data: &Path) -> PathBuf {
    let mut name = data.file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_else(|| "jeton-data".into());
    name.push(".backups");
    data.with_file_name(name)
}

fn place(said: &Said<'_>, data: &Path) -> Result<Option<BackupPlace>, String> {
    let Some(text) = said.target else { return Ok(Some(BackupPlace::Folder(default_folder(data)))) };
    if text == "none" {
        return Ok(None);
    }
    let access = access(said, data)?;
    of_text(text, access, data).map(Some)
}

/// A place as it is written: a path, or `s3://bucket/prefix`.
///
/// # Errors
/// In words for people.
pub(crate) fn of_text(text: &str, access: Access, base: &Path) -> Result<BackupPlace, String> {
    if text.starts_with("s3://") {
        return Ok(BackupPlace::Bucket(text.into(), access));
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("a backup goes to a folder or to s3://bucket/prefix, not to `{scheme}://`"));
    }
    let folder = base.join(text);
    if folder.starts_with(base) && !Path::new(text).is_absolute() && !text.starts_with("..") {
        return Err(format!("the backups would lie in the data folder, {}: name a folder apart from it", folder.display()));
    }
    Ok(BackupPlace::Folder(folder))
}

/// How a bucket is reached: the keys of the file, or the variables that every S3 program knows.
fn access(said: &Said<'_>, data: &Path) -> Result<Access, String> {
    let secret = match said.secret_file {
        Some(path) => {
            let path = data.join(path);
            let text = fs::read_to_string(&path).map_err(|error| format!("`backup_s3_secret_file` {}: {error}", path.display()))?;
            Some(text.trim().to_owned())
        }
        None => None,
    };
    Ok(Access {
        access_key_id: said.access_key_id.map(str::to_owned),
        secret_access_key: secret,
        region: said.region.map(str::to_owned),
        endpoint: said.endpoint.map(str::to_owned),
    }
    .or_environment())
}
