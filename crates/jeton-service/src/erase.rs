//! Erasing a person, over as many commits as it takes: what was begun is gone on with, by whoever asks again or by the next process.

mod copies;
mod found;
mod reasons;

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api::management::role_id;
use jeton_core::api_key;
use jeton_core::api_key::forget::{Beside, forget};
use jeton_core::commit::{Commit, Premise, Told};
use jeton_core::consent;
use jeton_core::event::CutOffSubject;
use jeton_core::grant;
use jeton_core::grant::of_person::{self, GrantOfPerson};
use jeton_core::id::{Actor, ApiKeyId, PersonId};
use jeton_core::identity;
use jeton_core::link;
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::passkey;
use jeton_core::password;
use jeton_core::permission::BuiltIn;
use jeton_core::person::Person;
use jeton_core::person::blank::Blank;
use jeton_core::person::disable::disable;
use jeton_core::person::erase::{ENTRIES_AT_A_TIME, Leaving, erase, erase_entries, erase_reasons, erase_sign_ins};
use jeton_core::person::erasing::{self, Erasing};
use jeton_core::person::mentions::Mentions;
use jeton_core::person::reasons::Reasons;
use jeton_core::record::{Key, Table, Value};
use jeton_core::refusal::Refusal;
use jeton_core::role::holder::Holder;
use jeton_core::schema::CHANGE;
use jeton_core::second_factor;
use jeton_core::session::{self, BY_PERSON, latest};
use jeton_store::store::Store;

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading, failure};

use copies::Copies;
use found::{BY_OWNER, Entries, OwnedKey, closed, of_owner, owned};
use reasons::{Naming, OfOthers};

/// What goes with a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// How many keys and personal access tokens.
    pub keys: u64,
    /// Out of how many groups they go.
    pub groups: u64,
    /// How many roles they hold themselves.
    pub roles: u64,
    /// How many entries of the ledger say nothing any more.
    pub entries: u64,
}

impl Service {
    /// What would go with a person.
    ///
    /// # Errors
    /// [`Failure`]: they may not be erased, or the engine cannot read.
    pub async fn plan_erasure(&self, name: &str, by: &Administrator) -> Result<(Person, Erasure), Failure> {
        let person = self.find_user(name)?.record.clone();
        self.check_may_go(by, &person)?;
        let leaving = self.leaving(&person);
        let (groups, roles) = (leaving.groups.len() as u64, leaving.roles.len() as u64);
        let mut erasure = Erasure { groups, roles, keys: owned(&self.store, &person.id, None).await?.len() as u64, entries: 0 };
        let mut entries = Entries::of(&self.store, Mentions::of(&person));
        while let Some(found) = entries.next(usize::MAX).await? {
            erasure.entries += found.len() as u64;
            self.check_goes_on()?;
        }
        Ok((person, erasure))
    }

    /// Erases a person: all that is theirs ends, their keys are removed, what the ledger says of them goes, the reasons in rows of others that
    /// name them, their row, and what copies of rows say of them.
    ///
    /// # Errors
    /// [`Failure`]; what was done by then stays so, and it is [gone on with](Self::go_on_erasing).
    pub async fn erase_user(&self, name: &str, by: &Administrator, moment: &Moment) -> Result<(PersonId, Erasure), Failure> {
        let _turn = self.erasing.lock().await;
        let mut moments = moment.clone();
        let id = self.find_user(name)?.record.id.clone();
        let erasure = self.erase(&id, by, &mut moments).await?;
        Ok((id, erasure))
    }

    /// Goes on with each erasure that was begun, by this process or one before it, and not ended; how many ended. For a schedule: whoever
    /// asked may have gone.
    ///
    /// # Errors
    /// What failed first; the others were gone on with.
    pub async fn go_on_erasing(&self, moment: &Moment) -> Result<u64, Failure> {
        // One that is under way is nobody else's.
        let Ok(_turn) = self.erasing.try_lock() else { return Ok(0) };
        let (mut moments, mut ended, mut failed) = (moment.clone(), 0, None);
        for Erasing { person, actor, .. } in self.erasures_begun()? {
            // Whoever asked was looked at when they did.
            let by = Administrator::of_everything(actor);
            let is_there = self.registry.people.all.get(person.as_str()).is_some();
            let gone_on = match is_there {
                true => self.erase(&person, &by, &mut moments).await.map(drop),
                false => self.blank_copies_of(&person, &mut moments).await,
            };
            match gone_on {
                Ok(()) => ended += 1,
                Err(failure) => drop(failed.get_or_insert(failure)),
            }
        }
        failed.map_or(Ok(ended), Err)
    }

    /// The keys that were a person's who is gone, as far as the ledger tells: all of it is read.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn keys_of_gone(&self, id: &PersonId) -> Result<Vec<ApiKeyId>, Failure> {
        let mut entries = Entries::of(&self.store, Mentions::of_erased(id));
        while entries.next(usize::MAX).await?.is_some() {
            self.check_goes_on()?;
        }
        Ok(entries.keys_gone().await?.into_iter().collect())
    }

    pub(crate) fn erasures_begun(&self) -> Result<Vec<Erasing>, Failure> {
        let mut begun = Vec::new();
        self.store.view()?.scan(&erasing::TABLE, &mut |row| {
            begun.push(Erasing::from_row(&row.record));
            true
        })?;
        begun.into_iter().collect::<Result<_, _>>().map_err(damaged)
    }

    async fn erase(&self, id: &PersonId, by: &Administrator, moments: &mut Moment) -> Result<Erasure, Failure> {
        let person = self.begin_erasure(id, by, &moments.split()).await?;
        let keys = self.forget_keys(id, by, moments).await?;
        self.forget_sign_ins(&person, by, moments).await?;
        let mut entries = Entries::of(&self.store, Mentions::of(&person));
        let (mut erased, mut waiting, mut names) = (0, Vec::new(), Vec::new());
        while let Some(found) = entries.next(ENTRIES_AT_A_TIME).await? {
            waiting.extend(found.told);
            names.extend(found.names);
            if waiting.len() >= ENTRIES_AT_A_TIME {
                erased += waiting.len() as u64;
                self.erase_some(id, std::mem::take(&mut waiting), by, &moments.split()).await?;
            }
            self.check_goes_on()?;
        }
        self.erase_reasons(id, entries.mentions()?, by, moments).await?;
        waiting.extend(names);
        let ended = self.end_erasure(&person, (&waiting, erased), by, &moments.split()).await;
        // Where the target is waited for, it holds here.
        if matches!(ended, Ok(_) | Err(Failure::Unshipped)) {
            self.blank_copies(id, entries, moments).await?;
        }
        ended.map(|(groups, roles, entries)| Erasure { keys, groups, roles, entries })
    }

    /// What is left to do where the process ended between the last entry and this: the ledger still tells which keys were theirs.
    async fn blank_copies_of(&self, id: &PersonId, moments: &mut Moment) -> Result<(), Failure> {
        let mut entries = Entries::of(&self.store, Mentions::of_erased(id));
        while entries.next(usize::MAX).await?.is_some() {
            self.check_goes_on()?;
        }
        self.blank_copies(id, entries, moments).await
    }

    /// Takes them out of the copies of rows that are kept for backups and out of the engine's files, and notes that nothing is left to do.
    async fn blank_copies(&self, id: &PersonId, entries: Entries, moments: &mut Moment) -> Result<(), Failure> {
        let mut copies = Copies::of(&self.store, Blank::of(id, &entries.keys_gone().await?));
        let nobody = Arc::from("");
        while let Some(rows) = copies.next().await? {
            if !rows.is_empty() {
                // Bookkeeping: no entry tells of it, and no premise stands on it.
                let commit = rows.into_iter().fold(Commit::new(&mut moments.split()), |commit, row| commit.put(&CHANGE, row));
                self.commit(commit, &nobody).await.map_err(failure)?;
            }
            self.check_goes_on()?;
        }
        // Overwriting a row where it lies leaves copies where it lay before.
        let store = self.store.clone();
        beside(move || store.wipe_deleted()).await.unwrap_or_else(|| Err(closed()))?;
        self.commit(erasing::done(id, &mut moments.split()), &nobody).await.map(drop).map_err(failure)
    }

    /// They can do nothing from here on, nothing more becomes theirs, and whoever starts next goes on with it.
    async fn begin_erasure(&self, id: &PersonId, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let person = self.find_user(id.as_str())?;
            reading.rely_on_person(&person);
            self.check_may_go(by, &person.record)?;
            let Outcome { verdict, commit } = disable(&person.record, self.latest_over_person(id), by, moment);
            Ok(Outcome { verdict, commit: erasing::note(commit, id, by, moment) })
        })
        .await
    }

    /// Removes their keys, one in a commit; how many.
    async fn forget_keys(&self, id: &PersonId, actor: &Actor, moments: &mut Moment) -> Result<u64, Failure> {
        let (mut removed, mut idle) = (0, 0);
        loop {
            let keys = owned(&self.store, id, Some(Premise::RANGE_ROWS_MAX)).await?;
            if keys.is_empty() {
                return Ok(removed);
            }
            let mut gone = 0;
            for key in &keys {
                gone += u64::from(self.forget_key(key, actor, &moments.split()).await?);
                self.check_goes_on()?;
            }
            (removed, idle) = (removed + gone, if gone == 0 { idle + 1 } else { 0 });
            if idle == ATTEMPTS {
                return Err(Failure::Contended);
            }
        }
    }

    /// Deletes what they signed in with and allowed, so many rows in a commit. Nothing more becomes theirs: they are disabled.
    async fn forget_sign_ins(&self, person: &Person, actor: &Actor, moments: &mut Moment) -> Result<(), Failure> {
        // They say whom to tell that the person is signed out.
        self.find_logouts().await?;
        loop {
            let (store, id) = (self.store.clone(), person.id.clone());
            let rows = beside(move || sign_ins_of(&*store, &id)).await.unwrap_or(Err(Failure::Busy))?;
            if rows.is_empty() {
                return Ok(());
            }
            let commit = erase_sign_ins(person, rows, actor, &mut moments.split());
            self.commit(commit, &Arc::from("")).await.map_err(failure)?;
            self.check_goes_on()?;
        }
    }

    /// Removes a key; `false`: it has changed since it was read.
    async fn forget_key(&self, OwnedKey { key, foreign }: &OwnedKey, actor: &Actor, moment: &Moment) -> Result<bool, Failure> {
        let nobody = Arc::from("");
        let removed = self.attempt(moment, &nobody, |reading, moment| {
            reading.rely_on_key(key);
            let (policies, id) = (self.registry.policies(), key.record.id.to_string());
            let exception = policies.exceptions().find(|exception| *exception.record.credential == *id);
            if let Some(exception) = exception {
                reading.rely_on_exception(exception);
            }
            let beside = Beside { foreign, exception: exception.map(|exception| &exception.record) };
            Ok(forget(key, beside, actor, moment))
        });
        Ok(removed.await?.is_some())
    }

    async fn erase_some(&self, id: &PersonId, told: Vec<Told>, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |_, moment| {
            let person = self.find_user(id.as_str())?;
            Ok(Outcome::grant((), erase_entries(&person.record, told.clone(), actor, moment)))
        })
        .await
    }

    /// Takes them out of why rows of others are as they are.
    async fn erase_reasons(&self, id: &PersonId, mentions: &Mentions, actor: &Actor, moments: &mut Moment) -> Result<(), Failure> {
        let mut rows = OfOthers::of(&self.store, Reasons::of(mentions.clone()));
        while let Some(mut naming) = rows.next().await? {
            let mut attempts = 0..ATTEMPTS;
            while !naming.is_empty() && !self.erase_reasons_of(id, &naming, actor, &moments.split()).await? {
                attempts.next().ok_or(Failure::Contended)?;
                naming = rows.again(naming).await?;
            }
            self.check_goes_on()?;
        }
        Ok(())
    }

    /// Puts rows without them; `false`: one has changed since it was read.
    async fn erase_reasons_of(&self, id: &PersonId, naming: &[Naming], actor: &Actor, moment: &Moment) -> Result<bool, Failure> {
        let nobody = Arc::from("");
        let put = self.attempt(moment, &nobody, |reading, moment| {
            let person = self.find_user(id.as_str())?;
            naming.iter().for_each(|row| reading.rely_on_premise(Some(&row.premise())));
            let rows = naming.iter().map(|row| (row.table, row.left.clone())).collect();
            Ok(Outcome::grant((), erase_reasons(&person.record, rows, actor, moment)))
        });
        Ok(put.await?.is_some())
    }

    /// The last commit: out of how many groups they went, how many roles they held, and how many entries say nothing any more.
    async fn end_erasure(
        &self,
        before: &Person,
        (told, erased): (&[Told], u64),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<(u64, u64, u64), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let person = self.find_user(before.id.as_str())?;
            let is_called = |person: &Person| (person.username.clone(), person.name.clone(), person.email.clone());
            if is_called(&person.record) != is_called(before) {
                // What they are called now was not looked for.
                return Err(Failure::Contended);
            }
            reading.rely_on_person(&person);
            self.check_may_go(by, &person.record)?;
            let prefix = of_owner(&before.id);
            reading.rely_on_premise(Some(&Premise::Range { table: &api_key::TABLE, index: BY_OWNER, prefix, rows: vec![] }));
            let leaving = self.leaving(&person.record);
            self.rely_on_what_goes(reading, &person.record, &leaving);
            let counted = (leaving.groups.len() as u64, leaving.roles.len() as u64);
            let latest = self.latest_over_person(&before.id);
            let outcome = erase(&person.record, &leaving, (told.to_vec(), erased), latest, by, moment);
            Ok(outcome.map(|entries| (counted.0, counted.1, entries)))
        })
        .await
    }

    pub(crate) fn rely_on_what_goes(&self, reading: &Reading<'_>, person: &Person, leaving: &Leaving) {
        let people = &self.registry.people;
        for group in &leaving.groups {
            reading.rely_on_membership(group, &person.id, people.groups.membership(group, &person.id).as_deref());
        }
        let holder = Holder::Person(person.id.clone());
        for role in &leaving.roles {
            reading.rely_on_assignment(role, &holder, people.roles.assignment(role, &holder).as_deref());
        }
    }

    /// Nobody is erased or deleted by who may do less than they.
    pub(crate) fn check_may_go(&self, by: &Administrator, person: &Person) -> Result<(), Refusal> {
        self.check_gives_holder(by, &Holder::Person(person.id.clone()))?;
        self.leaving(person).check()
    }

    pub(crate) fn leaving(&self, person: &Person) -> Leaving {
        let people = &self.registry.people;
        let holder = Holder::Person(person.id.clone());
        let groups = people.groups.of(person.id.as_str()).iter().map(|group| group.record.id.clone()).collect();
        let roles = people.roles.of(&holder).iter().map(|role| role.record.id.clone()).collect();
        let owner = role_id(BuiltIn::Owner);
        let owns = people.roles_of(&holder).iter().any(|held| held.role.record.id == owner);
        let another = || {
            let others = self.administrators().into_iter().filter(|other| other.person.id != person.id && other.person.is_active());
            others.into_iter().any(|other| other.roles.iter().any(|held| held.role.record.id == owner))
        };
        Leaving { groups, roles, is_last_owner: owns && !another() }
    }

    fn latest_over_person(&self, id: &PersonId) -> i64 {
        self.registry.latest_cut_off(CutOffSubject::User, id.as_str())
    }

    /// A process that ends does not wait for it.
    pub(crate) fn check_goes_on(&self) -> Result<(), Failure> {
        if self.is_ending() { Err(Failure::Busy) } else { Ok(()) }
    }
}

/// Some rows of what a person signed in with and allowed: those that are found by what is deleted last come last.
pub(crate) fn sign_ins_of(store: &dyn Store, id: &PersonId) -> Result<Vec<(&'static Table, Key)>, Failure> {
    let (view, mut found) = (store.view()?, Vec::new());
    let prefix = vec![Value::Text(id.0.clone())];
    for row in view.range(&session::TABLE, BY_PERSON, &prefix, None, ROWS_AT_A_TIME)? {
        found.push((&session::TABLE, row.record.first().cloned().into_iter().collect()));
    }
    for row in view.range(&link::TABLE, link::BY_PERSON, &prefix, None, ROWS_AT_A_TIME)? {
        found.push((&link::TABLE, row.record.first().cloned().into_iter().collect()));
    }
    for row in view.range(&identity::TABLE, identity::BY_PERSON, &prefix, None, ROWS_AT_A_TIME)? {
        found.push((&identity::TABLE, row.record.into_iter().take(identity::TABLE.key).collect()));
    }
    for row in view.range(&passkey::TABLE, passkey::BY_PERSON, &prefix, None, ROWS_AT_A_TIME)? {
        found.push((&passkey::TABLE, row.record.into_iter().take(passkey::TABLE.key).collect()));
    }
    for row in view.starting_with(&of_person::TABLE, &prefix, ROWS_AT_A_TIME)? {
        let line = GrantOfPerson::from_row(&row.record).map_err(damaged)?;
        found.push((&grant::TABLE, vec![Value::Id(line.grant.0)]));
        found.push((&of_person::TABLE, line.key()));
    }
    for row in view.starting_with(&consent::TABLE, &prefix, ROWS_AT_A_TIME)? {
        found.push((&consent::TABLE, row.record.into_iter().take(consent::TABLE.key).collect()));
    }
    for table in [&password::TABLE, &second_factor::TABLE, &latest::TABLE] {
        found.extend(view.get(table, &prefix)?.map(|_| (table, prefix.clone())));
    }
    Ok(found)
}

/// How many rows of a table are deleted in one commit.
const ROWS_AT_A_TIME: usize = 128;
