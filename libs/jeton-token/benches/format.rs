//! Nanoseconds to mint, parse, check and hash a token: `cargo bench -p jeton-token`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Duration;

use jeton_token::{CheckKey, Environment, Finder, HashKey, Kind, Label, Prefix, SecretBytes, Token, TokenId};

fn main() {
    let prefix = Prefix::default();
    let (check_key, hash_key) = (CheckKey::new(&[1; 32]), HashKey::new(&[2; 32]));
    let label = Label { prefix, environment: Environment::Live, kind: Kind::AccessToken, epoch: 1, id: TokenId::from_bytes([0x5a; 16]) };
    let secret = SecretBytes::new([0xc3; 20]);
    let token = label.mint(&secret, &check_key);
    let text = token.expose();
    let log = format!("{} {text} ", "GET /orders?page=1 HTTP/1.1 200 order_id=17 ".repeat(20)).repeat(100);

    report("mint", || {
        black_box(label.mint(black_box(&secret), &check_key));
    });
    report("parse", || {
        black_box(Token::parse(black_box(text), &prefix).is_ok());
    });
    report("parse and check", || {
        black_box(Token::parse(black_box(text), &prefix).is_ok_and(|token| token.check(&check_key)));
    });
    report("hash for storage", || {
        black_box(hash_key.hash(black_box(text)));
    });
    report(&format!("find in {} KiB of log", log.len() / 1024), || {
        black_box(Finder::any().find(black_box(log.as_bytes())).count());
    });
}

/// The best of several rounds, so that other work on the machine weighs little.
fn report(name: &str, mut work: impl FnMut()) {
    let mut rounds = 1;
    while time(rounds, &mut work) < Duration::from_millis(20) {
        rounds *= 2;
    }
    let best = (0..9).map(|_| time(rounds, &mut work)).min().unwrap_or_default();
    println!("{name:<28} {:>12.1} ns", best.as_secs_f64() * 1e9 / f64::from(rounds));
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn time(rounds: u32, work: &mut impl FnMut()) -> Duration {
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        work();
    }
    start.elapsed()
}
