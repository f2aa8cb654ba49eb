//! Passkeys: what was removed stays so, and what was added later is not there again.

use jeton_core::gap::Known;
use jeton_core::moment::Time;
use jeton_testkit::world::World;
use jeton_testkit::world::authenticator::Authenticator;
use jeton_testkit::world::browser::Browser;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;

use crate::dice::Dice;
use crate::kept::{Engine, Kept, Loss};

/// What a deployment answers to a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    In,
    Refused,
    Fenced,
}

async fn shown(world: &World, authenticator: &mut Authenticator) -> Answer {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let page = browser.show_passkey(&page, authenticator).await.page();
    match (browser.cookie("session"), page.answer.status) {
        (Some(_), _) => Answer::In,
        (None, 503) => Answer::Fenced,
        (None, _) => Answer::Refused,
    }
}

async fn signed_in(world: &World) -> Browser<'_> {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    assert_eq!(
        browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page().heading(),
        "Your account"
    );
    browser
}

#[tokio::test]
async fn a_passkey_that_was_removed_after_the_backup_signs_nobody_in() {
    use Answer::{Fenced, In, Refused};
    // One that stays, one that is removed later, and one that is added later.
    for (loss, known, expected) in [
        (Loss::Nothing, Known::All, [In, Refused, In]),
        (Loss::UntilThen, Known::UntilThen, [In, Refused, Refused]),
        (Loss::AllOfIt, Known::MayLack, [Fenced, Fenced, Refused]),
    ] {
        let world = World::new().await;
        let kept = Kept::new(&world, false, false).await;
        world.person("ada").await;
        let mut browser = signed_in(&world).await;
        let (mut stays, mut removed) = (browser.add_passkey("stays").await, browser.add_passkey("goes").await);
        world.advance(60);
        kept.snapshot(&world).await;
        world.advance(60);
        let until = (loss == Loss::UntilThen).then(|| Time::from_seconds(world.now() - 1));
        assert_eq!((shown(&world, &mut stays).await, shown(&world, &mut removed).await), (In, In));
        browser.remove_passkey("goes").await;
        let mut added = browser.add_passkey("comes").await;
        assert_eq!(
            [shown(&world, &mut stays).await, shown(&world, &mut removed).await, shown(&world, &mut added).await],
            [In, Refused, In]
        );
        drop(browser);
        kept.ship(true).await;
        kept.lose(&world, loss, &mut Dice(1)).await;
        let made = kept.restore(&world, until, Engine::Sqlite, None).await;
        made.world.advance(10);
        let answered = async |stays: &mut _, removed: &mut _, added: &mut _| {
            [shown(&made.world, stays).await, shown(&made.world, removed).await, shown(&made.world, added).await]
        };
        assert_eq!((made.known, answered(&mut stays, &mut removed, &mut added).await), (known, expected), "{loss:?}");
        if loss == Loss::AllOfIt {
            made.world.service().accept_gap(&administrator().actor, &made.world.moment()).await.unwrap();
            assert_eq!(answered(&mut stays, &mut removed, &mut added).await, [In, In, Refused], "nobody knows that it was removed");
        }
    }
}
