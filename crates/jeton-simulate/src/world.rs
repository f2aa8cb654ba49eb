//! The world of one run: a server, its disk, its verifiers, a network and clocks, and everything that was acknowledged.

use std::mem;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jeton_verify::staleness::Patience;

use crate::breakage::Breakage;
use crate::broadcast::Broadcast;
use crate::chance::Chance;
use crate::clock::{Passing, Wall};
use crate::history::History;
use crate::network::Network;
use crate::request::{Answer, Inbox, Request, handle};
use crate::server::Server;
use crate::subject::{ApiSubject, ClientSubject, TokenSubject};
use crate::tally::Tally;
use crate::trace::Trace;
use crate::verifier::Verifier;

/// The audiences that APIs are declared for: few, so that one comes back after its API was removed.
pub(crate) const AUDIENCES: [&str; 3] = ["https://orders.example", "https://stock.example", "https://mail.example"];

/// A request that was not answered yet.
pub(crate) struct Pending {
    /// Its number.
    pub(crate) number: u64,
    /// What was asked.
    pub(crate) request: Request,
    /// The step at which it was asked.
    pub(crate) asked_at: u64,
    /// Its future in the server.
    pub(crate) task: u64,
}

/// A question of a verifier that was not answered yet.
pub(crate) struct Question {
    /// Its number.
    pub(crate) number: u64,
    /// Who asks.
    pub(crate) verifier: usize,
    /// About which token.
    pub(crate) token: usize,
    /// When, in microseconds since the run began.
    pub(crate) asked_at_micros: i64,
}

/// Everything there is.
pub(crate) struct World {
    /// All chance.
    pub(crate) chance: Chance,
    /// What happened.
    pub(crate) trace: Trace,
    /// What was counted.
    pub(crate) tally: Tally,
    /// The planted bug.
    pub(crate) breakage: Option<Breakage>,
    /// Time, as it passes everywhere.
    pub(crate) passing: Arc<Passing>,
    /// The server's machine's clock.
    pub(crate) wall: Arc<Wall>,
    /// The server.
    pub(crate) server: Server,
    /// How often it started.
    pub(crate) life: u64,
    /// Whether an operator starts it with the word that its clock is right.
    pub(crate) accepts_clock: bool,
    /// Whether it was set up.
    pub(crate) is_set_up: bool,
    /// The verifiers, one for each audience.
    pub(crate) verifiers: Vec<Verifier>,
    /// The feeds that the server sends.
    pub(crate) broadcasts: Vec<Broadcast>,
    /// What is on its way.
    pub(crate) network: Network,
    /// Requests without an answer.
    pub(crate) pending: Vec<Pending>,
    /// Questions of verifiers without an answer.
    pub(crate) questions: Vec<Question>,
    /// Answers of handlers.
    pub(crate) inbox: Inbox,
    /// The ledger, as it was seen.
    pub(crate) history: History,
    /// APIs that were acknowledged.
    pub(crate) apis: Vec<ApiSubject>,
    /// Clients that were acknowledged.
    pub(crate) clients: Vec<ClientSubject>,
    /// Tokens that were acknowledged.
    pub(crate) tokens: Vec<TokenSubject>,
    /// The number of the step.
    pub(crate) step: u64,
    /// When the server's next second begins, in microseconds since the run began.
    pub(crate) next_second_micros: i64,
    /// When its schedule of each minute runs next.
    pub(crate) next_minute_micros: i64,
    /// How far time leaps at present.
    pub(crate) pace: usize,
    /// The latest time, in seconds, at which old slices left.
    pub(crate) purged_at_seconds: i64,
    numbers: u64,
}

impl World {
    /// An empty world.
    ///
    /// # Errors
    /// When the server does not start.
    pub(crate) fn new(seed: u64, breakage: Option<Breakage>) -> Result<World, String> {
        let mut chance = Chance::new(seed);
        let passing = Arc::new(Passing::default());
        let wall = Arc::new(Wall::new(passing.clone()));
        let server = Server::start(None, &wall, &mut chance, breakage)?;
        let patience = [Patience::default(), Patience::STRICT, Patience { stale_accept: Duration::from_secs(60), ..Patience::default() }];
        let verifiers = AUDIENCES.iter().zip(patience).map(|(audience, patience)| {
            Verifier::new((*audience).to_owned(), Arc::new(Wall::new(passing.clone())), passing.clone(), patience, breakage)
        });
        Ok(World {
            verifiers: verifiers.collect::<Result<_, _>>()?,
            chance,
            trace: Trace::default(),
            tally: Tally::default(),
            breakage,
            passing,
            wall,
            server,
            life: 1,
            accepts_clock: false,
            is_set_up: false,
            broadcasts: vec![],
            network: Network::default(),
            pending: vec![],
            questions: vec![],
            inbox: Inbox::default(),
            history: History::default(),
            apis: vec![],
            clients: vec![],
            tokens: vec![],
            step: 0,
            next_second_micros: 0,
            next_minute_micros: 0,
            pace: 0,
            purged_at_seconds: i64::MIN,
            numbers: 0,
        })
    }

    /// A number that nothing else has.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Asks the server.
    pub(crate) fn ask(&mut self, request: Request) {
        let number = self.number();
        self.tally.requests += 1;
        self.trace.note(format!("#{number} asks: {}", describe(&request)));
        let task = self.server.executor.add(handle(self.server.service.clone(), number, request.clone(), self.inbox.clone()));
        self.pending.push(Pending { number, request, asked_at: self.step, task });
    }

    /// Answers that came since the last call, with what they answer.
    pub(crate) fn answers(&mut self) -> Vec<(Pending, Answer)> {
        let answers = mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner));
        let mut heard = vec![];
        for (number, answer) in answers {
            if let Some(place) = self.pending.iter().position(|pending| pending.number == number) {
                heard.push((self.pending.swap_remove(place), answer));
            }
        }
        heard
    }
}

fn describe(request: &Request) -> String {
    match request {
        Request::SetUp { accepts_clock } => format!("set up, accepting the clock: {accepts_clock}"),
        Request::Issue { audience, .. } => format!("issue for {audience}"),
        Request::Introspect { .. } => "introspect".to_owned(),
        Request::RevokeOwn { .. } => "revoke one's own".to_owned(),
        Request::ChangeById { change, id } => format!("{change:?} {id}"),
        Request::ChangeByText { change, .. } => format!("{change:?} a text"),
        Request::CutOff { subject, name, before } => format!("cut off {subject:?} {name} before {:?}", before.map(|time| time.seconds())),
        Request::CreateApi { audience, is_opaque, lifetime_seconds } => {
            format!("create API {audience}, opaque {is_opaque}, {lifetime_seconds} s")
        }
        Request::ChangeLifetime { api, lifetime_seconds } => format!("lifetime of {api}: {lifetime_seconds} s"),
        Request::DeleteApi { api } => format!("delete API {api}"),
        Request::CreateClient { name, .. } => format!("create client {name}"),
        Request::DeleteClient { client } => format!("delete client {client}"),
        Request::CreateSecret { client } => format!("create a secret of {client}"),
        Request::RotateKey => "rotate the signing key".to_owned(),
        // Keys are made by the library's own dice: their names differ from run to run.
        Request::RevokeKey { .. } => "revoke a signing key".to_owned(),
        Request::SignCheckpoint => "sign a checkpoint".to_owned(),
        Request::TendKeys => "tend the keys".to_owned(),
    }
}
