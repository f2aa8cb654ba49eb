//! Changes that left before they were shipped are a hole of the tail: a restore of what lies before it is not complete, and one of a snapshot
//! behind it is.

use http::Method;
use jeton_core::gap::Known;
use jeton_testkit::world::World;
use serde_json::json;

use crate::kept::{Engine, Kept};

#[tokio::test]
async fn a_hole_is_over_once_a_snapshot_is_behind_it() {
    let world = World::new().await;
    let kept = Kept::new(&world, false, false).await;
    kept.snapshot(&world).await;
    let known = async |expected: Known| {
        let made = kept.restore(&world, None, Engine::Memory, None).await;
        assert_eq!(made.known, expected);
    };
    world.done(Method::POST, "/groups", Some(json!({"name": "crew"}))).await;
    // A target that is away for longer than changes are kept.
    world.advance(4 * 86_400);
    world.service().store().drop_expired(world.moment().now).unwrap();
    world.done(Method::POST, "/groups", Some(json!({"name": "guests"}))).await;
    kept.ship(true).await;
    known(Known::MayLack).await;
    kept.end_hole(&world).await;
    kept.ship(true).await;
    known(Known::All).await;
}
