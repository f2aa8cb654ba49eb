//! Random histories, a backup somewhere in them, and a loss somewhere after it: nothing that was revoked, rotated out, spent, cut off, disabled,
//! deleted, narrowed, withdrawn, disconnected or over is accepted by what is restored, nor for more than before: what the history says, and what
//! the deployment that lives on answers. Nobody who was erased is there, or named. Before an earlier time that is asked for no thief had come:
//! nothing of theirs is accepted, and nothing allows more than it did then. Every third history goes on in what was restored, on the same
//! target, is lost once more, and restored; some are made by the engine that servers have.
//!
//! `JETON_HISTORIES` says how many are played, `JETON_SEED` which is the first; a failure names its seed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what goes wrong here must fail the test")]

mod compare;
mod dice;
mod factors;
mod grants;
mod held;
mod history;
mod holes;
mod identities;
mod kept;
mod keys;
mod passkeys;
mod people;
mod reports;
mod rules;
mod secrets;
mod spent;
mod subjects;
mod thief;
mod tokens;
mod visitors;
mod visits;
mod waiting;
mod ways;

use std::collections::BTreeMap;

use http::Method;
use jeton_core::gap::Known;
use jeton_core::moment::Time;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::registered::Registered;
use serde_json::json;

use compare::{Answers, Compared, Found, after_accepting};
use history::History;
use kept::{Copied, Engine, Kept, LOSSES, Loss, Made, OF_SERVERS};

/// What each of the tests plays by itself; a campaign plays more.
const HISTORIES: u64 = 10;

/// What came of one life of a history.
struct Played {
    loss: Loss,
    /// Whether it was the life of a deployment that had been restored.
    is_second: bool,
    found: Found,
    /// Once the gap was accepted, where there was one.
    accepted: Option<Found>,
}

/// What one life of a history leaves to be restored.
struct Lived {
    loss: Loss,
    /// The time that is asked for, and how everything was answered then.
    then: Option<(Time, Answers)>,
    /// The data folder as it was once, where somebody copied it.
    copied: Option<Copied>,
}

/// Lives, with backups, up to the loss. `has_snapshot`: without one there is what another left.
async fn live(history: &mut History, kept: &mut Kept, loss: Loss, has_snapshot: bool) -> Lived {
    let (before, after) = (10 + history.below(40), history.below(40));
    for _ in 0..before {
        history.step().await;
    }
    if has_snapshot {
        history.leave_behind().await;
        kept.snapshot(&history.world).await;
    }
    // A time between the first snapshot and the end, and another snapshot, where there is one.
    let (at, again) = (history.below(after), history.below(after * 2));
    let (mut then, mut copied) = (None, None);
    let (turns, copies) = (has_snapshot && history.is_once_in(3), history.is_once_in(5));
    let copied_at = history.below(after);
    for step in 0..after {
        history.step().await;
        if then.is_some() && history.is_once_in(2) {
            history.steal().await;
        }
        if history.is_once_in(4) {
            history.refresh().await;
        }
        if history.is_once_in(3) {
            kept.ship(false).await;
        }
        kept.end_hole(&history.world).await;
        if history.is_once_in(4) {
            kept.note(&history.world);
        }
        // For an earlier time there must be a snapshot of before it.
        if turns && then.is_none() && history.is_once_in(10) {
            let is_in_order = history.is_once_in(2);
            kept.turn(&history.world, is_in_order).await;
        }
        if copies && step == copied_at {
            copied = Some(Kept::copy(&history.world));
        }
        if history.is_once_in(8) {
            kept.join(&history.world).await;
        }
        if step == at && loss == Loss::UntilThen {
            let answers = history.everything(&history.world, &history.caller).await;
            then = Some((history.world.moment().now, answers));
            history.world.advance(1);
        }
        if step == again && loss != Loss::UntilThen && has_snapshot {
            history.world.advance(1);
            kept.snapshot(&history.world).await;
        }
    }
    history.leave_behind().await;
    if !matches!(loss, Loss::Killed | Loss::KilledInSync) {
        kept.ship(false).await;
        kept.end_hole(&history.world).await;
        kept.ship(true).await;
    }
    kept.lose(&history.world, loss, &mut history.dice).await;
    Lived { loss, then, copied }
}

/// Restores what is left, and looks what it accepts.
async fn look(seed: u64, history: &mut History, kept: &Kept, lived: &Lived) -> (Made, Registered, Found, Option<Found>) {
    let loss = lived.loss;
    // Cut-offs of now name the next whole second.
    history.world.advance(2);
    let engine = if history.is_once_in(6) { Engine::Sqlite } else { Engine::Memory };
    let note = some_note(history);
    let made = kept.restore(&history.world, lived.then.as_ref().map(|(then, _)| *then), engine, note).await;
    match loss {
        _ if made.has_others || made.checkpoint_has_more || kept.rotates => assert_eq!(made.known, Known::MayLack, "seed {seed}: {loss:?}"),
        Loss::Nothing | Loss::KilledInSync => assert_eq!(made.known, Known::All, "seed {seed}: {loss:?}"),
        Loss::TheEnd | Loss::AllOfIt | Loss::Killed => assert_eq!(made.known, Known::MayLack, "seed {seed}: {loss:?}"),
        Loss::OneOfIt | Loss::UntilThen | Loss::LeftForAnother | Loss::PutBack => {}
    }
    let (caller, found, accepted) = judge(history, &made, loss, lived.then.as_ref().map(|(_, answers)| answers)).await;
    (made, caller, found, accepted)
}

/// One of the checkpoints that were kept, or none.
fn some_note(history: &mut History) -> Option<u64> {
    history.is_once_in(3).then(|| history.below(1 << 32))
}

/// Looks what a deployment accepts, behind its fence and once the gap is accepted.
async fn judge(history: &History, made: &Made, loss: Loss, then: Option<&Answers>) -> (Registered, Found, Option<Found>) {
    made.world.advance(2);
    // Who asks made its secret before the restore: it gets another one.
    let body = json!({"overlap_seconds": 0});
    let secret = made.world.done(Method::POST, &format!("/clients/{}/secrets", history.caller.id), Some(body)).await;
    let caller = history.caller.with_secret(secret["client_secret"].as_str().unwrap());
    let found = Compared::new(history, made, &caller, loss).run(then).await;
    let mut accepted = None;
    if made.known == Known::MayLack {
        made.world.service().accept_gap(&administrator().actor, &made.world.moment()).await.unwrap();
        accepted = Some(after_accepting(history, made, &caller).await);
    }
    (caller, found, accepted)
}

/// Restores the target that was left, and puts a copied folder back: neither knows everything.
async fn look_beside(seed: u64, history: &mut History, kept: &Kept, lived: &mut Lived, is_second: bool) -> Vec<Played> {
    let mut beside = Vec::new();
    if kept.has_turned {
        let note = some_note(history);
        let made = kept.restore_left(&history.world, note).await;
        assert_eq!(made.known, Known::MayLack, "seed {seed}: a target that was left vouches for what came after it");
        beside.push((Loss::LeftForAnother, made));
    }
    if let Some(copied) = lived.copied.take() {
        beside.push((Loss::PutBack, kept.put_back(&history.world, copied).await));
    }
    let mut played = Vec::new();
    for (loss, made) in beside {
        let (_, found, accepted) = judge(history, &made, loss, None).await;
        played.push(Played { loss, is_second, found, accepted });
    }
    played
}

async fn play(seed: u64) -> Vec<Played> {
    let mut history = History::new(seed).await;
    let loss = history.one_of(&LOSSES).unwrap();
    let rotates = history.is_once_in(6);
    let mut kept = Kept::new(&history.world, loss == Loss::KilledInSync, rotates).await;
    let mut lived = live(&mut history, &mut kept, loss, true).await;
    let (made, caller, found, accepted) = look(seed, &mut history, &kept, &lived).await;
    let tried = found.used.clone();
    let mut played = vec![Played { loss, is_second: false, found, accepted }];
    played.extend(look_beside(seed, &mut history, &kept, &mut lived, false).await);
    if !history.is_once_in(3) {
        return played;
    }
    // What is on the target behind the loss, or comes there since it is looked at, is another's from now on.
    let may_have_others = matches!(loss, Loss::OneOfIt | Loss::KilledInSync) || kept.has_turned;
    let before = made.known;
    history.go_on(made, caller, &tried).await;
    // It may be lost before a snapshot of its own is whole, where what was before is all there. What it shipped is all that tells of it then.
    let has_snapshot = before != Known::All || !history.is_once_in(4);
    let loss = history.one_of(if has_snapshot { &LOSSES[..] } else { &OF_SERVERS }).unwrap();
    let rotates = history.is_once_in(6);
    let mut kept = kept.of_next(&history.world, loss == Loss::KilledInSync, rotates).await;
    let mut lived = live(&mut history, &mut kept, loss, has_snapshot).await;
    let (made, _, found, accepted) = look(seed, &mut history, &kept, &lived).await;
    assert!(!made.has_others || may_have_others || !has_snapshot, "seed {seed}: what it comes from is taken for another's");
    played.push(Played { loss, is_second: true, found, accepted });
    played.extend(look_beside(seed, &mut history, &kept, &mut lived, true).await);
    played
}

/// Plays so many from this seed on; what was accepted by the way, by the loss.
#[expect(clippy::print_stdout, reason = "whoever plays a campaign reads what it was about")]
async fn campaign(first: u64, histories: u64) {
    let mut tally: BTreeMap<(Loss, bool), [u64; 6]> = BTreeMap::new();
    let mut by_kind: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
    for seed in first..first + histories {
        for Played { loss, is_second, found, accepted } in play(seed).await {
            assert!(found.wrong.is_empty(), "JETON_SEED={seed}, {loss:?}, second {is_second}: {:#?}", found.wrong);
            for (kind, counted) in &found.by_kind {
                by_kind.entry(kind).or_default().iter_mut().zip(counted).for_each(|(sum, count)| *sum += count);
            }
            let later = accepted.map_or(0, |accepted| {
                assert!(accepted.wrong.is_empty(), "JETON_SEED={seed}, {loss:?}, second {is_second}: {:#?}", accepted.wrong);
                for (kind, [_, _, count]) in accepted.by_kind {
                    by_kind.entry(kind).or_default()[3] += count;
                }
                accepted.accepted
            });
            let counted = [1, found.asked, found.lived, found.accepted, later, found.stolen];
            let sums = tally.entry((loss, is_second)).or_default();
            sums.iter_mut().zip(counted).for_each(|(sum, count)| *sum += count);
        }
    }
    for ((loss, is_second), [number, asked, lived, accepted, then, stolen]) in &tally {
        let life = if *is_second { "second" } else { "first" };
        println!(
            "{loss:?}, {life} life: {number} played, {asked} asked, {lived} live on, {accepted} accepted, {then} once the gap is accepted, {stolen} of a \
             thief live on"
        );
    }
    for (kind, [asked, lived, accepted, then]) in &by_kind {
        println!("{kind}: {asked} asked, {lived} live on, {accepted} accepted, {then} once the gap is accepted");
    }
}

async fn share(of: u64) {
    let number = |name: &str, usual: u64| setting(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let histories = number("JETON_HISTORIES", HISTORIES * 4).div_ceil(4);
    campaign(number("JETON_SEED", 1) + of * histories, histories).await;
}

#[tokio::test]
async fn nothing_that_was_taken_away_comes_back() {
    share(0).await;
}

#[tokio::test]
async fn nor_in_a_second_share_of_histories() {
    share(1).await;
}

#[tokio::test]
async fn nor_in_a_third() {
    share(2).await;
}

#[tokio::test]
async fn nor_in_a_fourth() {
    share(3).await;
}

#[expect(clippy::disallowed_methods, reason = "how much is played is no configuration of a server")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
