//! Random histories, a backup somewhere in them, and a loss somewhere after it: nothing that was revoked, rotated out, spent, cut off, disabled,
//! deleted, narrowed or over is accepted by what is restored, nor for more than before: what the history says, and what the deployment that
//! lives on answers. Nobody who was erased is there, or named.
//!
//! `JETON_HISTORIES` says how many are played, `JETON_SEED` which is the first; a failure names its seed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

mod compare;
mod dice;
mod held;
mod history;
mod kept;
mod keys;
mod people;
mod rules;
mod secrets;
mod subjects;
mod tokens;

use std::collections::BTreeMap;

use http::Method;
use jeton_core::gap::Known;
use jeton_testkit::world::manage::administrator;
use serde_json::json;

use compare::{Compared, Found, after_accepting};
use history::History;
use kept::{Kept, LOSSES, Loss};

/// What each of the tests plays by itself; a campaign plays more.
const HISTORIES: u64 = 10;

/// What came of a history.
struct Played {
    loss: Loss,
    found: Found,
    /// Once the gap was accepted, where there was one.
    accepted: Option<Found>,
}

async fn play(seed: u64) -> Played {
    let mut history = History::new(seed).await;
    let loss = history.one_of(&LOSSES).unwrap();
    let kept = Kept::new(&history.world, loss == Loss::KilledInSync).await;
    let (before, after) = (10 + history.below(40), history.below(40));
    for _ in 0..before {
        history.step().await;
    }
    kept.snapshot(&history.world).await;
    // A time between the first snapshot and the end, and another snapshot, where there is one.
    let (then, again) = (history.below(after), history.below(after * 2));
    let mut until = None;
    for step in 0..after {
        history.step().await;
        if history.is_once_in(3) {
            kept.ship(false).await;
        }
        if step == then && loss == Loss::UntilThen {
            until = Some(history.world.moment().now);
            history.world.advance(1);
        }
        if step == again && loss != Loss::UntilThen {
            history.world.advance(1);
            kept.snapshot(&history.world).await;
        }
    }
    if !matches!(loss, Loss::Killed | Loss::KilledInSync) {
        kept.ship(true).await;
    }
    kept.lose(&history.world, loss, &mut history.dice).await;
    // Cut-offs of now name the next whole second.
    history.world.advance(2);
    let made = kept.restore(&history.world, until).await;
    match loss {
        Loss::Nothing | Loss::KilledInSync => assert_eq!(made.known, Known::All, "seed {seed}: {loss:?}"),
        Loss::TheEnd | Loss::AllOfIt | Loss::Killed => assert_eq!(made.known, Known::MayLack, "seed {seed}: {loss:?}"),
        Loss::OneOfIt | Loss::UntilThen => {}
    }
    made.world.advance(2);
    // Who asks made its secret before the restore: it gets another one.
    let made_secret = made.world.done(Method::POST, &format!("/clients/{}/secrets", history.caller.id), Some(json!({}))).await;
    let caller = history.caller.with_secret(made_secret["client_secret"].as_str().unwrap());
    let found = Compared::new(&history, &made, &caller, loss).run().await;
    let mut accepted = None;
    if made.known == Known::MayLack {
        made.world.service().accept_gap(&administrator().actor, &made.world.moment()).await.unwrap();
        accepted = Some(after_accepting(&history, &made, &caller).await);
    }
    Played { loss, found, accepted }
}

/// Plays so many from this seed on; what was accepted by the way, by the loss.
#[expect(clippy::print_stdout, reason = "whoever plays a campaign reads what it was about")]
async fn campaign(first: u64, histories: u64) {
    let mut tally: BTreeMap<Loss, [u64; 5]> = BTreeMap::new();
    for seed in first..first + histories {
        let Played { loss, found, accepted } = play(seed).await;
        assert!(found.wrong.is_empty(), "JETON_SEED={seed}, {loss:?}: {:#?}", found.wrong);
        let later = accepted.map_or(0, |accepted| {
            assert!(accepted.wrong.is_empty(), "JETON_SEED={seed}, {loss:?}: {:#?}", accepted.wrong);
            accepted.accepted
        });
        let [number, asked, lived, taken, then] = tally.entry(loss).or_default();
        (*number, *asked, *lived, *taken, *then) =
            (*number + 1, *asked + found.asked, *lived + found.lived, *taken + found.accepted, *then + later);
    }
    for (loss, [number, asked, lived, accepted, then]) in &tally {
        println!("{loss:?}: {number} histories, {asked} asked, {lived} live on, {accepted} accepted, {then} once the gap is accepted");
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
