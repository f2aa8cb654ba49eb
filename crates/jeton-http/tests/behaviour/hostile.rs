//! F1 and F4: forged, confused, tampered and malformed tokens at the introspection endpoint.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_jose::Algorithm;
use jeton_jose::hostile::{Kind, controls, shapes};
use jeton_jose::jwt::AccessTokenClaims;
use jeton_testkit::World;
use jeton_testkit::world::manage::claims_of;

#[tokio::test]
async fn no_hostile_shape_is_active() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256] {
        let world = World::new().await;
        let api = world.api_with("orders", |request| request.signing_algorithm = Some(algorithm.name().to_owned())).await;
        let worker = world.client("worker", &[&api]).await;
        let token = world.token(&worker).await;
        let claims = AccessTokenClaims::parse(claims_of(&token).to_string().as_bytes()).unwrap();
        let key = world.stolen_key(algorithm);
        for control in controls(&key, &claims).unwrap() {
            assert!(world.is_active(&worker, &control.token).await, "{algorithm}: {} is genuine", control.name);
        }
        let shapes = shapes(&key, &claims, world.now()).unwrap();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut active = Vec::new();
        for shape in &shapes {
            let answer = world.introspect(&worker, &shape.token).await;
            match answer.status {
                200 if answer.text() != r#"{"active":false}"# => active.push(&shape.name),
                200 => {}
                // An empty token is a missing parameter, and one beyond 64 KiB no form.
                status => {
                    assert_eq!((status, answer.error().as_str()), (if shape.token.is_empty() { 400 } else { 413 }, "invalid_request"))
                }
            }
            *counts.entry(format!("{:?}", shape.kind)).or_default() += 1;
        }
        println!("{algorithm}: {counts:?}, {} of {} active", active.len(), shapes.len());
        assert!(active.is_empty(), "{algorithm}: {active:?}");
        assert!(shapes.len() >= 330 && shapes.iter().all(|shape| shape.kind != Kind::Genuine));
        assert!(world.is_active(&worker, &token).await, "{algorithm}: nothing of it harmed the genuine one");
    }
}

/// Other texts of the same token: what a deny list of texts would let pass.
fn respelled(token: &str) -> Vec<(&'static str, String)> {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    let cut = &token[..token.len() - 1];
    let neighbour = |by: usize| alphabet.chars().nth((place ^ by) % 64).unwrap();
    vec![
        ("last bit flipped", format!("{cut}{}", neighbour(1))),
        ("second last bit flipped", format!("{cut}{}", neighbour(2))),
        ("fourth last bit flipped", format!("{cut}{}", neighbour(8))),
        ("padded", format!("{token}=")),
        ("padded twice", format!("{token}==")),
        ("a dot more", format!("{token}.")),
        ("a space before", format!(" {token}")),
        ("a space behind", format!("{token} ")),
        ("a newline behind", format!("{token}\n")),
        ("a zero behind", format!("{token}\0")),
        ("a letter more", format!("{token}A")),
        ("a letter less", cut.to_owned()),
        ("standard alphabet", token.replace('-', "+").replace('_', "/")),
        ("Bearer before", format!("Bearer {token}")),
        ("quoted", format!("\"{token}\"")),
        ("no signature", format!("{signed}.")),
        ("percent-encoded", token.replace('.', "%2E")),
        ("the signature twice", format!("{token}.{signature}")),
        ("another case", token.to_ascii_lowercase()),
    ]
}

/// The same ECDSA signature with s replaced by n − s: as valid as the first, and another text.
fn mirrored(token: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
        0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (place, order) in signature[32..].iter_mut().zip(ORDER).rev() {
        let difference = i32::from(order) - i32::from(*place) - borrow;
        borrow = i32::from(difference < 0);
        *place = (difference + 256 * borrow) as u8;
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn no_spelling_revives_a_revoked_token() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    for resource in ["https://orders.example", "https://stock.example"] {
        let token = world.token_with(&worker, &[("resource", resource)]).await;
        let is_jwt = token.contains('.');
        let mut texts = if is_jwt { respelled(&token) } else { opaque_respelled(&token) };
        // As long as it lives only its own text is taken, and the mirrored signature, which is one.
        for (name, text) in &texts {
            assert!(text == &token || !world.is_active(&worker, text).await, "{name}");
        }
        if is_jwt {
            assert!(world.is_active(&worker, &mirrored(&token)).await, "a mirrored signature is a signature");
            texts.push(("mirrored", mirrored(&token)));
        }
        assert!(world.is_active(&worker, &token).await);
        world.revoke(&worker, &token).await;
        texts.push(("itself", token));
        for (name, text) in &texts {
            assert!(!world.is_active(&worker, text).await, "{name}");
        }
    }
}

fn opaque_respelled(token: &str) -> Vec<(&'static str, String)> {
    let mut texts = vec![
        ("a space behind", format!("{token} ")),
        ("a letter more", format!("{token}0")),
        ("a letter less", token[..token.len() - 1].to_owned()),
        ("another case", token.to_ascii_uppercase()),
        ("another environment", token.replacen("jtn_at_", "jtn_test_at_", 1)),
        ("another kind", token.replacen("_at_", "_rt_", 1)),
        ("another prefix", token.replacen("jtn_", "jtm_", 1)),
        ("a zero behind", format!("{token}\0")),
    ];
    // Each single letter changed.
    for place in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
        texts.push(("a letter changed", String::from_utf8(bytes).unwrap()));
    }
    texts
}
