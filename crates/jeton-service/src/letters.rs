//! Letters: what the ledger tells of and somebody is to hear by mail. Whoever carries them follows the ledger from a place that is kept, so that
//! a letter that a process was still to send when it ended is made again from what is kept, and sent by the next one. One may come twice, and
//! none is lost before it is given up.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::consumer;
use jeton_core::event::Event;
use jeton_core::id::{ApiKeyId, GroupId, LinkId, PersonId};
use jeton_core::letter::again_at;
use jeton_core::letter::due::{Due, News, Thing, Whose, due};
use jeton_core::link::Purpose;
use jeton_core::outcome::Outcome;
use jeton_core::owner::Owner;
use jeton_store::ledger::Entry;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::letters_carried::Carried;
use crate::service::Service;

/// How many letters wait at most to be tried again: with more nothing further is read.
const WAITING_MAX: usize = 1_024;
/// How many entries are read at once.
const ENTRIES: usize = 1_000;
/// After how many entries without a letter it is kept that they were read: a start reads no more than these again.
const UNKEPT_MAX: Sequence = 10_000;
/// How old what happened may be that somebody hears of, in seconds: letters that a mail server could not take for long are of no use any more.
const NEWS_SECONDS: i64 = 2 * 86_400;
/// How many members of a group hear of what is its own.
const MEMBERS: usize = 20;

/// Which letters a round carries. Each is read, kept and tried by itself: a crowd of notices holds up no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Those with a link.
    Links,
    /// Those that tell owners of what happens to what is theirs.
    News,
}

impl Follows {
    /// Under what name it is kept how far they are.
    const fn name(self) -> &'static str {
        match self {
            Follows::Links => "links",
            Follows::News => "news",
        }
    }
}

/// What somebody is to read.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Which it is, to whoever gets it twice; says nothing else.
    pub id: String,
    /// Whom it is for.
    pub person: PersonId,
    /// What they are known by.
    pub username: Arc<str>,
    /// Where it goes.
    pub address: Arc<str>,
    /// What it is about.
    pub matter: Matter,
}

/// What a letter is about.
#[derive(Clone, Debug)]
pub enum Matter {
    /// A link: what it is good for, its address, and when it ends, in seconds.
    Link(Purpose, Secret, i64),
    /// What happened to something of theirs, and what that is called, where it has a name.
    News(News, Option<Thing>, Option<Arc<str>>),
}

/// Why a letter was not taken. The words are for the log: without addresses, and without what a mail server says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Not now.
    ForNow(String),
    /// It never will be.
    ForGood(String),
}

/// What becomes of a letter that is handed over.
pub type Handing<'a> = Pin<Box<dyn Future<Output = Result<(), NotTaken>> + Send + 'a>>;

/// Who carries letters.
pub trait Carrier: Send + Sync {
    /// Hands one over; done once it is on its way for good.
    fn carry<'a>(&'a self, letter: &'a Letter) -> Handing<'a>;
}

/// How far letters of one kind are: what waits, and how far the ledger was read.
#[derive(Debug)]
pub struct Round {
    follows: Follows,
    next: Sequence,
    kept: Sequence,
    /// By entry, and the place among those who hear of it.
    waiting: BTreeMap<(Sequence, usize), Waiting>,
}

/// A letter that is to be handed over.
#[derive(Debug)]
struct Waiting {
    about: About,
    tries: usize,
    due_at: i64,
}

#[derive(Clone, Debug)]
enum About {
    Link(LinkId),
    News(Arc<Due>, PersonId),
}

impl Service {
    /// Where the process before was, or, for the first time, now: nobody gets letters about the past.
    ///
    /// # Errors
    /// [`Failure`]; no letter may be sent then.
    pub async fn begin_letters(&self, follows: Follows) -> Result<Round, Failure> {
        let known = self.fetch(&consumer::TABLE, consumer::key(follows.name())).await?;
        let head = self.store.head().size;
        let next = match &known {
            Some(row) => consumer::from_row(&row.record).map_err(damaged)?.min(head),
            None => {
                self.keep_round(follows, head).await?;
                head
            }
        };
        Ok(Round { follows, next, kept: next, waiting: BTreeMap::new() })
    }

    /// Hands over what is due, and says how many letters were taken. For a schedule, one at a time.
    ///
    /// # Errors
    /// [`Failure`]; what was not handed over waits on.
    pub async fn carry_letters(&self, round: &mut Round, carrier: &dyn Carrier) -> Result<u64, Failure> {
        let mut taken = 0;
        loop {
            let is_read = self.read_on(round).await?;
            let now = self.moments.time().seconds();
            let due: Vec<(Sequence, usize)> =
                round.waiting.iter().filter(|(_, waiting)| waiting.due_at <= now).map(|(place, _)| *place).collect();
            for place in due {
                if self.is_ending() {
                    return Ok(taken);
                }
                taken += u64::from(self.hand_over_letter(round, place, carrier).await?);
                self.keep_place(round, 1).await?;
            }
            if is_read || round.waiting.len() >= WAITING_MAX {
                self.keep_place(round, UNKEPT_MAX).await?;
                self.letters.wait(round.follows as usize, round.waiting.len());
                return Ok(taken);
            }
        }
    }

    /// How many letters went how since the start, and how many wait.
    pub fn letters_carried(&self) -> (impl Iterator<Item = (Carried, u64)>, u64) {
        (self.letters.counts(), self.letters.waiting())
    }

    /// Reads on in the ledger; whether all of it is read.
    async fn read_on(&self, round: &mut Round) -> Result<bool, Failure> {
        let (head, from) = (self.store.head().size, round.next);
        if from >= head || round.waiting.len() >= WAITING_MAX {
            return Ok(from >= head);
        }
        let store = self.store.clone();
        let entries = beside(move || store.tail(from, ENTRIES)).await;
        let entries = entries.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        let now = self.moments.time().seconds();
        for entry in &entries {
            for (place, about) in self.abouts(round.follows, entry, now).await?.into_iter().enumerate() {
                round.waiting.insert((entry.sequence, place), Waiting { about, tries: 0, due_at: now });
            }
        }
        round.next = entries.last().map_or(head, |last| last.sequence + 1);
        Ok(round.next >= head)
    }

    /// Hands one over, or gives it up; whether it was taken.
    async fn hand_over_letter(&self, round: &mut Round, place: (Sequence, usize), carrier: &dyn Carrier) -> Result<bool, Failure> {
        let Some(waiting) = round.waiting.get_mut(&place) else { return Ok(false) };
        waiting.tries += 1;
        let Some(letter) = self.letter_of(&waiting.about, place).await? else {
            // Nobody needs it any more: it was used, replaced or is over, or it is told to whoever asked for it.
            if waiting.tries > 1 {
                self.letters.count(Carried::GivenUp);
                tracing::warn!(entry = place.0, "a letter could not be sent as long as what it says was good");
            }
            round.waiting.remove(&place);
            return Ok(false);
        };
        let handed = carrier.carry(&letter).await;
        let again = again_at(waiting.tries, self.moments.time().seconds());
        match (handed, again) {
            (Ok(()), _) => self.letters.count(Carried::Sent),
            (Err(NotTaken::ForNow(why)), Some(again)) => {
                waiting.due_at = again;
                self.letters.count(Carried::PutOff);
                tracing::warn!(entry = place.0, user = %letter.person, tries = waiting.tries, why, "a letter could not be sent: it is tried again");
                return Ok(false);
            }
            (Err(NotTaken::ForNow(why) | NotTaken::ForGood(why)), _) => {
                self.letters.count(Carried::GivenUp);
                tracing::error!(entry = place.0, user = %letter.person, tries = waiting.tries, why, "a letter was given up");
                round.waiting.remove(&place);
                return Ok(false);
            }
        }
        round.waiting.remove(&place);
        Ok(true)
    }

    /// What an entry makes due, once for each who is to hear of it.
    async fn abouts(&self, follows: Follows, entry: &Entry, now: i64) -> Result<Vec<About>, Failure> {
        if follows == Follows::Links {
            return Ok(link_of(entry).map(About::Link).into_iter().collect());
        }
        let is_old = entry.time.seconds() < now.saturating_sub(NEWS_SECONDS);
        let Some(due) = Some(entry).filter(|entry| !is_old && may_be_news(&entry.kind)).and_then(|entry| due(&entry.event().ok()??)) else {
            return Ok(Vec::new());
        };
        let due = Arc::new(due);
        let owner = match &due.whose {
            Whose::Owner(owner) => Some(owner.clone()),
            Whose::OwnerOf(key) => self.key(*key).await?.map(|entry| entry.key.record.owner.clone()),
        };
        Ok(owner
            .map_or_else(Vec::new, |owner| self.who_hears_for(&owner))
            .into_iter()
            .map(|person| About::News(due.clone(), person))
            .collect())
    }

    /// Who hears of what happens to something of an owner: of a client, who owns that. Nobody is written to who is known outside alone.
    fn who_hears_for(&self, owner: &Owner) -> Vec<PersonId> {
        let members = |group: &GroupId| {
            let members = self.registry.people.groups.members_after(group, None, MEMBERS);
            members.iter().map(|member| member.record.person.clone()).collect()
        };
        match owner {
            Owner::Person(person) => vec![person.clone()],
            Owner::Group(group) => members(group),
            Owner::Client(client) => match self.registry.clients.get(client.as_str()).and_then(|entry| entry.client.record.owner.clone()) {
                Some(Owner::Person(person)) => vec![person],
                Some(Owner::Group(group)) => members(&group),
                _ => Vec::new(),
            },
            Owner::External(_) => Vec::new(),
        }
    }

    /// The letter that is due, where somebody is still to read it.
    async fn letter_of(&self, about: &About, place: (Sequence, usize)) -> Result<Option<Letter>, Failure> {
        let parts = [&place.0.to_be_bytes()[..], &place.1.to_be_bytes()];
        let id = format!("{:032x}", u128::from_be_bytes(self.page_tag(&[b"letter", &parts.concat()])));
        match about {
            About::Link(link) => self.letter_with_link(id, *link).await,
            About::News(due, person) => self.letter_with_news(id, due, person).await,
        }
    }

    /// The letter with a link, where it is good and meant to be sent.
    async fn letter_with_link(&self, id: String, link: LinkId) -> Result<Option<Letter>, Failure> {
        let Some((good, text)) = self.link_again(link, &self.moments.now()).await? else { return Ok(None) };
        let (link, person) = (&good.link.record, &good.person.record);
        // What is shown to whoever asks is carried by who shows letters alone.
        if link.is_shown == self.sends_links() {
            return Ok(None);
        }
        let matter = Matter::Link(link.purpose, self.link_address(&text), link.ends_at(&self.registry.policies()));
        Ok(Some(Letter { id, person: person.id.clone(), username: person.username.clone(), address: link.address.clone(), matter }))
    }

    /// The letter that tells somebody of something, where they have an address.
    async fn letter_with_news(&self, id: String, due: &Due, person: &PersonId) -> Result<Option<Letter>, Failure> {
        let Some(person) = self.registry.people.all.get(person.as_str()).filter(|person| person.record.is_active()) else {
            return Ok(None);
        };
        let Some(address) = person.record.email.clone() else { return Ok(None) };
        let matter = Matter::News(due.news, due.thing.clone(), self.name_of_due(due).await?);
        Ok(Some(Letter { id, person: person.record.id.clone(), username: person.record.username.clone(), address, matter }))
    }

    /// What people know something by: the name of a key, and of a secret that of its client.
    async fn name_of_due(&self, due: &Due) -> Result<Option<Arc<str>>, Failure> {
        let key = due.thing.as_ref().and_then(|thing| ApiKeyId::parse(&thing.id));
        Ok(match (key, &due.whose) {
            (Some(key), _) => self.key(key).await?.map(|entry| entry.key.record.name.clone()),
            (None, Whose::Owner(Owner::Client(client))) => {
                self.registry.clients.get(client.as_str()).map(|entry| entry.client.record.name.clone())
            }
            _ => None,
        })
    }

    /// Keeps how far all is done, where that is further by so much than what is kept.
    async fn keep_place(&self, round: &mut Round, by: Sequence) -> Result<(), Failure> {
        let done = round.waiting.keys().next().map_or(round.next, |(entry, _)| *entry);
        if done < round.kept.saturating_add(by) {
            return Ok(());
        }
        self.keep_round(round.follows, done).await?;
        round.kept = done;
        Ok(())
    }

    async fn keep_round(&self, follows: Follows, done: Sequence) -> Result<(), Failure> {
        let (moment, nobody) = (self.moments.now(), Arc::from(""));
        self.transact(&moment, &nobody, |_, moment| Ok(Outcome::grant((), consumer::keep(follows.name(), done, moment)))).await
    }
}

/// Whether an entry of this kind may make a letter due: the others are not read.
fn may_be_news(kind: &str) -> bool {
    let known = [
        "credential.",
        "api_key.suspended",
        "client_secret.suspended",
        "subject.suspended",
        "user.password_set",
        "user.second_factor_removed",
        "passkey.",
    ];
    known.iter().any(|known| kind.starts_with(known))
}

/// The link that an entry tells of.
fn link_of(entry: &Entry) -> Option<LinkId> {
    if entry.kind != "link.made" {
        return None;
    }
    match entry.event() {
        Ok(Some(Event::LinkMade { link, .. })) => Some(link),
        _ => None,
    }
}
