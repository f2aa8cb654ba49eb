//! A network between the server and its verifiers that loses, delays, repeats and reorders.
//!
//! Feeds are streams, as TCP gives them: pieces carry their place, arrive in any order, twice or not at all, and the receiver puts them
//! together. A piece that is lost for good leaves the stream where it is until its verifier tires of the silence. Requests and replies
//! are single messages.

use bytes::Bytes;
use jeton_oauth::feed::Cursor;

use crate::chance::Chance;

/// The longest that a message is on its way, in microseconds.
pub(crate) const DELAY_MAX_MICROS: i64 = 2_000_000;

/// A message on its way.
pub(crate) struct Message {
    /// Which verifier sends or receives it.
    pub(crate) verifier: usize,
    /// Which of its connections it belongs to.
    pub(crate) connection: u64,
    /// What it is.
    pub(crate) kind: Kind,
    /// When it arrives, in microseconds since the run began.
    pub(crate) due_micros: i64,
}

/// What travels.
#[derive(Clone)]
pub(crate) enum Kind {
    /// To the server: follow from here on; `None` asks for a snapshot.
    Follow(Option<Cursor>),
    /// The cursor is not taken (410).
    Gone,
    /// A piece of the stream. With the last piece of what was sent at once, everything up to `completes` has been told.
    Piece {
        offset: u64,
        bytes: Bytes,
        completes: Option<u64>,
    },
    /// The stream ended.
    Closed,
    FetchKeys,
    Keys(String),
    Ask {
        question: u64,
        token: usize,
    },
    Told {
        question: u64,
        is_active: bool,
    },
}

impl Kind {
    fn goes_to_server(&self) -> bool {
        matches!(self, Kind::Follow(_) | Kind::FetchKeys | Kind::Ask { .. })
    }
}

/// All messages on their way.
#[derive(Default)]
pub(crate) struct Network {
    messages: Vec<Message>,
    /// Verifiers that nothing reaches and that reach nothing.
    cut_off: Vec<usize>,
}

impl Network {
    /// Sends a message. It may be lost, or come twice.
    pub(crate) fn send(&mut self, now_micros: i64, chance: &mut Chance, verifier: usize, connection: u64, kind: Kind) {
        // A lost piece of a stream is mostly sent again; what takes longer than a moment is lost for good.
        let is_lost = chance.once_in(60);
        let is_sent_again = matches!(kind, Kind::Piece { .. }) && !chance.once_in(8);
        if self.cut_off.contains(&verifier) || (is_lost && !is_sent_again) {
            return;
        }
        let copies = if chance.once_in(30) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = if is_lost || chance.once_in(8) { chance.between(0, DELAY_MAX_MICROS) } else { chance.between(100, 5_000) };
            self.messages.push(Message { verifier, connection, kind: kind.clone(), due_micros: now_micros + delay });
        }
    }

    /// Sends bytes of a stream, cut in pieces.
    pub(crate) fn stream(&mut self, now_micros: i64, chance: &mut Chance, to: (usize, u64), offset: u64, bytes: &Bytes, completes: u64) {
        let mut rest = bytes.clone();
        let mut place = offset;
        while !rest.is_empty() {
            let length = if chance.once_in(2) { rest.len() } else { chance.place(rest.len()).unwrap_or(0) + 1 };
            let piece = rest.split_to(length);
            let last = rest.is_empty().then_some(completes);
            self.send(now_micros, chance, to.0, to.1, Kind::Piece { offset: place, bytes: piece, completes: last });
            place += length as u64;
        }
    }

    /// One of the messages that have arrived by now.
    pub(crate) fn receive(&mut self, now_micros: i64, chance: &mut Chance) -> Option<Message> {
        let due: Vec<usize> =
            self.messages.iter().enumerate().filter(|(_, message)| message.due_micros <= now_micros).map(|(place, _)| place).collect();
        chance.pick(&due).map(|place| self.messages.remove(*place))
    }

    /// Cuts a verifier off, or lets it back; what was on its way to or from it is lost.
    pub(crate) fn toggle(&mut self, verifier: usize) -> bool {
        let was_cut = self.cut_off.contains(&verifier);
        if was_cut {
            self.cut_off.retain(|other| *other != verifier);
        } else {
            self.cut_off.push(verifier);
            self.messages.retain(|message| message.verifier != verifier);
        }
        !was_cut
    }

    /// The server's process ended: what it was to receive is lost.
    pub(crate) fn server_ended(&mut self) {
        self.messages.retain(|message| !message.kind.goes_to_server());
    }
}
