//! Whether what lies at the place of the target is the target: where nothing is mounted there is an empty folder, and what is put there is
//! seen by nobody. And which target it is: the one that was told last is told first that another takes its place.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jeton_backup::failure::Failure;
use jeton_backup::mark::{Whose, leave, number_it, whose};
use jeton_backup::names::TAIL;
use jeton_backup::restore::segments;
use jeton_core::root_key::RootKeys;
use jeton_service::Service;
use jeton_token::TokenId;

use super::leaving::Leaving;
use super::told_last::{NOWHERE, Told, Word, absolute, read_or_say, remember};
use super::{Backups, drill_identity, keys};
use crate::config::Config;

impl Backups {
    /// Refuses a place that is another deployment's, that was begun and has lost everything that shows so, or that has another target than
    /// this process ships to. The target that was told last has heard of this one then.
    pub(super) async fn look_whose(&self) -> Result<(), Failure> {
        let number = self.number_there().await?;
        let mut begun = self.begun.lock().await;
        match &*begun {
            Some(begun) if *begun == number => return Ok(()),
            Some(_) => {
                return Err(Failure::Refused(format!(
                    "{} is another backup target of this deployment than the one that this server ships to: put that one back, or stop the \
                     server and start it again",
                    self.shown()
                )));
            }
            None => {}
        }
        let told = self.told(&number, Word::Final);
        self.leaving().to(&told).await?;
        // Before its end says anything.
        self.remember(&told)?;
        self.is_target_new.store(false, Ordering::Relaxed);
        *begun = Some(number);
        Ok(())
    }

    /// The same where it costs nothing: of a folder before each use.
    pub(super) async fn look_whose_folder(&self) -> Result<(), Failure> {
        if self.settings.is_folder() { self.look_whose().await } else { Ok(()) }
    }

    /// What the end of a target that is taken away at times says of what comes after it is nothing, from now on.
    pub(super) async fn is_silent_from_now(&self) -> Result<(), Failure> {
        match &*self.begun.lock().await {
            Some(number) if self.settings.rotates => self.remember(&self.told(number, Word::Silent)),
            _ => Ok(()),
        }
    }

    /// The operator says that what lies at the place of the target is another one than before.
    pub(crate) fn begin_target_anew(&self) {
        self.is_target_new.store(true, Ordering::Relaxed);
    }

    /// The number of the target that lies there; it gets one where it has none.
    async fn number_there(&self) -> Result<String, Failure> {
        let (issuer, shown) = (self.service.issuer().as_str(), self.shown());
        match whose(&self.target, issuer).await? {
            Whose::Ours(Some(number)) => Ok(number),
            // An older program began it.
            Whose::Ours(None) => {
                let number = self.drawn();
                number_it(&self.target, &number).await?;
                Ok(number)
            }
            Whose::Others(other) => Err(Failure::Refused(format!(
                "{shown} is the backup target of {other}: name another as `backup_target`, or another prefix of the bucket"
            ))),
            Whose::Nobodys => {
                // Whoever removed the mark alone left the tail, and it is the target that it was.
                let before = self.known_here()?;
                let is_there = match &before {
                    // This folder was made of what is there, and has put nothing yet.
                    Some(Told { word: Word::MadeOfIt, .. }) => !self.target.folders(TAIL).await?.is_empty(),
                    _ => !segments(&self.target, self.service.store().head().incarnation).await?.is_empty(),
                };
                if !is_there && before.is_some() && !self.is_target_new.load(Ordering::Relaxed) {
                    return Err(Failure::Refused(format!(
                        "{shown} was begun as the backup target of this folder, and nothing of that is there: is it mounted? If it is to be \
                         begun anew, start once with `jeton serve --new-backup-target`"
                    )));
                }
                let number = before.filter(|_| is_there).and_then(|told| told.number).unwrap_or_else(|| self.drawn());
                leave(&self.target, issuer, &number, self.service.moments().time()).await?;
                Ok(number)
            }
        }
    }

    /// The target that lay at this place last.
    fn known_here(&self) -> Result<Option<Told>, Failure> {
        let place = absolute(self.shown());
        let all = read_or_say(&self.data).map_err(Failure::Refused)?;
        Ok(all.into_iter().rfind(|told| told.place == place))
    }

    fn drawn(&self) -> String {
        TokenId::from_bytes(self.service.moments().now().draw()).to_string()
    }

    fn told(&self, number: &str, word: Word) -> Told {
        Told { place: absolute(self.shown()), number: Some(number.to_owned()), word }
    }

    fn remember(&self, told: &Told) -> Result<(), Failure> {
        remember(&self.data, told).map_err(|error| {
            Failure::Refused(format!("which backup target was told last cannot be written to {}: {error}", self.data.display()))
        })
    }

    fn leaving(&self) -> Leaving<'_> {
        Leaving {
            data: &self.data,
            service: &self.service,
            sealing: self.sealing(),
            opening: self.opening(),
            access: &self.settings.access,
            is_agreed: self.is_target_new.load(Ordering::Relaxed),
        }
    }
}

/// What a server does that ships nowhere: the target that was told last hears so, as of another.
///
/// # Errors
/// In words for people: it does not hear, and nobody agreed.
pub(crate) async fn ship_nowhere(config: &Config, service: &Arc<Service>, is_agreed: bool) -> Result<(), String> {
    let (settings, root_keys): (_, RootKeys) = (&config.backup, (**service.registry().root_keys()).clone());
    let nowhere = Told { place: NOWHERE.to_owned(), number: None, word: Word::Silent };
    if read_or_say(&config.data)?.is_empty() {
        return Ok(());
    }
    let (identity, _) = drill_identity::of(&config.data, &root_keys, &mut service.moments().now())?;
    let (sealing, opening) = keys(settings, config.issuer.as_str(), identity, root_keys);
    let leaving = Leaving { data: &config.data, service, sealing, opening, access: &settings.access, is_agreed };
    leaving.to(&nowhere).await.map_err(|failure| failure.to_string())?;
    remember(&config.data, &nowhere).map_err(|error| format!("{} cannot be written: {error}", config.data.display()))
}

/// Refuses the trial of a folder that was served otherwise: the target that was told last would go on vouching for what comes now.
///
/// # Errors
/// In words for people.
pub(crate) fn check_trial(data: &Path) -> Result<(), String> {
    match read_or_say(data)?.pop() {
        Some(Told { word: Word::MadeOfIt, .. }) => Ok(()),
        _ => Err(format!(
            "{} was not made by `jeton backup restore`, or was served since: a trial would be missed by no restore of its backup\n  \u{2192} \
             serve it without --trial, or try a restore of its backup into another folder",
            data.display()
        )),
    }
}

/// Says of a folder that was made of a backup which target knows of the ledger, and hears nothing of it yet.
///
/// # Errors
/// In words for people.
pub(super) fn made_of(folder: &Path, place: &str, number: Option<String>) -> Result<(), String> {
    let told = Told { place: absolute(place), number, word: Word::MadeOfIt };
    remember(folder, &told).map_err(|error| format!("{} cannot be written: {error}", folder.display()))
}
