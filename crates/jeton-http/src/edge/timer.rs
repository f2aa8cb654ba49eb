use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Context;
use std::time::Duration;

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep};

use super::admission::Admission;
use super::deadline::{Deadlines, after};
use super::limits::Limits;
use super::progress::Progress;

/// A timer may not be set closer than this, or a limit of nothing would spin.
const CLOSEST: Duration = Duration::from_millis(5);

/// The one timer of a connection. It is set no further ahead than the shortest limit, so whatever begins before it rings is not overdue when it
/// does: beginning and ending a wait never touches it.
#[derive(Debug)]
pub(super) struct Timer<'a> {
    sleep: Pin<&'a mut Sleep>,
    set_for: Instant,
    /// Whether the sleep knows whom to wake. It is asked only when it has elapsed; the task, and so its waker, stays the same.
    armed: bool,
    deadlines: Deadlines,
}

/// What the timer has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ring {
    No,
    /// Something took too long and was marked so.
    Overdue,
    /// Nothing has happened for too long.
    Idle,
}

impl<'a> Timer<'a> {
    pub(super) fn new(sleep: Pin<&'a mut Sleep>, limits: &Limits) -> Self {
        let set_for = sleep.deadline();
        Self { sleep, set_for, armed: false, deadlines: Deadlines::new(limits, Instant::now()) }
    }

    /// To be asked after each poll of the connection that left it pending.
    pub(super) fn poll(&mut self, progress: &Progress, limits: &Limits, admission: &Admission, cx: &mut Context<'_>) -> Ring {
        if let Some(deadline) = self.deadlines.look(progress, Instant::now)
            && deadline < self.set_for
        {
            self.set(deadline);
        }
        loop {
            if self.armed && !self.sleep.is_elapsed() {
                return Ring::No;
            }
            // Without a budget: a peer that floods leaves none of it, and would never be overdue.
            self.armed = true;
            if pin!(unconstrained(self.sleep.as_mut())).poll(cx).is_pending() {
                return Ring::No;
            }
            match self.ring(progress, limits, admission) {
                Ring::No => {}
                ring => return ring,
            }
        }
    }

    fn ring(&mut self, progress: &Progress, limits: &Limits, admission: &Admission) -> Ring {
        let now = Instant::now();
        let overdue = self.deadlines.expire(progress, now);
        let patience = if admission.is_crowded() { limits.idle.min(limits.header_read) } else { limits.idle };
        let idle = self.deadlines.idle(progress, now) >= patience;
        let latest = after(now, limits.shortest());
        self.set(self.deadlines.nearest().map_or(latest, |nearest| nearest.min(latest)).max(after(now, CLOSEST)));
        match (overdue, idle) {
            (true, _) => Ring::Overdue,
            (false, true) => Ring::Idle,
            (false, false) => Ring::No,
        }
    }

    fn set(&mut self, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
        self.set_for = deadline;
        self.armed = false;
    }
}
