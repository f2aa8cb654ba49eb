//! The sessions that live, page by page, the newest first.

use jeton_core::id::{PersonId, SessionId};
use jeton_core::moment::Moment;
use jeton_core::record::Value;
use jeton_core::refusal::Refusal;
use jeton_core::session::judge::Judged;
use jeton_core::session::{BY_PERSON, Session, TABLE};
use jeton_store::find::{Direction, Find};

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

/// How many rows a page reads: where most of them are dead it may be short, and yet not the last one.
const READS_MAX: usize = 2_000;
/// How many are read at once.
const STEP: usize = 200;

/// A session that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// The session.
    pub session: Session,
    /// When its browser was last here, in seconds: as far as this process knows; otherwise when the person last proved who they are.
    pub last_seen_at: i64,
    /// Whether it counts for nothing until it, or its person, is resumed.
    pub is_suspended: bool,
}

/// Some of them.
#[derive(Debug)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<LiveSession>,
    /// Where the next page goes on; `None`: this is the last one.
    pub next: Option<String>,
}

impl Service {
    /// The sessions that live, of one person or of all, behind a place that a page named, at most so many. One that nobody uses may be idle by
    /// now: its cookie alone knows. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// `InvalidRequest` where the place is none; [`Failure::Fault`] when the engine cannot read.
    pub fn list_sessions(
        &self,
        person: Option<&PersonId>,
        after: Option<&str>,
        limit: usize,
        moment: &Moment,
    ) -> Result<SessionPage, Failure> {
        let place = |text| SessionId::parse(text).ok_or_else(|| Refusal::invalid("no page of sessions goes on there"));
        let mut behind = after.map(place).transpose()?;
        let prefix: Vec<Value> = person.map(|person| Value::Text(person.0.clone())).into_iter().collect();
        let (view, index) = (self.store.view()?, person.map(|_| BY_PERSON));
        let (mut sessions, mut reads) = (Vec::new(), 0);
        while reads < READS_MAX {
            let place = behind.map(|id| [Value::Id(id.0)]);
            let after = place.as_ref().map(<[Value; 1]>::as_slice);
            let find = Find { index, prefix: &prefix, after, direction: Direction::Backward, ..Find::first(&TABLE, STEP) };
            let rows = view.find(&find)?;
            for row in &rows {
                let session = Session::from_row(&row.record).map_err(damaged)?;
                let id = session.id;
                if let Some(live) = self.live_session(session, moment) {
                    if sessions.len() == limit {
                        return Ok(SessionPage { sessions, next: behind.map(|id| id.to_string()) });
                    }
                    sessions.push(live);
                }
                behind = Some(id);
            }
            if rows.len() < STEP {
                return Ok(SessionPage { sessions, next: None });
            }
            reads += rows.len();
        }
        Ok(SessionPage { sessions, next: behind.map(|id| id.to_string()) })
    }

    /// When the browser of a session was last here, in seconds: as far as this process knows.
    pub(crate) fn last_seen(&self, session: &Session) -> i64 {
        self.sessions_seen.last(session.id).map_or(session.renewed_at, |at| at.max(session.renewed_at))
    }

    /// This session, where it lives.
    fn live_session(&self, session: Session, moment: &Moment) -> Option<LiveSession> {
        let last_seen_at = self.last_seen(&session);
        match self.judge_but_for_suspension(&session, last_seen_at, moment) {
            // Idle by what this process remembers: its browser may have been here before it began.
            Judged::Live | Judged::Idle => {}
            Judged::Over | Judged::Ended => return None,
        }
        let is_suspended = self.is_session_suspended(&session);
        Some(LiveSession { session, last_seen_at, is_suspended })
    }
}
