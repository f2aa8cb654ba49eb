//! More uses at once than can be written down at once: none is forgotten, and where one must be, nobody is idle for what was not counted.

use http::Method;
use jeton_core::api_key::verify::Code;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Time;
use jeton_core::usage::{Outcome, Subject};
use jeton_http::api::rfc3339;
use jeton_service::usage::marks::Marks;
use jeton_service::usage::recorder::Seen;
use jeton_testkit::World;
use jeton_testkit::world::registered::Registered;
use serde_json::json;

const DAY: i64 = 86_400;
const ORDERS: &str = "https://orders.example";

/// A deployment of which a crowd uses the keys; those of `shop` are the real ones.
struct Crowded {
    world: World,
    shop: Registered,
    keys: Vec<String>,
    unused: String,
}

impl Crowded {
    async fn new(keys: usize) -> Crowded {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let shop = world.client("shop", &[&orders]).await;
        world.done(Method::PUT, "/policies/client_secret", Some(json!({"idle_seconds": 0, "max_seconds": 366 * DAY}))).await;
        world.service().flush_usage().await.unwrap();
        let make = async || {
            let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
            made["key"].as_str().unwrap().to_owned()
        };
        let unused = make().await;
        let mut texts = Vec::new();
        for _ in 0..keys {
            texts.push(make().await);
        }
        Crowded { world, shop, keys: texts, unused }
    }

    /// So many are used once each in a second: the real ones in between, and behind the others by their ids.
    async fn come(&self, crowd: u32) {
        let each = crowd as usize / self.keys.len();
        for number in 0..crowd {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let at = Time::from_seconds(self.world.now());
            let (subject, outcome) = (Subject::Key(ApiKeyId(id)), Outcome::Key(Code::Valid));
            self.world.service().record(Seen { subject, api: None, outcome, refused_by: None, marks: Marks::default(), at });
            if (number as usize).is_multiple_of(each) {
                self.all_are("valid").await;
            }
        }
    }

    async fn all_are(&self, expected: &str) {
        for key in &self.keys {
            assert_eq!(self.world.key_code(&self.shop, key).await, expected);
        }
    }

    async fn unused_is(&self, expected: &str) {
        assert_eq!(self.world.key_code(&self.shop, &self.unused).await, expected);
    }

    /// Who looks does not use it.
    async fn suspended(&self) -> usize {
        self.world.done(Method::GET, "/keys?state=suspended", None).await["items"].as_array().unwrap().len()
    }

    /// The next process: of this one nothing is remembered but what is in the store.
    async fn reopen(self) -> Crowded {
        let world = self.world.reopen().await;
        world.service().flush_usage().await.unwrap();
        Crowded { world, ..self }
    }

    async fn dropped(&self) -> u64 {
        let metrics = self.world.metrics().await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("jeton_usage_last_uses_dropped_total "));
        line.unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn whoever_was_used_once_in_a_crowd_is_not_idle() {
    for flushes in [0, 1] {
        let crowded = Crowded::new(4).await;
        let since = crowded.world.service().usage_kept_since();
        crowded.world.advance(29 * DAY);
        crowded.come(40_000).await;
        for _ in 0..flushes {
            crowded.world.service().flush_usage().await.unwrap();
        }
        crowded.world.service().end_usage().await.unwrap();
        let crowded = crowded.reopen().await;
        assert_eq!(crowded.world.service().usage_kept_since(), since, "nothing was lost");
        crowded.world.advance(2 * DAY);
        crowded.all_are("valid").await;
        crowded.unused_is("suspended").await;
        crowded.world.service().sweep(&crowded.world.moment()).await.unwrap();
        crowded.all_are("valid").await;
    }
}

#[tokio::test]
async fn while_it_is_not_written_a_use_counts_all_the_same() {
    let crowded = Crowded::new(1).await;
    crowded.world.advance(29 * DAY);
    crowded.world.refuse_notes(true);
    for _ in 0..2 {
        crowded.come(30_000).await;
        assert!(crowded.world.service().flush_usage().await.is_err());
    }
    crowded.world.advance(2 * DAY);
    // Of what is in memory beside it nothing is asked: lists read what is known of a use.
    let since = rfc3339::format(crowded.world.now() - 3 * DAY);
    let unused = crowded.world.done(Method::GET, &format!("/keys?unused_since={since}"), None).await;
    assert_eq!(unused["items"].as_array().unwrap().len(), 1, "{unused}");
}

#[tokio::test]
async fn where_a_use_is_forgotten_nobody_is_idle_for_it() {
    let crowded = Crowded::new(1).await;
    crowded.world.advance(29 * DAY);
    crowded.world.refuse_notes(true);
    // More than there is room for, while nothing can be written.
    for part in 0..4_u32 {
        for number in 0..40_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&(part * 40_000 + number).to_be_bytes());
            let at = Time::from_seconds(crowded.world.now());
            let (subject, outcome) = (Subject::Key(ApiKeyId(id)), Outcome::Key(Code::Valid));
            crowded.world.service().record(Seen { subject, api: None, outcome, refused_by: None, marks: Marks::default(), at });
        }
        assert!(crowded.world.service().flush_usage().await.is_err());
    }
    crowded.all_are("valid").await;
    assert!(crowded.world.service().flush_usage().await.is_err());
    assert!(crowded.dropped().await > 0);
    let since = crowded.world.now();
    assert_eq!(crowded.world.service().usage_kept_since(), Some(since));
    crowded.world.refuse_notes(false);
    crowded.world.service().end_usage().await.unwrap();
    let crowded = crowded.reopen().await;
    assert_eq!(crowded.world.service().usage_kept_since(), Some(since), "the next process knows of it");
    crowded.world.advance(30 * DAY - 1);
    assert_eq!(crowded.suspended().await, 0);
    crowded.world.advance(1);
    assert_eq!(crowded.suspended().await, 2);
    crowded.unused_is("suspended").await;
}

#[tokio::test]
async fn what_an_end_could_not_write_makes_nobody_idle() {
    for is_refused in [false, true] {
        let crowded = Crowded::new(1).await;
        let begun = crowded.world.service().usage_kept_since().unwrap();
        crowded.world.advance(29 * DAY);
        crowded.all_are("valid").await;
        crowded.world.refuse_notes(is_refused);
        assert_eq!(crowded.world.service().end_usage().await.is_err(), is_refused);
        crowded.world.refuse_notes(false);
        let crowded = crowded.reopen().await;
        let since = if is_refused { crowded.world.now() } else { begun };
        assert_eq!(crowded.world.service().usage_kept_since(), Some(since));
        crowded.world.advance(2 * DAY);
        crowded.all_are("valid").await;
    }
}

#[tokio::test]
async fn a_process_that_was_killed_makes_nobody_idle() {
    let crowded = Crowded::new(1).await;
    crowded.world.advance(29 * DAY);
    crowded.world.service().flush_usage().await.unwrap();
    // The last thing that happens, and it is in memory alone.
    crowded.all_are("valid").await;
    let crowded = crowded.reopen().await;
    crowded.world.advance(2 * DAY);
    crowded.all_are("valid").await;
    assert_eq!(crowded.suspended().await, 0);
    crowded.world.advance(28 * DAY);
    crowded.unused_is("suspended").await;
}
