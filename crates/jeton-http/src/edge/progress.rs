use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// What a connection can wait for its peer, or its peer for it, to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The peer to finish the header it began.
    Header,
    /// The peer to send the rest of the body.
    Body,
    /// The handler to answer.
    Request,
    /// The peer to take what was written.
    Write,
    /// The peer to stop sending after its refusal.
    Linger,
}

impl Wait {
    pub(super) const ALL: [Self; 5] = [Self::Header, Self::Body, Self::Request, Self::Write, Self::Linger];
}

/// What the parts of one connection tell its driver: which waits are on, without any clock.
///
/// Each wait carries a ticket, so that the driver, looking between two polls, sees that a wait ended and another of its kind began. All parts run in
/// the connection's task, one after another; the fields are atomic only because a handler may move a body to another task, and relaxed because then
/// the worst is a limit that is measured from a moment later.
#[derive(Debug, Default)]
pub(super) struct Progress {
    last_ticket: AtomicU32,
    header: Slot,
    body: Slot,
    request: Slot,
    write: Slot,
    linger: Slot,
    responding: AtomicBool,
    unread: AtomicBool,
}

#[derive(Debug, Default)]
struct Slot {
    /// The ticket of the wait that is on, or 0.
    ticket: AtomicU32,
    /// The ticket of the last wait that took too long.
    overdue: AtomicU32,
}

impl Progress {
    /// Begins a wait; one that is on goes on.
    pub(super) fn begin(&self, wait: Wait) {
        let slot = self.slot(wait);
        if slot.ticket.load(Relaxed) == 0 {
            let ticket = self.last_ticket.load(Relaxed).checked_add(1).unwrap_or(1);
            self.last_ticket.store(ticket, Relaxed);
            slot.ticket.store(ticket, Relaxed);
        }
    }

    /// Ends a wait, if it is on.
    pub(super) fn end(&self, wait: Wait) {
        self.slot(wait).ticket.store(0, Relaxed);
    }

    /// The ticket of a wait that is on, or 0.
    pub(super) fn ticket(&self, wait: Wait) -> u32 {
        self.slot(wait).ticket.load(Relaxed)
    }

    /// Says that the wait with this ticket took too long; whoever waits fails at its next poll.
    pub(super) fn expire(&self, wait: Wait, ticket: u32) {
        self.slot(wait).overdue.store(ticket, Relaxed);
    }

    /// Whether the wait that is on took too long.
    pub(super) fn is_overdue(&self, wait: Wait) -> bool {
        let slot = self.slot(wait);
        let ticket = slot.ticket.load(Relaxed);
        ticket != 0 && ticket == slot.overdue.load(Relaxed)
    }

    /// A number that changes whenever anything happens on the connection.
    pub(super) fn activity(&self) -> u32 {
        self.last_ticket.load(Relaxed)
    }

    /// Whether nothing is under way: no wait and no response on its way.
    pub(super) fn is_idle(&self) -> bool {
        !self.responding.load(Relaxed) && Wait::ALL.into_iter().all(|wait| self.ticket(wait) == 0)
    }

    /// Whether the last request is read and answered whole, and nothing of a next one has come.
    pub(super) fn is_between_requests(&self) -> bool {
        !self.is_unread() && self.is_idle()
    }

    pub(super) fn set_responding(&self, responding: bool) {
        self.responding.store(responding, Relaxed);
    }

    /// Notes whether the last request's body is not, or not yet, read to its end.
    pub(super) fn set_unread(&self, unread: bool) {
        self.unread.store(unread, Relaxed);
    }

    pub(super) fn is_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// Whether the peer is probably still sending, so that closing now would reset the connection under the answer.
    pub(super) fn may_be_sending(&self) -> bool {
        self.is_unread() || self.ticket(Wait::Header) != 0
    }

    fn slot(&self, wait: Wait) -> &Slot {
        match wait {
            Wait::Header => &self.header,
            Wait::Body => &self.body,
            Wait::Request => &self.request,
            Wait::Write => &self.write,
            Wait::Linger => &self.linger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_ends_and_begins_again_is_another() {
        let progress = Progress::default();
        progress.begin(Wait::Header);
        let first = progress.ticket(Wait::Header);
        progress.begin(Wait::Header);
        assert_eq!(progress.ticket(Wait::Header), first);
        progress.end(Wait::Header);
        assert_eq!(progress.ticket(Wait::Header), 0);
        progress.begin(Wait::Header);
        assert_ne!(progress.ticket(Wait::Header), first);
    }

    #[test]
    fn overdue_is_the_wait_that_was_on() {
        let progress = Progress::default();
        progress.begin(Wait::Body);
        let ticket = progress.ticket(Wait::Body);
        progress.expire(Wait::Body, ticket);
        assert!(progress.is_overdue(Wait::Body) && !progress.is_overdue(Wait::Write));
        progress.end(Wait::Body);
        assert!(!progress.is_overdue(Wait::Body));
        progress.begin(Wait::Body);
        assert!(!progress.is_overdue(Wait::Body));
    }

    #[test]
    fn tickets_wrap_past_zero() {
        let progress = Progress { last_ticket: AtomicU32::new(u32::MAX), ..Progress::default() };
        progress.begin(Wait::Write);
        assert_eq!(progress.ticket(Wait::Write), 1);
    }

    #[test]
    fn idle_is_no_wait_and_no_response() {
        let progress = Progress::default();
        assert!(progress.is_idle());
        progress.set_responding(true);
        assert!(!progress.is_idle());
        progress.set_responding(false);
        progress.begin(Wait::Request);
        assert!(!progress.is_idle());
    }
}
