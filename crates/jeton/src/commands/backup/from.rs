//! What a backup is read with where no server reads it: its place, and the identity that opens it.

use std::path::Path;

use jeton_backup::identity::Identity;
use jeton_backup::target::Access;
use jeton_token::TokenId;
use zeroize::Zeroizing;

use crate::apart::is_within;
use crate::backup_settings::{BackupPlace, of_text};
use crate::commands::failure::Failure;
use crate::commands::input;

/// The place that a text names, as it is seen from the working folder; it must be there, and not below `data`.
pub(super) fn place(text: &str, here: &Path, data: &Path) -> Result<BackupPlace, Failure> {
    let could_not = |sentence: String| Failure::could_not(sentence, "name the one that `jeton backup list` calls the target");
    // A name in the working folder is one of it, and none below a data folder.
    let absolute = if text.contains("://") { text.to_owned() } else { here.join(text).display().to_string() };
    let place = of_text(&absolute, Access::default().or_environment(), data).map_err(could_not)?;
    match &place {
        BackupPlace::Folder(folder) if !folder.is_dir() => Err(could_not(format!("{} is no folder", folder.display()))),
        _ => Ok(place),
    }
}

/// Refuses to make a store among the backups: they are sealed, and it is not.
pub(super) fn refuse_among(place: &BackupPlace, made: &Path) -> Result<(), Failure> {
    let BackupPlace::Folder(folder) = place else { return Ok(()) };
    let is_among = is_within(made, folder).map_err(|sentence| Failure::could_not(sentence, ""))?;
    if !is_among {
        return Ok(());
    }
    let sentence = format!("{} lies within {}: what the backups seal would lie among them in the clear", made.display(), folder.display());
    Err(Failure::could_not(sentence, "make it in another folder"))
}

/// An incarnation by its name, also as its folder below `tail` is called.
pub(super) fn incarnation(text: &str) -> Result<[u8; 16], String> {
    let name = text.strip_prefix("tail/").unwrap_or(text);
    let parsed = TokenId::parse(name).map(|id| id.to_bytes());
    parsed.map_err(|_| {
        "an incarnation is 32 hexadecimal digits: `lacks` of a restore names it, and each has a folder below `tail` of the target".into()
    })
}

/// Reads an identity file.
pub(super) fn read_identity(path: &Path) -> Result<Identity, Failure> {
    let text = Zeroizing::new(input::text(path, "the identity")?);
    let hint = "give the recovery identity that `jeton init` showed, in a file as age-keygen writes it";
    Identity::from_file_text(&text).map_err(|problem| Failure::could_not(format!("{}: {problem}", path.display()), hint))
}
