//! Segments are joined, and a restore of them is the same.

use std::sync::Arc;

use jeton_backup::failure::Failure;
use jeton_backup::join::bounds::Bounds;
use jeton_backup::join::{Joined, Joining};
use jeton_backup::names::Segment;
use jeton_backup::problem::What;
use jeton_backup::restore::{Restore, segments};
use jeton_backup::tail::Mode;
use jeton_store::conformance::SCHEMA;
use jeton_store::load::Load as _;
use jeton_store::memory::MemoryLoader;
use jeton_store::store::Store;

use crate::stage::{rows_in, rows_of};
use crate::watched::Watched;
use crate::whole::{Backup, SHIPPED};

const LAST: Mode = Mode { sync: false, is_final: true };

/// So few that tests can tell them apart.
pub(crate) fn few_at_a_time() -> Bounds {
    Bounds { apart: 3, least: 2, most: 8, ..Bounds::default() }
}

impl Backup {
    pub(crate) async fn join(&self, bounds: &Bounds, from: u64) -> Result<Joined, Failure> {
        self.joining(bounds).run(from, true).await
    }

    fn joining(&self, bounds: &Bounds) -> Joining<'_> {
        let store: Arc<dyn Store> = self.busy.clone();
        Joining { store, target: &self.target, sealing: &self.sealing, opening: &self.opening, bounds: bounds.clone() }
    }

    pub(crate) async fn tail(&self) -> Vec<Segment> {
        segments(&self.target, self.busy.store.head().incarnation).await.unwrap()
    }

    /// Makes a tail of so many segments.
    async fn ships(&self, segments: u64) {
        let mut shipper = self.shipper().await;
        for _ in 0..segments {
            self.busy.live(1 + self.busy.below(4));
            shipper.ship(SHIPPED).await.unwrap();
        }
    }

    async fn fails_to_restore(&self) -> String {
        let mut loader = MemoryLoader::begin(&SCHEMA);
        let restore =
            Restore { target: &self.target, opening: &self.opening, schema: &SCHEMA, until: None, incarnation: None, progress: &|_| {} };
        restore.run(&mut loader).await.unwrap_err().to_string()
    }
}

#[tokio::test]
async fn a_restore_of_what_was_joined_is_the_same() {
    for seed in 0..8 {
        let backup = Backup::new(seed, 0);
        backup.ships(5).await;
        backup.snapshot(1).await;
        let mut from = 0;
        for _ in 0..6 {
            // Each time another process, which begins with a mark.
            backup.ships(backup.busy.below(12)).await;
            if backup.busy.below(2) == 0 {
                from = backup.join(&few_at_a_time(), from).await.unwrap().from;
            }
            if backup.busy.below(4) == 0 {
                backup.busy.wait(1);
                backup.snapshot(2).await;
            }
        }
        let (until, before) = (backup.busy.now(), backup.tail().await);
        backup.ships(20).await;
        backup.shipper().await.ship(LAST).await.unwrap();
        let (whole, _) = backup.restore(None).await;
        let (then, rows_then) = backup.restore(Some(until)).await;
        assert!(backup.join(&few_at_a_time(), from).await.unwrap().made > 0, "seed {seed}");
        assert_eq!(backup.problems().await, vec![], "seed {seed}");
        assert!(before.len() < 90 && backup.tail().await.len() < 30, "seed {seed}");
        let (restored, loader) = backup.restore(None).await;
        assert_eq!((restored.claim().is_complete(), restored.root, restored.size), (true, whole.root, whole.size), "seed {seed}");
        assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store), "seed {seed}");
        assert_eq!(loader.ledger().0, &backup.busy.store.head().frontier, "seed {seed}");
        let (again, rows) = backup.restore(Some(until)).await;
        assert_eq!((again.size, again.left_behind, again.narrowing), (then.size, then.left_behind, then.narrowing), "seed {seed}");
        assert_eq!(rows_in(&rows), rows_in(&rows_then), "seed {seed}");
    }
}

#[tokio::test]
async fn how_the_last_of_them_was_shipped_is_how_all_were() {
    let check = async |mode: Mode, expected: bool| {
        let backup = Backup::new(52, 0);
        backup.snapshot(1).await;
        let mut shipper = backup.shipper_in_sync().await;
        for _ in 0..10 {
            backup.busy.live(2);
            shipper.ship(Mode { is_final: false, sync: !mode.sync }).await.unwrap();
        }
        backup.busy.live(2);
        shipper.ship(mode).await.unwrap();
        let all = Bounds { apart: 0, most: 99, ..few_at_a_time() };
        assert_eq!(backup.join(&all, 0).await.unwrap().made, 1);
        let (restored, loader) = backup.restore(None).await;
        assert_eq!((restored.claim().is_complete(), restored.size), (expected, backup.busy.store.head().size), "{mode:?}");
        assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
        // What is shipped after it goes on from it.
        let mut shipper = backup.shipper_without_memory().await;
        assert_eq!(shipper.shipped(), restored.size);
        backup.busy.live(2);
        shipper.ship(LAST).await.unwrap();
        assert!(backup.restore(None).await.0.claim().is_complete());
    };
    check(Mode { sync: true, is_final: false }, true).await;
    check(Mode { sync: false, is_final: false }, false).await;
    check(Mode { sync: false, is_final: true }, true).await;
}

#[tokio::test]
async fn where_nothing_may_leave_a_restore_reads_what_was_joined_alone() {
    let (watched, target) = Watched::target();
    let backup = Backup { target, ..Backup::new(53, 0) };
    backup.ships(3).await;
    backup.snapshot(1).await;
    backup.ships(60).await;
    backup.shipper().await.ship(LAST).await.unwrap();
    watched.keeps_all(true);
    let joined = backup.join(&few_at_a_time(), 0).await.unwrap();
    assert!(joined.made > 5 && joined.of > 50, "{joined:?}");
    assert!(joined.kept.unwrap().to_string().contains("nothing may leave"));
    watched.got();
    let (restored, loader) = backup.restore(None).await;
    let (got, at_once) = watched.got();
    assert!(got < 25, "{got} objects were read of {}", backup.tail().await.len());
    assert!(at_once > 1, "some are read ahead");
    assert!(restored.claim().is_complete());
    assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
    assert_eq!(backup.problems().await, vec![]);
    // Nothing is read again for it, unless it is tried again.
    watched.got();
    let again = backup.joining(&few_at_a_time()).run(joined.from, false).await.unwrap();
    assert_eq!((again.made, again.kept, watched.got().0), (0, None, 0));
    watched.keeps_all(false);
    let (before, all) = (backup.tail().await.len(), Bounds { most: 99, ..few_at_a_time() });
    let cleared = backup.joining(&all).run(joined.from, true).await.unwrap();
    assert_eq!((cleared.made, cleared.kept, cleared.problems), (0, None, vec![]));
    assert!(backup.tail().await.len() + 50 < before);
    assert_eq!(rows_in(&backup.restore(None).await.1), rows_of(&*backup.busy.store));
}

#[tokio::test]
async fn no_more_is_read_at_once_than_there_is_room_for() {
    let (watched, target) = Watched::target();
    let backup = Backup { target, ..Backup::new(54, 0) };
    backup.snapshot(1).await;
    backup.ships(200).await;
    watched.got();
    backup.restore(None).await;
    let (got, at_once) = watched.got();
    assert!(got > 200 && (2..=16).contains(&at_once), "{got} objects, {at_once} at once");
    backup.problems().await;
    assert!((2..=16).contains(&watched.got().1));
    // The first in order is named, not the one that came first.
    let tail = backup.tail().await;
    for place in [103, 101, 110] {
        backup.target.put(&tail[place].name(), b"x".to_vec()).await.unwrap();
    }
    assert!(backup.fails_to_restore().await.contains(&tail[101].name()));
    let named: Vec<_> = backup.problems().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(named, [tail[101].name(), tail[103].name(), tail[110].name()]);
}

#[tokio::test]
async fn what_does_not_open_is_left_and_what_is_around_it_is_joined() {
    let backup = Backup::new(55, 0);
    backup.snapshot(1).await;
    backup.ships(30).await;
    let tail = backup.tail().await;
    let damaged = tail[12].name();
    let whole = backup.target.get(&damaged).await.unwrap().to_vec();
    backup.target.put(&damaged, b"x".to_vec()).await.unwrap();
    let joined = backup.join(&Bounds { most: 99, ..few_at_a_time() }, 0).await.unwrap();
    assert_eq!(joined.problems.iter().map(|problem| &*problem.name).collect::<Vec<_>>(), [&*damaged]);
    assert_eq!(joined.made, 2);
    backup.target.put(&damaged, whole).await.unwrap();
    assert_eq!(rows_in(&backup.restore(None).await.1), rows_of(&*backup.busy.store));
}

#[tokio::test]
async fn what_is_joined_is_bounded_and_gone_on_with() {
    let backup = Backup::new(56, 0);
    backup.snapshot(1).await;
    backup.ships(80).await;
    let bounds = Bounds { objects: 2, ..few_at_a_time() };
    let (mut from, mut made, mut turns) = (0, 0, 0);
    loop {
        let joined = backup.join(&bounds, from).await.unwrap();
        assert!(joined.made <= 2 && joined.from >= from, "{joined:?}");
        (from, made, turns) = (joined.from, made + joined.made, turns + 1);
        if !joined.is_more {
            break;
        }
    }
    assert!(made >= 10 && turns >= 5, "{made} in {turns} turns");
    assert_eq!(backup.join(&bounds, from).await.unwrap().made, 0);
    // An hour at most, and so many bytes.
    let check = async |bounds: Bounds, expected: std::ops::Range<usize>| {
        let backup = Backup::new(57, 0);
        backup.snapshot(1).await;
        for _ in 0..10 {
            backup.ships(3).await;
            backup.busy.wait(2);
        }
        backup.join(&Bounds { most: 99, ..bounds.clone() }, 0).await.unwrap();
        let left = backup.tail().await.into_iter().filter(|segment| segment.from < segment.to).count();
        assert!(expected.contains(&left), "{bounds:?}: {left}");
        assert_eq!(rows_in(&backup.restore(None).await.1), rows_of(&*backup.busy.store));
    };
    check(few_at_a_time(), 4..5).await;
    check(Bounds { seconds: 0, ..few_at_a_time() }, 10..25).await;
    check(Bounds { bytes: 10_000, ..few_at_a_time() }, 6..10).await;
}

#[tokio::test]
async fn what_another_server_shipped_is_neither_joined_nor_passed_over() {
    let (first, second) = (Backup::new(58, 0), Backup::new(58, 0));
    let second = Backup { sealing: first.sealing.clone(), opening: first.opening.clone(), ..second };
    first.busy.live(30);
    second.busy.live(30);
    assert_eq!(first.busy.store.head(), second.busy.store.head(), "one is a copy of the other");
    first.snapshot(1).await;
    let (mut ships, mut other) = (first.shipper().await, second.shipper().await);
    second.busy.below(7);
    for _ in 0..20 {
        first.busy.live(4);
        ships.ship(SHIPPED).await.unwrap();
        second.busy.live(3);
        other.ship(SHIPPED).await.unwrap();
    }
    let names = |tail: Vec<Segment>| tail.into_iter().filter(|segment| segment.from < segment.to).collect::<Vec<_>>();
    let (own, theirs) = (names(first.tail().await), names(second.tail().await));
    let foreign = theirs.into_iter().skip(4).find(|segment| !own.contains(segment)).unwrap();
    let copy = async || first.target.put(&foreign.name(), second.target.get(&foreign.name()).await.unwrap().to_vec()).await.unwrap();
    // Before it is joined, and after.
    for is_late in [false, true] {
        if !is_late {
            copy().await;
        }
        let refused = if is_late { String::new() } else { first.fails_to_restore().await };
        assert_eq!(refused.is_empty(), is_late, "{refused}");
        first.join(&few_at_a_time(), 0).await.unwrap();
        if is_late {
            assert!(first.restore(None).await.0.size > foreign.to);
            copy().await;
        }
        let refused = first.fails_to_restore().await;
        assert!(refused.contains("not those of its root"), "{refused}");
        let again = first.join(&few_at_a_time(), 0).await.unwrap();
        assert!(first.target.get(&foreign.name()).await.is_ok(), "nobody takes it away: {again:?}");
        first.target.delete(&foreign.name()).await.unwrap();
    }
}

#[tokio::test]
async fn what_another_shipped_over_several_of_what_was_joined_is_not_passed_over() {
    let (first, second) = (Backup::new(62, 0), Backup::new(62, 0));
    let second = Backup { sealing: first.sealing.clone(), opening: first.opening.clone(), ..second };
    first.busy.live(30);
    second.busy.live(30);
    first.snapshot(1).await;
    let (mut ships, mut other) = (first.shipper().await, second.shipper().await);
    second.busy.below(7);
    for turn in 0..20 {
        first.busy.live(2);
        ships.ship(SHIPPED).await.unwrap();
        second.busy.live(2);
        // It ends where every second one of the first does.
        if turn % 2 == 1 {
            other.ship(SHIPPED).await.unwrap();
        }
    }
    let own = first.tail().await;
    let ends = |place: u64| own.iter().any(|segment| segment.from == place);
    let over = second.tail().await.into_iter().filter(|segment| segment.to - segment.from == 4).nth(2).unwrap();
    assert!(ends(over.from) && ends(over.from + 2) && ends(over.to) && !own.contains(&over), "{over:?}");
    first.join(&Bounds { most: 99, ..few_at_a_time() }, 0).await.unwrap();
    first.restore(None).await;
    // It was on its way for long.
    first.target.put(&over.name(), second.target.get(&over.name()).await.unwrap().to_vec()).await.unwrap();
    let refused = first.fails_to_restore().await;
    assert!(refused.contains("not those of its root"), "{refused}");
}

#[tokio::test]
async fn what_is_not_of_this_ledger_is_named() {
    let (first, second) = (Backup::new(59, 0), Backup::new(59, 0));
    let second = Backup { sealing: first.sealing.clone(), opening: first.opening.clone(), ..second };
    second.busy.wait(1);
    for backup in [&first, &second] {
        let mut shipper = backup.shipper().await;
        for bytes in 0..12 {
            backup.busy.live_large(1, bytes + 1);
            shipper.ship(SHIPPED).await.unwrap();
        }
    }
    // It has a name of ours, and opens.
    let own = first.tail().await.into_iter().filter(|segment| segment.from < segment.to).nth(4).unwrap().name();
    first.target.put(&own, second.target.get(&own).await.unwrap().to_vec()).await.unwrap();
    let joined = first.join(&few_at_a_time(), 0).await.unwrap();
    let problems: Vec<_> = joined.problems.into_iter().map(|problem| (problem.name, problem.what)).collect();
    assert_eq!((joined.made, problems), (2, vec![(own, What::Damaged("its entries are not those of this ledger".into()))]));
}

#[tokio::test]
async fn what_is_left_of_what_was_joined_makes_no_hole() {
    let (watched, target) = Watched::target();
    let backup = Backup { target, ..Backup::new(61, 0) };
    backup.snapshot(1).await;
    backup.ships(20).await;
    watched.keeps_all(true);
    backup.join(&few_at_a_time(), 0).await.unwrap();
    watched.keeps_all(false);
    let tail = backup.tail().await;
    let is_within = |one: &&Segment| one.from < one.to && tail.iter().any(|other| other.from < one.from && other.to == one.to);
    // They leave in any order.
    let last: Vec<&Segment> = tail.iter().filter(is_within).collect();
    assert!(last.len() > 1);
    for segment in last {
        backup.target.delete(&segment.name()).await.unwrap();
    }
    assert_eq!(backup.problems().await, vec![]);
    assert_eq!(rows_in(&backup.restore(None).await.1), rows_of(&*backup.busy.store));
}
