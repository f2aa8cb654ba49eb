//! How long a refusal takes, with real hashes: nobody learns by it who is known here. `JETON_TIMING_TRIES` says how often each is tried; with a
//! thousand, medians are compared as closely as they can be.

use std::sync::Arc;
use std::time::Duration;

use jeton_core::password::cost::Cost;
use jeton_core::password::{self, Password};
use jeton_core::record::Value;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Browser, Page};

use super::pool::Pool;
use crate::clock::uptime_micros;

/// How many are known here; one of ten came from elsewhere.
const KNOWN: usize = 20;
/// Bcrypt of another word at cost 8, which takes another time than ours.
const FROM_ELSEWHERE: &str = "$2b$08$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
/// With so many tries medians lie within 5 %; with few a busy machine may spoil them.
const MANY: usize = 1_000;

#[tokio::test]
async fn a_refusal_takes_as_long_for_everybody() {
    let tries = std::env::var_os("JETON_TIMING_TRIES").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(40);
    let cost = Cost::parse("m=8192,t=2,p=1").filter(|_| tries < MANY);
    let pool = Pool::begin(1, cost, uptime_micros).unwrap();
    let world = World::new().await;
    world.hash_passwords_by(Arc::new(pool));
    for number in 0..KNOWN {
        let person = world.person(&format!("known{number}")).await;
        if number % 10 == 0 {
            let root_keys = world.service().registry().root_keys();
            let row = Password::seal(&person, FROM_ELSEWHERE, &root_keys, &mut world.moment()).unwrap().row();
            assert!(world.row(&password::TABLE, &vec![Value::Text(person.0.clone())]).is_some());
            world.damage(&password::TABLE, &row);
        }
    }
    let mut browser = world.browser();
    let mut page = browser.open("/signin").await.page();
    let [mut known, mut unknown] = [Vec::new(), Vec::new()];
    for number in 0..tries + KNOWN {
        let turns = u8::try_from(number / KNOWN).unwrap_or(u8::MAX);
        // Nothing is throttled: each has a network of its own for each of its turns, and time goes on.
        browser.address = Some([10, turns, u8::try_from(number % KNOWN).unwrap(), 1].into());
        if number % KNOWN == 0 {
            world.advance(901);
            page = browser.open("/signin").await.page();
        }
        let took = [
            refusal(&mut browser, &page, &format!("known{}", number % KNOWN)).await,
            refusal(&mut browser, &page, &format!("nobody{}", number % KNOWN)).await,
        ];
        // In the first turn it is learned how long each kind takes.
        if number >= KNOWN {
            known.push(took[0]);
            unknown.push(took[1]);
        }
    }
    let (known, unknown) = (median(known), median(unknown));
    let apart = known.as_secs_f64() / unknown.as_secs_f64();
    println!("{tries} tries of each: known {known:?}, unknown {unknown:?}, {apart:.3}");
    let most = if tries < MANY { 1.5 } else { 1.05 };
    assert!((1.0 / most..=most).contains(&apart), "known {known:?}, unknown {unknown:?}");
    assert!(unknown > Duration::from_millis(5), "no work was done: {unknown:?}");
    assert_eq!(world.service().password_cost().unwrap().is_some(), tries >= MANY, "what is measured is kept");
}

async fn refusal(browser: &mut Browser<'_>, page: &Page, username: &str) -> Duration {
    let begun = uptime_micros();
    let answer = browser.submit(page, "/signin", None, &[("username", username), ("password", "guessed")]).await.page();
    let took = Duration::from_micros(uptime_micros() - begun);
    assert_eq!((answer.answer.status, answer.heading().as_str()), (200, "Sign in"), "{username}");
    took
}

fn median(mut taken: Vec<Duration>) -> Duration {
    taken.sort_unstable();
    taken[taken.len() / 2]
}
