//! Keys that were made elsewhere go on as they are.

use aws_lc_rs::digest::{SHA256, digest};
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::import::{AT_ONCE_MAX, ImportKey, Imported, import};
use jeton_core::api_key::secret::Slot;
use jeton_core::outcome::Outcome;
use jeton_core::policy::CredentialKind::ApiKey as Kind;
use jeton_core::policy::rule::{PolicyRule, Subject};
use jeton_core::record::Versioned;

use crate::api_key::{DAY, World, asked};
use crate::known::{NOW, actor, moment};
use crate::wants::{refused, wants};

fn sha256(text: &str) -> [u8; 32] {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap()
}

/// Takes these texts over, each with the end that is known of it, and whether it is there already.
fn imported(world: &World, texts: &[(&str, Option<i64>, bool)]) -> Outcome<Vec<Imported>> {
    let request = asked(|_| {});
    let each = |(text, expires_at, is_known): &(&str, Option<i64>, bool)| ImportKey {
        facts: world.facts(),
        request: &request,
        sha256: sha256(text),
        expires_at: *expires_at,
        is_known: *is_known,
    };
    import(&texts.iter().map(each).collect::<Vec<_>>(), &actor(), &mut moment())
}

#[track_caller]
fn made(imported: &Imported) -> &ApiKey {
    let Imported::Made(key) = imported else { panic!("{imported:?}") };
    key
}

#[test]
fn whoever_holds_one_goes_on() {
    let world = World::of("read");
    let outcome = imported(&world, &[("sk_old", Some(NOW + 50 * DAY), false)]);
    assert_eq!(wants(&outcome.commit), "+api_key +imported_key +api_key_word api_key.imported");
    let all = outcome.verdict.unwrap();
    let key = made(&all[0]);
    assert!(key.is_imported);
    assert_eq!((key.current.expires_at, key.lifetime_seconds), (NOW + 50 * DAY, 90 * DAY));
    assert_eq!(key.slot_of("sk_old", &world.root_keys), Some(Slot::Current));
    assert_eq!(key.slot_of("sk_other", &world.root_keys), None);
}

#[test]
fn each_once() {
    let world = World::of("read");
    let outcome =
        imported(&world, &[("a", None, false), ("b", None, true), ("a", None, false), ("c", Some(NOW), false), ("d", None, false)]);
    assert_eq!(
        wants(&outcome.commit),
        "+api_key +imported_key +api_key_word +api_key +imported_key +api_key_word api_key.imported api_key.imported"
    );
    let all = outcome.verdict.unwrap();
    assert_eq!((&all[1], &all[2]), (&Imported::Existed, &Imported::Existed));
    assert!(matches!(&all[3], Imported::Refused(refusal) if refusal.detail.contains("ended already")), "{:?}", all[3]);
    assert_ne!(made(&all[0]).id, made(&all[4]).id);
    let many: Vec<String> = (0..=AT_ONCE_MAX).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(|text| (text.as_str(), None, false)).collect();
    refused(imported(&world, &many), "at most 100");
    assert_eq!(imported(&world, &many[1..]).verdict.unwrap().len(), AT_ONCE_MAX);
}

/// What an export writes for a key without a text: whoever presents nothing would be that key.
#[test]
fn an_empty_text_is_no_key() {
    let all = imported(&World::of("read"), &[("", None, false), ("a", None, false)]);
    assert_eq!(wants(&all.commit), "+api_key +imported_key +api_key_word api_key.imported");
    let all = all.verdict.unwrap();
    assert!(matches!(&all[0], Imported::Refused(refusal) if refusal.detail.contains("empty text")), "{:?}", all[0]);
    made(&all[1]);
}

#[test]
fn ends_that_nobody_says_are_spread() {
    let texts: Vec<String> = (0..AT_ONCE_MAX).map(|number| format!("sk_{number}")).collect();
    let ends = |world: &World, said: Option<i64>| -> Vec<i64> {
        let texts: Vec<_> = texts.iter().map(|text| (text.as_str(), said, false)).collect();
        imported(world, &texts).verdict.unwrap().iter().map(|each| made(each).current.expires_at - NOW).collect()
    };
    let check = |max_seconds: Option<i64>, said: Option<i64>, within: std::ops::RangeInclusive<i64>| {
        let mut world = World::of("read");
        if max_seconds.is_some() {
            let rule = PolicyRule {
                kind: Kind,
                subject: Subject::Deployment,
                default_seconds: None,
                max_seconds,
                updated_at: NOW,
                updated_by: actor(),
                idle: None,
                idle_since: None,
            };
            world.policies = world.policies.with(Versioned { version: 1, record: rule });
        }
        let mut ends = ends(&world, said);
        ends.sort_unstable();
        assert!(ends.iter().all(|end| within.contains(end)), "{ends:?} beyond {within:?}");
        let width = within.end() - within.start();
        assert!(ends[99] - ends[0] > width / 2, "{ends:?} lie close together in {within:?}");
    };
    check(None, None, 90 * DAY..=120 * DAY);
    // An end that is too late counts as none that is said.
    check(None, Some(NOW + 367 * DAY), 90 * DAY..=120 * DAY);
    check(Some(90 * DAY), None, 60 * DAY..=90 * DAY);
    check(Some(10 * DAY), None, 5 * DAY..=10 * DAY);
}
