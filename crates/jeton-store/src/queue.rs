//! What waits for the next group: those that narrow first, and fair between owners.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use jeton_core::commit::{Commit, Write};
use jeton_core::record::Value;

use crate::store::Submission;

/// How much one group takes, and how much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most commits of one group.
    pub group_commits: usize,
    /// The most bytes of one group, counted over what its commits write; one commit always fits.
    pub group_bytes: usize,
    /// The most commits that wait in each lane: what comes on top is told to come back.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { group_commits: 256, group_bytes: 1 << 20, waiting: 16_384 }
    }
}

/// Commits that wait. Pure: an engine puts it behind its own lock.
pub struct Queue {
    limits: Limits,
    narrowing: Lane,
    ordinary: Lane,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: Limits) -> Queue {
        Queue { limits, narrowing: Lane::default(), ordinary: Lane::default() }
    }

    /// How many commits wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.narrowing.count + self.ordinary.count
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets a commit wait; gives it back when its lane is full.
    ///
    /// # Errors
    /// The submission, which must be told that the store is busy.
    #[expect(
        clippy::result_large_err,
        reason = "the submission is moved either way; a box would cost an allocation on the path of an issue"
    )]
    pub fn push(&mut self, submission: Submission) -> Result<(), Submission> {
        let lane = if submission.commit.is_narrowing() { &mut self.narrowing } else { &mut self.ordinary };
        if lane.count >= self.limits.waiting {
            return Err(submission);
        }
        lane.push(submission);
        Ok(())
    }

    /// The next group. Narrowing commits come first and fill up to three quarters of it while others wait: a flood of revocations
    /// slows issuing down, but does not stop it.
    pub fn take(&mut self) -> Vec<Submission> {
        let mut group = Vec::with_capacity(self.len().min(self.limits.group_commits));
        let mut bytes = 0;
        let share = match self.ordinary.count {
            0 => self.limits.group_commits,
            waiting => self.limits.group_commits - waiting.min(self.limits.group_commits / 4),
        };
        for (lane, most) in [(&mut self.narrowing, share), (&mut self.ordinary, self.limits.group_commits)] {
            while group.len() < most
                && (group.is_empty() || bytes < self.limits.group_bytes)
                && let Some(submission) = lane.pop()
            {
                bytes += size_of_commit(&submission.commit);
                group.push(submission);
            }
        }
        group
    }
}

/// One lane: a queue for each owner, and the owners in the order of their turns.
#[derive(Default)]
struct Lane {
    waiting: HashMap<Arc<str>, VecDeque<Submission>, RandomState>,
    turns: VecDeque<Arc<str>>,
    count: usize,
}

impl Lane {
    fn push(&mut self, submission: Submission) {
        self.count += 1;
        if let Some(waiting) = self.waiting.get_mut(&submission.owner) {
            waiting.push_back(submission);
            return;
        }
        self.turns.push_back(Arc::clone(&submission.owner));
        self.waiting.insert(Arc::clone(&submission.owner), VecDeque::from([submission]));
    }

    fn pop(&mut self) -> Option<Submission> {
        let owner = self.turns.pop_front()?;
        let waiting = self.waiting.get_mut(&owner)?;
        let submission = waiting.pop_front()?;
        self.count -= 1;
        if waiting.is_empty() {
            self.waiting.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        Some(submission)
    }
}

fn size_of_commit(commit: &Commit) -> usize {
    let size_of_values = |values: &[Value]| -> usize {
        values.iter().map(|value| value.as_text().map_or(0, |text| text.len()) + value.as_bytes().map_or(8, <[u8]>::len)).sum()
    };
    let writes = commit.writes.iter().map(|write| match write {
        Write::Put { row, .. } => size_of_values(row),
        Write::Delete { key, .. } => size_of_values(key),
    });
    writes.sum::<usize>() + 64 * commit.marks.len() + 256 * commit.events.len()
}

#[cfg(test)]
mod tests {
    use jeton_core::event::Event;
    use jeton_core::id::{Actor, ApiId};
    use jeton_core::moment::{Moment, Time};
    use tokio::sync::oneshot;

    use super::*;
    use crate::conformance::CLIENTS;

    fn submission(owner: &str, number: i64, narrowing: bool) -> Submission {
        let mut commit = Commit::new(&mut Moment::new(Time::from_seconds(number), [0; 32]));
        if narrowing {
            commit = commit.tell(Event::ApiDeleted { actor: Actor::system(), api: ApiId::from("a") });
        }
        Submission { commit, owner: Arc::from(owner), reply: oneshot::channel().0 }
    }

    fn names(group: &[Submission]) -> String {
        group.iter().map(|submission| format!("{}{} ", submission.owner, submission.commit.time.seconds())).collect()
    }

    #[test]
    fn owners_take_turns_and_narrowing_goes_first() {
        let mut queue = Queue::new(Limits { group_commits: 8, ..Limits::default() });
        for number in 0..6 {
            queue.push(submission("loud", number, false)).ok().unwrap();
        }
        for (owner, number, narrowing) in [("calm", 6, false), ("third", 7, false), ("loud", 8, true), ("calm", 9, false)] {
            queue.push(submission(owner, number, narrowing)).ok().unwrap();
        }
        assert_eq!(names(&queue.take()), "loud8 loud0 calm6 third7 loud1 calm9 loud2 loud3 ");
        assert_eq!(names(&queue.take()), "loud4 loud5 ");
        assert!(queue.is_empty());
    }

    #[test]
    fn a_flood_of_narrowing_leaves_a_quarter() {
        let mut queue = Queue::new(Limits { group_commits: 8, ..Limits::default() });
        for number in 0..20 {
            queue.push(submission("n", number, true)).ok().unwrap();
            queue.push(submission("o", number, false)).ok().unwrap();
        }
        assert_eq!(names(&queue.take()), "n0 n1 n2 n3 n4 n5 o0 o1 ");
    }

    #[test]
    fn a_full_lane_gives_back_and_the_other_goes_on() {
        let mut queue = Queue::new(Limits { waiting: 2, ..Limits::default() });
        assert!(queue.push(submission("a", 0, false)).is_ok());
        assert!(queue.push(submission("b", 1, false)).is_ok());
        assert_eq!(queue.push(submission("c", 2, false)).err().map(|back| back.commit.time.seconds()), Some(2));
        assert!(queue.push(submission("d", 3, true)).is_ok());
        assert_eq!(queue.len(), 3);
    }

    #[test]
    fn a_group_is_bounded_in_bytes_but_never_empty() {
        let mut queue = Queue::new(Limits { group_bytes: 10, ..Limits::default() });
        for number in 0..3 {
            let mut large = submission("a", number, false);
            let row = vec![Value::text("0123456789"), Value::text("n"), Value::Null, Value::Int(0)];
            large.commit.writes.push(Write::Put { table: &CLIENTS, row });
            queue.push(large).ok().unwrap();
        }
        assert_eq!(queue.take().len(), 1);
        assert_eq!(queue.take().len(), 1);
    }
}
