//! The simulation itself: seeds repeat, sound seeds pass and do something, planted bugs are found.

use jeton_simulate::breakage::Breakage;
use jeton_simulate::run::{STEPS, run};
use jeton_simulate::tally::Tally;

#[test]
fn a_seed_does_the_same_twice() {
    for seed in [1, 2, 3] {
        let digest = || run(seed, 1_500, None).map(|passed| passed.digest).map_err(|found| found.digest);
        assert_eq!(digest(), digest(), "seed {seed}");
    }
    assert_ne!(run(1, 500, None).unwrap().digest, run(2, 500, None).unwrap().digest);
}

#[test]
fn seeds_pass_and_something_happens_in_them() {
    let mut total = Tally::default();
    for seed in 1..=25 {
        match run(seed, STEPS, None) {
            Ok(passed) => total = total.plus(&passed.tally),
            Err(found) => panic!("seed {seed}, step {}: {}\n{}", found.step, found.what, found.tail),
        }
    }
    let starts = total.images_taken_up > 30 && total.crashes > 100;
    let enough = [total.issued > 200, total.killed > 200, starts, total.clock_jumps > 40];
    assert!(enough.iter().all(|is| *is) && total.accepted_by_verifiers > 1_000 && total.refused_by_verifiers > 10_000, "{total}");
}

#[track_caller]
fn check(breakage: Breakage, within_seeds: u64) {
    let found = (1..=within_seeds).any(|seed| run(seed, STEPS, Some(breakage)).is_err());
    assert!(found, "{breakage:?} was not found within {within_seeds} seeds");
}

#[test]
fn a_store_that_answers_early_is_found() {
    check(Breakage::AnswersEarly, 5);
}

#[test]
fn a_start_that_forgets_negatives_is_found() {
    check(Breakage::ForgetsNegatives, 5);
}

#[test]
fn a_late_publication_is_found() {
    check(Breakage::PublishesLate, 5);
}

#[test]
fn a_half_written_commit_is_found() {
    check(Breakage::WritesHalf, 5);
}

#[test]
fn an_early_purge_is_found() {
    check(Breakage::PurgesEarly, 10);
}

#[test]
fn a_feed_that_skips_events_is_found() {
    check(Breakage::SkipsEvents, 40);
}

#[test]
fn a_verifier_that_clears_before_it_knows_is_found() {
    check(Breakage::ClearsFirst, 110);
}

#[test]
fn a_verifier_that_resumes_what_was_revoked_is_found() {
    check(Breakage::ResumesRevoked, 20);
}

#[test]
fn a_verifier_that_never_grows_stale_is_found() {
    check(Breakage::NeverStale, 40);
}
