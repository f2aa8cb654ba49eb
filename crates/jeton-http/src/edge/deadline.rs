use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;
use super::progress::{Progress, Wait};

/// The waits of one connection with the clock put to them: when each becomes overdue.
#[derive(Debug)]
pub(super) struct Deadlines {
    waits: [Deadline; Wait::ALL.len()],
    activity: u32,
    idle_since: Instant,
}

#[derive(Debug)]
struct Deadline {
    wait: Wait,
    limit: Duration,
    /// The ticket last seen.
    ticket: u32,
    /// When it is overdue; `None` when nothing is waited for, or when it has expired already.
    at: Option<Instant>,
}

impl Deadlines {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let waits = Wait::ALL.map(|wait| Deadline { wait, limit: limit_of(wait, limits), ticket: 0, at: None });
        Self { waits, activity: 0, idle_since: now }
    }

    /// Puts the time to what began since the last look. The clock is read only if something did: a request that came and went between two looks
    /// costs five comparisons. Returns the nearest deadline if there is a new one.
    pub(super) fn look(&mut self, progress: &Progress, clock: impl Fn() -> Instant) -> Option<Instant> {
        let mut now = None;
        let mut nearest: Option<Instant> = None;
        for deadline in &mut self.waits {
            let ticket = progress.ticket(deadline.wait);
            if ticket == deadline.ticket {
                continue;
            }
            deadline.ticket = ticket;
            deadline.at = (ticket != 0).then(|| after(*now.get_or_insert_with(&clock), deadline.limit));
            nearest = earlier(nearest, deadline.at);
        }
        nearest
    }

    /// Marks what is overdue by now; true if anything is.
    pub(super) fn expire(&mut self, progress: &Progress, now: Instant) -> bool {
        let mut any = false;
        for deadline in &mut self.waits {
            if deadline.at.is_some_and(|at| at <= now) {
                deadline.at = None;
                progress.expire(deadline.wait, deadline.ticket);
                any = true;
            }
        }
        any
    }

    /// The nearest deadline.
    pub(super) fn nearest(&self) -> Option<Instant> {
        self.waits.iter().fold(None, |nearest, deadline| earlier(nearest, deadline.at))
    }

    /// How long nothing has happened, as seen by looks that are at most one timer apart.
    pub(super) fn idle(&mut self, progress: &Progress, now: Instant) -> Duration {
        if progress.activity() != self.activity || !progress.is_idle() {
            self.activity = progress.activity();
            self.idle_since = now;
        }
        now.saturating_duration_since(self.idle_since)
    }
}

/// The moment so much later, or a year later where that cannot be told.
pub(super) fn after(moment: Instant, time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    moment.checked_add(time).unwrap_or(moment + YEAR)
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn limit_of(wait: Wait, limits: &Limits) -> Duration {
    match wait {
        Wait::Header => limits.header_read,
        Wait::Body => limits.body_read,
        Wait::Request => limits.request,
        Wait::Write => limits.write,
        Wait::Linger => limits.linger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_wait_is_timed_from_the_look_that_saw_it_begin() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut deadlines = Deadlines::new(&Limits::default(), start);
        assert_eq!(deadlines.look(&progress, || panic!("no clock is needed")), None);
        progress.begin(Wait::Header);
        assert_eq!(deadlines.look(&progress, || start + seconds(1)), Some(start + seconds(9)));
        assert_eq!(deadlines.look(&progress, || panic!("no clock is needed")), None);
        assert!(!deadlines.expire(&progress, start + seconds(8)));
        assert!(deadlines.expire(&progress, start + seconds(9)));
        assert!(progress.is_overdue(Wait::Header));
        assert!(!deadlines.expire(&progress, start + seconds(10)), "told once");
        assert_eq!(deadlines.nearest(), None);
    }

    #[test]
    fn a_wait_that_began_anew_is_timed_anew() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut deadlines = Deadlines::new(&Limits::default(), start);
        progress.begin(Wait::Write);
        let _ = deadlines.look(&progress, || start);
        progress.end(Wait::Write);
        progress.begin(Wait::Write);
        assert_eq!(deadlines.look(&progress, || start + seconds(5)), Some(start + seconds(13)));
    }

    #[test]
    fn the_nearest_deadline_counts() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut deadlines = Deadlines::new(&Limits::default(), start);
        progress.begin(Wait::Request);
        progress.begin(Wait::Body);
        assert_eq!(deadlines.look(&progress, || start), Some(start + seconds(8)));
        progress.end(Wait::Body);
        let _ = deadlines.look(&progress, || start);
        assert_eq!(deadlines.nearest(), Some(start + seconds(30)));
    }

    #[test]
    fn idle_counts_from_the_last_look_that_saw_anything() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut deadlines = Deadlines::new(&Limits::default(), start);
        assert_eq!(deadlines.idle(&progress, start + seconds(5)), seconds(5));
        progress.begin(Wait::Request);
        progress.end(Wait::Request);
        assert_eq!(deadlines.idle(&progress, start + seconds(8)), seconds(0));
        assert_eq!(deadlines.idle(&progress, start + seconds(16)), seconds(8));
        progress.set_responding(true);
        assert_eq!(deadlines.idle(&progress, start + seconds(24)), seconds(0));
    }
}
