//! The follower of the feed, without a network.

use std::time::Duration;

use jeton_jose::Algorithm;
use jeton_jose::jwk::VerifyingKeys;
use jeton_oauth::Issuer;
use jeton_oauth::feed::{Cursor, FeedEvent, SnapshotPart};
use jeton_verify::clock::Reading;
use jeton_verify::feed::{Fault, Follower, Knowledge, News};
use jeton_verify::negatives::{Described, Judgement};
use jeton_verify::staleness::Trust;

use crate::clock::START;
use crate::ledger::{Ledger, resumed, revoked, suspended, unknown};

/// A follower and what it knows.
struct World {
    ledger: Ledger,
    keys: VerifyingKeys,
    follower: Follower,
    knowledge: Knowledge,
    uptime: u64,
}

impl World {
    fn new() -> Self {
        let ledger = Ledger::new("https://issuer.example");
        let keys = VerifyingKeys::new(vec![ledger.key.verifying_key().unwrap()]).unwrap();
        let follower = Follower::new(ledger.issuer.clone(), 35);
        Self { ledger, keys, follower, knowledge: Knowledge::default(), uptime: 0 }
    }

    /// Follows the tail after a snapshot at 10.
    fn following() -> Self {
        let mut world = Self::new();
        let snapshot = world.ledger.snapshot(10, vec![]);
        world.take(&snapshot).unwrap();
        world
    }

    fn take(&mut self, event: &FeedEvent) -> Result<News, Fault> {
        self.uptime += 1;
        self.follower.take(event, &self.keys, &self.knowledge, &self.now())
    }

    fn take_all(&mut self, events: &[FeedEvent]) -> Result<News, Fault> {
        events.iter().map(|event| self.take(event)).last().unwrap()
    }

    fn now(&self) -> Reading {
        let uptime = Duration::from_secs(self.uptime);
        Reading { since_1970: Duration::from_secs(START.unsigned_abs()) + uptime, uptime }
    }

    fn heard_just_now(&self) -> bool {
        self.knowledge.hearing(&self.now()).silent_for == Some(Duration::ZERO)
    }

    fn trust(&self) -> Trust {
        self.knowledge.hearing(&self.now()).trust
    }

    fn judge(&self, id: u8) -> Judgement {
        self.knowledge.negatives().judge(&Described { token: [id; 16], ..Described::default() }, START)
    }

    fn last_event_id(&self) -> Option<Cursor> {
        self.follower.last_event_id().cloned()
    }
}

#[test]
fn a_snapshot_counts_when_all_of_it_has_come() {
    let mut world = World::new();
    let parts = world.ledger.parts(10, 3, vec![revoked(1)]);
    for part in &parts[..2] {
        assert_eq!(world.take(part), Ok(News::default()));
        assert_eq!(world.last_event_id(), None);
    }
    assert_eq!(world.judge(1), Judgement::Accepted);
    assert!(world.take(&parts[2]).is_ok());
    assert_eq!((world.judge(1), world.last_event_id()), (Judgement::Revoked, Some(world.ledger.cursor(10))));
    assert!(!world.heard_just_now(), "a snapshot is no heartbeat");
    let checkpoint = world.ledger.checkpoint(11, START);
    assert_eq!(world.take(&checkpoint), Ok(News { heard: true, ..News::default() }));
    assert!(world.heard_just_now());
    assert_eq!((world.last_event_id(), world.follower.checkpoint_size()), (Some(world.ledger.cursor(11)), Some(12)));
}

#[test]
fn a_snapshot_must_be_the_issuers_own() {
    fn check(name: &str, expected: Fault, events: impl Fn(&Ledger) -> Vec<FeedEvent>) {
        let mut world = World::new();
        let events = events(&world.ledger);
        assert_eq!(world.take_all(&events), Err(expected), "{name}");
        assert_eq!((world.judge(1), world.last_event_id(), world.heard_just_now()), (Judgement::Accepted, None, false), "{name}");
    }
    let part =
        |ledger: &Ledger| SnapshotPart::split(&ledger.issuer, START, &ledger.cursor(10), &ledger.ledger_key(), vec![revoked(1)]).remove(0);
    let event = |ledger: &Ledger, part: SnapshotPart| vec![ledger.snapshot_event(&ledger.cursor(10), SnapshotPart::TYP, &part)];
    check("another key", Fault::UnknownKey, |ledger| vec![ledger.with_key(Algorithm::Es256).snapshot(10, vec![revoked(1)])]);
    check("another type", Fault::Snapshot, |ledger| vec![ledger.snapshot_event(&ledger.cursor(10), "at+jwt", &part(ledger))]);
    check("a longer type", Fault::Snapshot, |ledger| {
        vec![ledger.snapshot_event(&ledger.cursor(10), "application/jeton-snapshot+jwt", &part(ledger))]
    });
    check("another cursor", Fault::Snapshot, |ledger| vec![ledger.snapshot_event(&ledger.cursor(11), SnapshotPart::TYP, &part(ledger))]);
    check("another issuer", Fault::Snapshot, |ledger| {
        event(ledger, SnapshotPart { iss: Issuer::parse("https://other.example").unwrap(), ..part(ledger) })
    });
    check("no ledger key", Fault::Snapshot, |ledger| event(ledger, SnapshotPart { ledger_key: "x".into(), ..part(ledger) }));
    check("begins with the second part", Fault::Snapshot, |ledger| event(ledger, SnapshotPart { part: 2, parts: 2, ..part(ledger) }));
    check("too many parts", Fault::Snapshot, |ledger| event(ledger, SnapshotPart { parts: 257, ..part(ledger) }));
    check("a part twice", Fault::Snapshot, |ledger| {
        let parts = ledger.parts(10, 3, vec![]);
        vec![parts[0].clone(), parts[0].clone()]
    });
    check("parts of two snapshots", Fault::Snapshot, |ledger| {
        let (mut parts, others) = (ledger.parts(10, 2, vec![]), ledger.parts(11, 2, vec![]));
        parts[1] = others[1].clone();
        parts
    });
    check("another ledger key in the second part", Fault::Snapshot, |ledger| {
        let mut parts = ledger.parts(10, 2, vec![]);
        parts[1] = ledger.with_ledger_key(8).parts(10, 2, vec![])[1].clone();
        parts
    });
    check("an event between parts", Fault::Disorder, |ledger| {
        vec![ledger.parts(10, 2, vec![])[0].clone(), ledger.narrowing(11, resumed(9))]
    });
    check("a heartbeat between parts", Fault::Disorder, |ledger| {
        vec![ledger.parts(10, 2, vec![])[0].clone(), ledger.checkpoint(11, START)]
    });
    check("a tail without a snapshot", Fault::Disorder, |ledger| vec![ledger.narrowing(11, revoked(1))]);
    check("a heartbeat without a snapshot", Fault::Disorder, |ledger| vec![ledger.checkpoint(11, START)]);
}

#[test]
fn a_tail_is_taken_in_order() {
    fn check(name: &str, expected: Result<(), Fault>, event: impl Fn(&Ledger) -> FeedEvent) {
        let mut world = World::following();
        let before = [world.ledger.narrowing(20, suspended(1)), world.ledger.checkpoint(30, START)];
        world.take_all(&before).unwrap();
        let event = event(&world.ledger);
        assert_eq!(world.take(&event).map(drop), expected, "{name}");
        // After a fault the verifier asks for a snapshot; what it knew stays.
        assert_eq!(world.last_event_id().is_some(), expected.is_ok(), "{name}");
        assert_eq!(world.judge(1), Judgement::Suspended, "{name}");
        assert!(world.follower.known().is_some(), "{name}");
    }
    check("the next", Ok(()), |ledger| ledger.narrowing(31, revoked(2)));
    check("the same place", Ok(()), |ledger| ledger.narrowing(30, revoked(2)));
    check("an earlier one", Err(Fault::Disorder), |ledger| ledger.narrowing(29, resumed(1)));
    check("an earlier heartbeat", Err(Fault::Disorder), |ledger| ledger.checkpoint(29, START));
    check("another incarnation", Err(Fault::Disorder), |ledger| ledger.restored().narrowing(31, resumed(1)));
    check("a heartbeat of another incarnation", Err(Fault::Disorder), |ledger| ledger.restored().checkpoint(31, START));
    check("a heartbeat signed with another key", Err(Fault::Checkpoint), |ledger| ledger.with_ledger_key(8).checkpoint(31, START));
    check("a smaller ledger", Err(Fault::Forked), |ledger| ledger.checkpoint_of(31, 30, 3, START));
    check("another history", Err(Fault::Forked), |ledger| ledger.checkpoint_of(31, 31, 4, START));
    check("a change that is not known", Err(Fault::UnknownChange), |ledger| ledger.narrowing(31, unknown()));
    check("an event that is not known", Err(Fault::UnknownChange), |ledger| FeedEvent::Unknown {
        cursor: ledger.cursor(31),
        name: "planet".into(),
    });
}

#[test]
fn a_heartbeat_from_long_ago_is_none() {
    let mut world = World::following();
    let late = world.ledger.checkpoint(11, START - 36);
    assert_eq!(world.take(&late), Ok(News { late: true, ..News::default() }));
    assert!(!world.heard_just_now());
    let ahead = world.ledger.checkpoint(12, START + 3_600);
    assert_eq!(world.take(&ahead), Ok(News { heard: true, ..News::default() }));
}

#[test]
fn a_snapshot_older_than_what_is_known_opens_no_window() {
    let mut world = World::following();
    let tail = [
        world.ledger.narrowing(20, suspended(1)),
        world.ledger.narrowing(21, resumed(1)),
        world.ledger.narrowing(22, suspended(1)),
        world.ledger.narrowing(23, revoked(2)),
    ];
    world.take_all(&tail).unwrap();
    world.follower.connected();
    world.follower.start_over();
    // The server kept it for others; the tail that follows catches up.
    let snapshot = world.ledger.snapshot(21, vec![suspended(1), resumed(1)]);
    world.take(&snapshot).unwrap();
    for event in [world.ledger.checkpoint(21, START), tail[2].clone()] {
        assert_eq!(world.take(&event), Ok(News::default()));
        assert_eq!((world.judge(1), world.judge(2)), (Judgement::Suspended, Judgement::Revoked));
        assert!(!world.heard_just_now(), "it has not caught up");
        assert_eq!(world.last_event_id(), None);
    }
    world.take(&tail[3]).unwrap();
    assert_eq!((world.judge(1), world.judge(2)), (Judgement::Suspended, Judgement::Revoked));
    assert_eq!(world.last_event_id(), Some(world.ledger.cursor(23)));
    let checkpoint = world.ledger.checkpoint(24, START);
    assert!(world.take(&checkpoint).unwrap().heard);
    let resumed = world.ledger.narrowing(25, resumed(1));
    world.take(&resumed).unwrap();
    assert_eq!(world.judge(1), Judgement::Accepted);
}

#[test]
fn a_restore_brings_nothing_back() {
    let mut world = World::following();
    let tail = [world.ledger.narrowing(20, revoked(1)), world.ledger.checkpoint(30, START)];
    world.take_all(&tail).unwrap();
    let restored = world.ledger.restored();
    assert_eq!(world.take(&restored.checkpoint(5, START)), Err(Fault::Disorder));
    // It lost the revocation and is smaller: a new life may be, and the verifier still remembers.
    world.take(&restored.snapshot(5, vec![])).unwrap();
    assert!(world.take(&restored.checkpoint(5, START)).unwrap().heard);
    assert_eq!((world.judge(1), world.trust()), (Judgement::Revoked, Trust::Sound));
    assert_eq!(world.last_event_id(), Some(restored.cursor(5)));
}

#[test]
fn a_forked_ledger_is_not_believed_again() {
    let mut world = World::following();
    let ledger = world.ledger.clone();
    world.take(&ledger.checkpoint(30, START)).unwrap();
    assert_eq!(world.take(&ledger.checkpoint_of(30, 5, 3, START)), Err(Fault::Forked));
    assert_eq!(world.trust(), Trust::Broken);
    world.take(&ledger.snapshot(31, vec![])).unwrap();
    world.take(&ledger.checkpoint(31, START)).unwrap();
    world.follower.garbled(&world.knowledge);
    assert_eq!(world.trust(), Trust::Broken);
    world.take(&ledger.restored().snapshot(5, vec![])).unwrap();
    assert_eq!(world.trust(), Trust::Sound);
}

#[test]
fn what_is_not_known_makes_doubtful_until_a_snapshot_without_it() {
    let mut world = World::following();
    let ledger = world.ledger.clone();
    assert_eq!(world.take(&ledger.narrowing(20, unknown())), Err(Fault::UnknownChange));
    assert_eq!((world.trust(), world.last_event_id()), (Trust::Doubtful, None));
    // It is still there, and so are its successors: asking again and again would not help.
    assert!(world.take(&ledger.snapshot(20, vec![unknown(), revoked(1)])).unwrap().unknown_change);
    assert_eq!((world.trust(), world.judge(1)), (Trust::Doubtful, Judgement::Revoked));
    assert!(world.take(&ledger.narrowing(21, unknown())).unwrap().unknown_change);
    assert!(world.take(&ledger.checkpoint(22, START)).unwrap().heard);
    assert_eq!(world.trust(), Trust::Doubtful);
    world.follower.start_over();
    world.take(&ledger.snapshot(23, vec![])).unwrap();
    assert_eq!((world.trust(), world.judge(1)), (Trust::Sound, Judgement::Revoked));
    world.follower.garbled(&world.knowledge);
    assert_eq!((world.trust(), world.last_event_id()), (Trust::Doubtful, None));
}

#[test]
fn an_unknown_change_on_the_way_to_catching_up_counts() {
    let mut world = World::following();
    let ledger = world.ledger.clone();
    world.take(&ledger.narrowing(20, revoked(1))).unwrap();
    world.follower.start_over();
    world.take(&ledger.snapshot(15, vec![])).unwrap();
    world.take(&ledger.narrowing(16, unknown())).unwrap();
    world.take(&ledger.checkpoint(20, START)).unwrap();
    assert_eq!((world.trust(), world.judge(1)), (Trust::Doubtful, Judgement::Revoked));
}

#[test]
fn keys_are_told_of() {
    use jeton_oauth::feed::{Change, SubjectId};
    let mut world = World::following();
    let ledger = world.ledger.clone();
    let changed = world.take(&ledger.narrowing(11, Change::SigningKeysChanged));
    assert_eq!(changed, Ok(News { keys_changed: true, ..News::default() }));
    let kid = SubjectId::parse(ledger.key.key_id()).unwrap();
    let revoked = world.take(&ledger.narrowing(12, Change::SigningKeyRevoked { kid, until_seconds: START + 900 }));
    assert_eq!(revoked, Ok(News { keys_changed: true, key_revoked: true, ..News::default() }));
    // What a revoked key signs is no snapshot, although the key set still holds it.
    assert_eq!(world.take(&ledger.snapshot(13, vec![])), Err(Fault::Snapshot));
}

#[test]
fn negatives_are_kept_a_day_longer_than_needed_by_both_clocks() {
    fn check(ledger_seconds: i64, own_seconds: u64, expected: Judgement) {
        let mut world = World::following();
        let ledger = world.ledger.clone();
        // They say that they may go at START + 4,000.
        world.take(&ledger.narrowing(20, revoked(1))).unwrap();
        world.uptime = own_seconds - 1;
        world.take(&ledger.checkpoint(21, START + ledger_seconds)).unwrap();
        assert_eq!(world.judge(1), expected, "{ledger_seconds} {own_seconds}");
    }
    check(90_399, 90_399, Judgement::Revoked);
    check(90_400, 90_400, Judgement::Accepted);
    check(90_400, 90_399, Judgement::Revoked);
    check(90_399, 90_400, Judgement::Revoked);
    check(3_000_000, 100, Judgement::Revoked);
    check(100, 3_000_000, Judgement::Revoked);
}
