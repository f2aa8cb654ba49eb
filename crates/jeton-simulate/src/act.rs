//! One step of the world: whatever happens next.

use jeton_service::revoke::TokenChange;
use jeton_store::memory::Fate;
use jeton_store::store::{Fault, FaultKind, Store as _};
use jeton_verify::staleness::Server as Reach;

use crate::broadcast::Broadcast;
use crate::network::{DELAY_MAX_MICROS, Kind, Message};
use crate::request::Request;
use crate::server::Server;
use crate::verifier::{Verdict, Verifier};
use crate::world::{Pending, Question, World};

/// How many requests are on their way at most.
const PENDING_MAX: usize = 6;
/// How long a verifier waits for the answer to a question, in microseconds.
const QUESTION_MICROS: i64 = 2_000_000;
/// Waits between two steps, in microseconds: a run changes between these paces.
const PACES: [(i64, i64); 6] = [
    (1_000, 100_000),
    (1_000, 100_000),
    (100_000, 1_500_000),
    (100_000, 3_000_000),
    (5_000_000, 600_000_000),
    (600_000_000, 14_400_000_000),
];
const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

#[derive(Clone, Copy)]
enum Act {
    Poll,
    Store,
    Wish,
    Deliver,
    Broadcast,
    Connect,
    Present,
    Wait,
    Pace,
    LeaveImage,
    Crash,
    Cancel,
    JumpServer,
    JumpVerifier,
    CutCable,
    RestartVerifier,
}

const ACTS: [(u64, Act); 16] = [
    (300, Act::Poll),
    (120, Act::Store),
    (90, Act::Wish),
    (160, Act::Deliver),
    (100, Act::Broadcast),
    (40, Act::Connect),
    (30, Act::Present),
    (60, Act::Wait),
    (4, Act::Pace),
    (3, Act::LeaveImage),
    (3, Act::Crash),
    (4, Act::Cancel),
    (2, Act::JumpServer),
    (1, Act::JumpVerifier),
    (3, Act::CutCable),
    (2, Act::RestartVerifier),
];

impl World {
    /// Lets the next thing happen.
    ///
    /// # Errors
    /// What must not have been.
    pub(crate) fn act(&mut self) -> Result<(), String> {
        self.step += 1;
        let micros = self.chance.between(20, 400);
        self.passing.advance(micros);
        let act = self.chance.weighted(&ACTS).unwrap_or(Act::Poll);
        match act {
            Act::Poll => {
                self.server.executor.poll_one(&mut self.chance);
            }
            Act::Store => self.decide_group()?,
            Act::Wish if self.pending.len() < PENDING_MAX => self.wish(),
            Act::Wish => {}
            Act::Deliver => {
                if let Some(message) = self.network.receive(self.passing.micros(), &mut self.chance)
                    && !self.is_stuck(&message)
                {
                    self.deliver(message)?;
                }
            }
            Act::Broadcast => self.broadcast(),
            Act::Connect => self.tend_connections(),
            Act::Present => self.present(),
            Act::Wait => self.wait()?,
            Act::Pace => self.pace = self.chance.place(PACES.len()).unwrap_or(0),
            Act::LeaveImage => self.server.leave_image(),
            Act::Crash => self.crash("killed")?,
            Act::Cancel => self.cancel(),
            Act::JumpServer => {
                let seconds = self.jump();
                self.wall.set_wrong_by(seconds);
                self.tally.clock_jumps += 1;
                self.trace.note(format!("the server's wall is {seconds} s wrong"));
            }
            Act::JumpVerifier => self.jump_verifier(),
            Act::CutCable => {
                let verifier = self.chance.place(self.verifiers.len()).unwrap_or(0);
                let is_cut = self.network.toggle(verifier);
                self.trace.note(format!("verifier {verifier} {}", if is_cut { "is cut off" } else { "is back" }));
            }
            Act::RestartVerifier => self.restart_verifier()?,
        }
        if self.server.is_lost() && self.chance.once_in(5) {
            self.crash("ends after a failed fsync")?;
        }
        self.end_questions();
        self.hear()
    }

    fn decide_group(&mut self) -> Result<(), String> {
        if self.server.store.statistics().waiting == 0 {
            return Ok(());
        }
        let fault = Fault::new(FaultKind::Engine, "the engine failed");
        let fate = match self.chance.below(100) {
            0..=88 => Fate::Durable,
            89..=91 => Fate::FailBefore(fault),
            92..=94 => Fate::LostAnswer,
            95 => Fate::FsyncFails { written: self.chance.once_in(2) },
            96 | 97 => Fate::CrashBeforeDurable,
            _ => Fate::CrashAfterDurable,
        };
        let count = self.server.store.step(&fate);
        if fate != Fate::Durable {
            self.trace.note(format!("a group of {count}: {fate:?}"));
        }
        match fate {
            Fate::CrashBeforeDurable | Fate::CrashAfterDurable => self.crash("killed while it wrote"),
            _ => self.read_ledger(),
        }
    }

    /// Takes what is new in the ledger, as long as the process can tell.
    fn read_ledger(&mut self) -> Result<(), String> {
        if self.server.is_lost() {
            return Ok(());
        }
        let entries = self.server.store.tail(self.history.size(), usize::MAX).map_err(|fault| fault.to_string())?;
        self.history.take(&entries, &mut self.tokens)?;
        self.history.check_head(&self.server.store.head())
    }

    /// The process ends where it stands, and another starts on what is on the disk.
    fn crash(&mut self, why: &str) -> Result<(), String> {
        self.hear()?;
        self.tally.crashes += 1;
        self.life += 1;
        self.trace.note(format!("the server {why}; life {} begins", self.life));
        for pending in std::mem::take(&mut self.pending) {
            self.server.executor.cancel(pending.task);
        }
        self.inbox = crate::request::Inbox::default();
        self.broadcasts.clear();
        self.network.server_ended();
        for (place, verifier) in self.verifiers.iter().enumerate() {
            if let Some(connection) = &verifier.connection {
                self.network.send(self.passing.micros(), &mut self.chance, place, connection.number, Kind::Closed);
            }
        }
        if self.chance.once_in(2) {
            self.server.leave_image();
        }
        self.server = Server::start(Some(&self.server), &self.wall, &mut self.chance, self.breakage)?;
        self.tally.images_taken_up += u64::from(self.server.has_fresh_image());
        self.is_set_up = false;
        self.accepts_clock = self.chance.once_in(3);
        let entries = self.server.store.tail(0, usize::MAX).map_err(|fault| fault.to_string())?;
        self.history.compare(&entries)?;
        self.read_ledger()?;
        self.check_rows()
    }

    /// A client tires of waiting: its request is dropped where it stands, though what it handed over may still be done.
    fn cancel(&mut self) {
        let Some(place) = self.chance.place(self.pending.len()) else { return };
        let pending = self.pending.swap_remove(place);
        if matches!(pending.request, Request::SetUp { .. } | Request::SignCheckpoint | Request::TendKeys) {
            self.pending.push(pending);
            return;
        }
        self.trace.note(format!("#{} is given up", pending.number));
        self.server.executor.cancel(pending.task);
        if let Request::ChangeById { id, change: TokenChange::Resume } = pending.request {
            for token in self.tokens.iter_mut().filter(|token| token.kept().id == id) {
                (token.may_be_resumed, token.is_suspended) = (true, false);
            }
        }
    }

    fn wait(&mut self) -> Result<(), String> {
        let (least, most) = PACES.get(self.pace).copied().unwrap_or((1_000, 1_000));
        let micros = self.chance.between(least, most);
        self.passing.advance(micros);
        if self.passing.micros() < self.next_second_micros {
            return Ok(());
        }
        self.next_second_micros = self.passing.micros() + SECOND;
        if let Some(notice) = self.server.service.posture().observe(self.server.clock.follow_wall()) {
            self.trace.note(format!("the server says: {notice}"));
        }
        if self.is_set_up && !self.server.is_lost() {
            self.ask_on_schedule(Request::SignCheckpoint);
            if self.passing.micros() >= self.next_minute_micros {
                self.next_minute_micros = self.passing.micros() + 60 * SECOND;
                self.ask_on_schedule(Request::TendKeys);
                self.purge()?;
            }
        }
        Ok(())
    }

    /// A schedule does not overtake itself.
    fn ask_on_schedule(&mut self, request: Request) {
        let is_the_same = |pending: &Pending| std::mem::discriminant(&pending.request) == std::mem::discriminant(&request);
        if !self.pending.iter().any(is_the_same) {
            self.ask(request);
        }
    }

    fn purge(&mut self) -> Result<(), String> {
        let now = self.server.clock.now();
        if self.server.service.posture().may_destroy(now) {
            self.purged_at_seconds = self.purged_at_seconds.max(now.seconds());
            for token in &mut self.tokens {
                token.may_have_left |= token.kept().expires_at + DAY_SECONDS <= now.seconds();
            }
        }
        let rows = self.server.service.drop_expired().map_err(|fault| fault.to_string())?;
        if rows > 0 {
            self.trace.note(format!("{rows} old rows left"));
        }
        Ok(())
    }

    fn jump(&mut self) -> i64 {
        let far = 40 * DAY_SECONDS;
        let near = self.chance.between(-90, 90);
        self.chance.pick(&[0, 0, far, -far, near, 2 * DAY_SECONDS]).copied().unwrap_or(0)
    }

    fn jump_verifier(&mut self) {
        let seconds = self.jump();
        let place = self.chance.place(self.verifiers.len()).unwrap_or(0);
        if let Some(verifier) = self.verifiers.get(place) {
            verifier.wall.set_wrong_by(seconds);
            self.trace.note(format!("the wall of verifier {place} is {seconds} s wrong"));
        }
    }

    fn restart_verifier(&mut self) -> Result<(), String> {
        let place = self.chance.place(self.verifiers.len()).unwrap_or(0);
        if let Some(verifier) = self.verifiers.get_mut(place) {
            let (wall, patience, agreed_seconds) = (verifier.wall.clone(), verifier.patience, verifier.agreed_seconds);
            *verifier = Verifier::new(verifier.audience.clone(), wall, self.passing.clone(), patience, self.breakage)?;
            verifier.agreed_seconds = agreed_seconds;
            self.questions.retain(|question| question.verifier != place);
            self.trace.note(format!("verifier {place} starts anew"));
        }
        Ok(())
    }

    fn broadcast(&mut self) {
        let Some(place) = self.chance.place(self.broadcasts.len()) else { return };
        let Some(broadcast) = self.broadcasts.get_mut(place) else { return };
        let to = (broadcast.verifier, broadcast.connection);
        match broadcast.more(&self.server.service) {
            Ok(Some(chunk)) => {
                self.network.stream(self.passing.micros(), &mut self.chance, to, chunk.offset, &chunk.bytes, chunk.completes);
            }
            Ok(None) => {}
            Err(()) => {
                self.network.send(self.passing.micros(), &mut self.chance, to.0, to.1, Kind::Closed);
                self.broadcasts.remove(place);
            }
        }
    }

    fn tend_connections(&mut self) {
        let Some(place) = self.chance.place(self.verifiers.len()) else { return };
        let number = self.number();
        let now = self.passing.micros();
        let Some(verifier) = self.verifiers.get_mut(place) else { return };
        if verifier.tire() {
            self.trace.note(format!("verifier {place} tires of the silence"));
        }
        if verifier.wants_keys {
            self.network.send(now, &mut self.chance, place, 0, Kind::FetchKeys);
        }
        if verifier.connection.is_none() {
            let cursor = verifier.connect(number);
            let from = cursor.as_ref().map(|cursor| cursor.sequence);
            self.trace.note(format!("verifier {place} connects after {from:?}"));
            self.network.send(now, &mut self.chance, place, number, Kind::Follow(cursor));
        }
    }

    /// Somebody presents a token to a verifier.
    fn present(&mut self) {
        let Some(place) = self.chance.place(self.tokens.len()) else { return };
        let Some(token) = self.tokens.get(place) else { return };
        let Some(who) = self.verifiers.iter().position(|verifier| verifier.audience == token.audience) else { return };
        let Some(verifier) = self.verifiers.get(who) else { return };
        if verifier.judge(place, token, Reach::MayAnswer) == Verdict::Ask {
            let number = self.number();
            let now = self.passing.micros();
            self.questions.push(Question { number, verifier: who, token: place, asked_at_micros: now });
            self.network.send(now, &mut self.chance, who, 0, Kind::Ask { question: number, token: place });
        }
    }

    fn end_questions(&mut self) {
        let now = self.passing.micros();
        self.questions.retain(|question| now - question.asked_at_micros <= QUESTION_MICROS);
    }

    /// Whether a message that should have come long ago is lost. A verifier tells a feed that was held up from a live one by the time in
    /// its checkpoints; where the clocks disagree it cannot, and the network must not do that to it.
    fn is_stuck(&self, message: &Message) -> bool {
        let is_late = self.passing.micros() - message.due_micros > DELAY_MAX_MICROS;
        let ledger = self.server.store.head().time.seconds().max(self.wall.seconds());
        is_late && self.verifiers.get(message.verifier).is_some_and(|verifier| ledger - verifier.wall.seconds() > 1)
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        let Message { verifier: place, connection, kind, .. } = message;
        match kind {
            Kind::Follow(cursor) => self.begin_broadcast((place, connection), cursor.as_ref())?,
            Kind::FetchKeys if self.is_set_up => {
                let published = self.server.service.registry().keys().published.to_string();
                self.network.send(self.passing.micros(), &mut self.chance, place, 0, Kind::Keys(published));
            }
            Kind::Ask { question, token } if self.is_set_up => self.answer_question(place, question, token),
            Kind::FetchKeys | Kind::Ask { .. } => {}
            Kind::Told { question, is_active } => self.take_answer(question, is_active)?,
            Kind::Keys(published) => self.verifiers.get_mut(place).into_iter().for_each(|verifier| verifier.take_keys(&published)),
            kind => {
                let Some(verifier) = self.verifiers.get_mut(place) else { return Ok(()) };
                if verifier.connection.as_ref().is_none_or(|open| open.number != connection) {
                    return Ok(());
                }
                match kind {
                    Kind::Gone => verifier.gone(),
                    Kind::Piece { offset, bytes, completes } => verifier.receive(offset, bytes, completes),
                    _ => verifier.connection = None,
                }
            }
        }
        Ok(())
    }

    fn begin_broadcast(&mut self, to: (usize, u64), cursor: Option<&jeton_oauth::feed::Cursor>) -> Result<(), String> {
        let Some(verifier) = self.verifiers.get(to.0).filter(|_| self.is_set_up && !self.server.is_lost()) else { return Ok(()) };
        let (service, now) = (self.server.service.clone(), self.passing.micros());
        match Broadcast::begin(&service, to, &verifier.audience, cursor, self.breakage)? {
            Some((broadcast, chunk)) => {
                self.broadcasts.retain(|other| (other.verifier, other.connection) != to);
                self.broadcasts.push(broadcast);
                self.network.stream(now, &mut self.chance, to, chunk.offset, &chunk.bytes, chunk.completes);
            }
            None => self.network.send(now, &mut self.chance, to.0, to.1, Kind::Gone),
        }
        Ok(())
    }

    /// Introspection for a verifier: what the server says of the token at this moment.
    fn answer_question(&mut self, place: usize, question: u64, token: usize) {
        let Some(token) = self.tokens.get(token).filter(|_| !self.server.is_lost()) else { return };
        let (standing, _) = self.server.service.stand(&token.proven, &self.server.moment());
        let is_active = standing == jeton_core::token::standing::Standing::Active;
        self.network.send(self.passing.micros(), &mut self.chance, place, 0, Kind::Told { question, is_active });
    }

    fn take_answer(&mut self, number: u64, is_active: bool) -> Result<(), String> {
        let Some(place) = self.questions.iter().position(|question| question.number == number) else { return Ok(()) };
        let question = self.questions.swap_remove(place);
        let (Some(verifier), Some(token)) = (self.verifiers.get_mut(question.verifier), self.tokens.get(question.token)) else {
            return Ok(());
        };
        verifier.take_answer(question.token, token, is_active);
        let speaks_against = verifier.judge_by_itself(question.token, token, verifier.reading().seconds()).is_some();
        if is_active && !speaks_against && token.dead_since_micros.is_some_and(|since| since < question.asked_at_micros) {
            return Err(format!("verifier {} asked about dead token {} and let it pass", question.verifier, question.token));
        }
        Ok(())
    }
}
