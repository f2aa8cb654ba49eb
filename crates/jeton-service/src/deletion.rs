//! Deleting a person, over as many commits as it takes. Whoever asks again goes on with what was broken off.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api_key::secret::Slot;
use jeton_core::client::owner::give;
use jeton_core::commit::Premise;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{ApiKeyId, PersonId};
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_core::permission::Permission;
use jeton_core::person::Person;
use jeton_core::person::alone::{Alone, ClientAlone, Dependents, GroupAlone};
use jeton_core::person::delete::{delete, delete_sign_ins};
use jeton_core::person::disable::disable;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::why::Why;

use crate::beside::beside;
use crate::erase::sign_ins_of;
use crate::failure::Failure;
use crate::keys::filter::{KeyFilter, StandingKind};
use crate::service::Service;
use crate::transact::failure;

/// How many keys are read at once.
const PAGE: usize = 100;

const ERASED: &str = "that goes on by itself, and at once by `jeton user erase USERNAME`";

/// What goes with a person, and what of it depended on them alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// How many personal access tokens.
    pub tokens: u64,
    /// Out of how many groups they go.
    pub groups: u64,
    /// How many roles they hold themselves.
    pub roles: u64,
    /// How many keys of groups whose last member they are.
    pub keys: u64,
    /// How many clients that nobody else answers for.
    pub clients: u64,
}

/// What was found of a person who is to go.
struct Found {
    person: Person,
    alone: Alone,
    deletion: Deletion,
}

impl Service {
    /// What would go with a person.
    ///
    /// # Errors
    /// [`Failure`]: they may not be deleted in this way, or the engine cannot read.
    pub async fn plan_deletion(
        self: &Arc<Self>,
        name: &str,
        dependents: &Dependents,
        by: &Administrator,
    ) -> Result<(PersonId, Deletion), Failure> {
        let Found { person, deletion, .. } = self.find_what_goes(name, dependents, by).await?;
        Ok((person.id, deletion))
    }

    /// Deletes a person: what depends on them alone goes elsewhere or ends, and all that is theirs ends.
    ///
    /// # Errors
    /// [`Failure`]; what was done by then stays so.
    pub async fn delete_user(
        self: &Arc<Self>,
        name: &str,
        dependents: &Dependents,
        by: &Administrator,
        moment: &Moment,
    ) -> Result<(PersonId, Deletion), Failure> {
        // Neither goes on beside the other: an erasure needs their row to know what they were called.
        let _turn = self.erasing.lock().await;
        let mut moments = moment.clone();
        let Found { person, alone, deletion } = self.find_what_goes(name, dependents, by).await?;
        let id = person.id;
        match dependents {
            Dependents::TransferTo(owner) => self.hand_over(&alone, owner, by, &mut moments).await?,
            Dependents::RevokeOwned => self.end_dependents(&alone, by, &mut moments).await?,
            // There are none: it was looked at.
            Dependents::Refuse => {}
        }
        self.disable_for_good(&id, by, &moments.split()).await?;
        self.delete_sign_ins(&id, by, &mut moments).await?;
        self.end_deletion(&id, &alone, by, &mut moments).await?;
        Ok((id, deletion))
    }

    async fn find_what_goes(self: &Arc<Self>, name: &str, dependents: &Dependents, by: &Administrator) -> Result<Found, Failure> {
        let person = self.find_user(name)?.record.clone();
        self.check_may_go(by, &person)?;
        if self.erasures_begun()?.iter().any(|erasing| erasing.person == person.id) {
            return Err(Refusal::new(Reason::Conflict, "this person is being erased already").hinting(ERASED).into());
        }
        let (reading, of) = (self.clone(), person.id.clone());
        let read = move || Ok::<_, Failure>((reading.alone(&of)?, reading.live_keys(&Owner::Person(of))?.len() as u64));
        let (alone, tokens) = beside(read).await.unwrap_or(Err(Failure::Busy))?;
        alone.check(&person.id, dependents)?;
        check_permitted(&alone, dependents, by)?;
        let leaving = self.leaving(&person);
        let (groups, roles) = (leaving.groups.len() as u64, leaving.roles.len() as u64);
        let deletion = Deletion { tokens, groups, roles, keys: alone.keys() as u64, clients: alone.clients.len() as u64 };
        Ok(Found { person, alone, deletion })
    }

    /// What depends on a person alone. Reads rows: for a thread that may block.
    fn alone(&self, person: &PersonId) -> Result<Alone, Failure> {
        let mut alone = Alone::default();
        let mine = self.registry.people.groups.of(person.as_str());
        for group in mine.iter().filter(|group| self.count_members(&group.record) == 1) {
            let (id, name) = (group.record.id.clone(), group.record.name.clone());
            let keys = self.live_keys(&Owner::Group(id.clone()))?;
            alone.groups.push(GroupAlone { id, name, keys });
        }
        alone.clients = self.clients_of(person, &alone);
        Ok(alone)
    }

    fn clients_of(&self, person: &PersonId, alone: &Alone) -> Vec<ClientAlone> {
        let clients = self.clients().into_iter();
        let theirs = clients.filter(|entry| entry.client.record.owner.as_ref().is_some_and(|owner| alone.owns(person, owner)));
        theirs.map(|entry| ClientAlone { id: entry.client.record.id.clone(), name: entry.client.record.name.clone() }).collect()
    }

    /// The keys of an owner that are not at their end. Reads rows: for a thread that may block.
    fn live_keys(&self, owner: &Owner) -> Result<Vec<ApiKeyId>, Failure> {
        let (filter, moment) = (KeyFilter { owner: Some(owner.clone()), ..KeyFilter::default() }, self.moments().now());
        let (mut live, mut after) = (Vec::new(), None);
        loop {
            let page = self.list_keys(&filter, after.as_deref(), PAGE, &moment)?;
            let stands = |entry| StandingKind::from(self.key_standing(entry, Slot::Current, &moment).0);
            let found = page.keys.iter().filter(|entry| matches!(stands(entry), StandingKind::Active | StandingKind::Suspended));
            live.extend(found.map(|entry| entry.key.record.id));
            after = page.next;
            if after.is_none() {
                return Ok(live);
            }
            self.check_goes_on()?;
        }
    }

    async fn hand_over(&self, alone: &Alone, to: &Owner, by: &Administrator, moments: &mut Moment) -> Result<(), Failure> {
        for key in alone.groups.iter().flat_map(|group| &group.keys) {
            self.transfer_key(*key, (to, None), by, &moments.split()).await?;
            self.check_goes_on()?;
        }
        for client in &alone.clients {
            self.transact(&moments.split(), &Arc::from(""), |reading, moment| {
                let entry = self.find_client(client.id.as_str())?;
                reading.rely_on_client(&entry);
                by.check_gives_client(&entry.client.record)?;
                match to {
                    Owner::Person(to) => reading.rely_on_person(&*self.find_user(to.as_str())?),
                    Owner::Group(to) => reading.rely_on_group(&*self.find_group(to.as_str())?),
                    Owner::Client(_) | Owner::External(_) => {}
                }
                Ok(give(&entry.client.record, to, by, moment))
            })
            .await?;
        }
        Ok(())
    }

    async fn end_dependents(&self, alone: &Alone, by: &Administrator, moments: &mut Moment) -> Result<(), Failure> {
        for key in alone.groups.iter().flat_map(|group| &group.keys) {
            self.revoke_key(*key, Why::OwnerLeft, by, &moments.split()).await?;
            self.check_goes_on()?;
        }
        for client in &alone.clients {
            self.delete_client(client.id.as_str(), by, &moments.split()).await?;
        }
        Ok(())
    }

    /// They can do nothing from here on, and nothing more becomes theirs.
    async fn disable_for_good(&self, id: &PersonId, by: &Administrator, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let person = self.find_user(id.as_str())?;
            reading.rely_on_person(&person);
            self.check_may_go(by, &person.record)?;
            let latest = self.registry.latest_cut_off(CutOffSubject::User, id.as_str());
            Ok(disable(&person.record, latest, by, moment).map(drop))
        })
        .await
    }

    /// Deletes what they signed in with and allowed, so many rows in a commit.
    async fn delete_sign_ins(&self, id: &PersonId, by: &Administrator, moments: &mut Moment) -> Result<(), Failure> {
        // They say whom to tell that the person is signed out.
        self.find_logouts().await?;
        loop {
            let (store, of) = (self.store.clone(), id.clone());
            let rows = beside(move || sign_ins_of(&*store, &of)).await.unwrap_or(Err(Failure::Busy))?;
            if rows.is_empty() {
                return Ok(());
            }
            self.commit(delete_sign_ins(rows, by, &mut moments.split()), &Arc::from("")).await.map_err(failure)?;
            self.check_goes_on()?;
        }
    }

    /// The last commit. What has become theirs alone since it was looked at is looked at by whoever asks again.
    async fn end_deletion(self: &Arc<Self>, id: &PersonId, alone: &Alone, by: &Administrator, moments: &mut Moment) -> Result<(), Failure> {
        let (reading, groups) = (self.clone(), alone.groups.clone());
        let read = move || reading.without_keys(&groups);
        let premises = beside(read).await.unwrap_or(Err(Failure::Busy))?;
        self.transact(&moments.split(), &Arc::from(""), |reading, moment| {
            let person = self.find_user(id.as_str())?;
            reading.rely_on_person(&person);
            self.check_may_go(by, &person.record)?;
            premises.iter().for_each(|premise| reading.rely_on_premise(Some(premise)));
            let mine = self.registry.people.groups.of(id.as_str());
            let is_new = |group: &_| self.count_members(group) == 1 && !alone.groups.iter().any(|known| known.id == group.id);
            if mine.iter().any(|group| is_new(&group.record)) || !self.clients_of(id, alone).is_empty() {
                return Err(Failure::Contended);
            }
            let leaving = self.leaving(&person.record);
            self.rely_on_what_goes(reading, &person.record, &leaving);
            let latest = self.registry.latest_cut_off(CutOffSubject::User, id.as_str());
            Ok(delete(&person.record, &leaving, latest, by, moment))
        })
        .await
    }

    /// That these groups have no keys that are not at their end, as far as premises may name so many. Reads rows: for a thread that may block.
    fn without_keys(&self, groups: &[GroupAlone]) -> Result<Vec<Premise>, Failure> {
        let mut premises = Vec::new();
        for group in groups {
            let owned = self.owned_keys(&Owner::Group(group.id.clone()), &self.moments().now())?;
            if owned.live.count > 0 {
                return Err(Failure::Contended);
            }
            premises.extend(owned.premise);
        }
        Ok(premises)
    }
}

/// Whether somebody may do with what depends on a person what they ask for.
fn check_permitted(alone: &Alone, dependents: &Dependents, by: &Administrator) -> Result<(), Refusal> {
    let keys = match dependents {
        Dependents::Refuse => return Ok(()),
        Dependents::TransferTo(_) => Permission::KeysWrite,
        Dependents::RevokeOwned => Permission::KeysRevoke,
    };
    if alone.keys() > 0 {
        by.check_has(keys)?;
    }
    if !alone.clients.is_empty() {
        by.check_has(Permission::ClientsWrite)?;
    }
    Ok(())
}
