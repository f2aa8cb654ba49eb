//! How long it counts that somebody proved who they are: afterwards nothing is refreshed until they do again, anywhere, and nothing is lost
//! meanwhile. What they may do is asked at each refresh.

use std::cell::RefCell;

use http::Method;
use jeton_core::role::update::UpdateRole;
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::json;

use crate::errors::check_error;

const ADA: [(&str, &str); 2] = [("username", "ada"), ("password", PASSWORD)];
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

struct Stage {
    world: World,
    shop: Registered,
    /// The refresh token that was given last.
    token: RefCell<String>,
}

impl Stage {
    /// Ada, and an application that may go on while she is not there.
    async fn new() -> Stage {
        let world = World::new().await;
        let orders = world.api("orders").await;
        world.person("ada").await;
        world.allow("ada", &orders, "orders:read orders:write").await;
        let shop = world.application("shop", &[&orders]).await;
        let scope = "openid offline_access orders:read orders:write";
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", scope)])).await;
        let token = text(&world.exchange(&shop, &code).await, "refresh_token");
        Stage { world, shop, token: RefCell::new(token) }
    }

    /// Ada proves who she is, at another browser.
    async fn sign_in(&self) {
        let mut browser = self.world.browser();
        let page = browser.open("/signin").await.page();
        assert_eq!(browser.submit(&page, "/signin", None, &ADA).await.page().heading(), "Your account");
    }

    async fn refresh(&self) -> Answer {
        let answer = self.spend().await;
        self.token.replace(text(&answer, "refresh_token"));
        answer
    }

    /// What Ada's role is from now on.
    async fn may(&self, scopes: &str) {
        let update = UpdateRole { scopes: Some(scopes.to_owned()), ..UpdateRole::default() };
        self.world.service().update_role("role-of-ada", &update, &administrator(), &self.world.moment()).await.unwrap();
    }

    async fn spend(&self) -> Answer {
        let token = self.token.borrow().clone();
        self.world.refresh(&self.shop, &token).await
    }

    async fn is_refused(&self) {
        check_error(&self.spend().await, 400, "invalid_grant");
    }
}

#[track_caller]
fn text(answer: &Answer, name: &str) -> String {
    answer.member(name).as_str().unwrap_or_else(|| panic!("no {name} in {}", answer.shown())).to_owned()
}

#[tokio::test]
async fn a_month_after_they_proved_it_people_prove_it_again() {
    let stage = Stage::new().await;
    let began = stage.world.now();
    stage.world.advance(20 * DAY);
    stage.refresh().await;
    stage.world.advance(10 * DAY);
    let last = stage.refresh().await;
    assert_eq!(claims_of(&text(&last, "access_token"))["auth_time"], began, "it says when the grant was given");
    stage.world.advance(1);
    stage.is_refused().await;
    stage.world.advance(DAY);
    stage.is_refused().await;
    stage.sign_in().await;
    stage.refresh().await;
    // Another 30 days count, and the end is where it was.
    for _ in 0..2 {
        stage.world.advance(29 * DAY);
        stage.sign_in().await;
        stage.refresh().await;
    }
    assert_eq!(stage.world.now(), began + 89 * DAY + 1);
    stage.world.advance(DAY - 2);
    stage.sign_in().await;
    stage.refresh().await;
    stage.world.advance(1);
    stage.is_refused().await;
    stage.sign_in().await;
    stage.is_refused().await;
}

#[tokio::test]
async fn half_a_day_after_they_proved_it_administrators_prove_it_again() {
    let stage = Stage::new().await;
    let assigned = stage.world.administer(Method::PUT, "/roles/auditor/assignments/user:ada", None).await;
    assert!(assigned.status < 300, "{}", assigned.shown());
    stage.world.advance(12 * HOUR);
    stage.refresh().await;
    stage.world.advance(1);
    stage.is_refused().await;
    // Nor is a code given for an old session.
    let mut browser = stage.world.browser();
    let page = browser.open("/signin").await.page();
    let _ = browser.submit(&page, "/signin", None, &ADA).await;
    stage.refresh().await;
    let address = asking(&stage.shop, "shop", &[("scope", "openid offline_access orders:read")]);
    assert!(!browser.open(&address).await.parameter("code").is_empty());
    stage.world.advance(12 * HOUR + 1);
    stage.is_refused().await;
    assert_eq!(browser.open(&address).await.page().heading(), "Sign in");
    // Who does not administer any more has a month again.
    stage.world.service().unassign_role("auditor", "user:ada", &administrator(), &stage.world.moment()).await.unwrap();
    stage.refresh().await;
    assert!(!browser.open(&address).await.parameter("code").is_empty());
}

#[tokio::test]
async fn what_somebody_may_is_asked_at_each_refresh() {
    let stage = Stage::new().await;
    stage.may("orders:read").await;
    let less = stage.refresh().await;
    assert_eq!(less.member("scope"), json!("offline_access openid orders:read"), "{}", less.shown());
    // What she may do again the grant has still, and no more than was allowed.
    stage.may("orders:read orders:write").await;
    let more = stage.refresh().await;
    assert_eq!(more.member("scope"), json!("offline_access openid orders:read orders:write"), "{}", more.shown());
}
