//! Signing keys: published ahead, rotated by themselves, kept while their tokens live, revoked in an emergency, sealed at rest.

use std::collections::BTreeSet;

use jeton_core::id::{Actor, CredentialId, KeyId};
use jeton_core::key::{self, Purpose, SigningKeyRecord, State};
use jeton_core::refusal::Reason;
use jeton_core::root_key::{RootKeyError, RootKeys};
use jeton_core::token::standing::Standing;
use jeton_jose::Algorithm;
use jeton_service::failure::Failure;
use jeton_service::registry::LoadError;
use jeton_testkit::World;
use jeton_testkit::world::manage::{administrator, claims_of, key_id_of};
use zeroize::Zeroizing;

const DAY: i64 = 86_400;

/// The token keys of ES256 by state.
fn keys(world: &World, state: State) -> Vec<SigningKeyRecord> {
    let all = world.service().signing_keys().into_iter().map(|key| key.record);
    all.filter(|key| key.purpose == Purpose::Token && key.algorithm == Algorithm::Es256 && key.state == state).collect()
}

fn only(world: &World, state: State) -> String {
    match keys(world, state).as_slice() {
        [one] => one.id.to_string(),
        several => panic!("{several:?}"),
    }
}

async fn published(world: &World) -> BTreeSet<String> {
    let set = world.get("/.well-known/jwks.json").await.json();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn rotate(world: &World, now_even_so: bool) -> Result<KeyId, Failure> {
    world.service().rotate_signing_key(Algorithm::Es256, now_even_so, &administrator(), &world.moment()).await
}

async fn tend(world: &World) {
    world.service().tend_signing_keys(&world.moment()).await.unwrap();
}

#[tokio::test]
async fn the_next_key_is_always_published() {
    let mut world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for _ in 0..3 {
        let (current, next) = (only(&world, State::Current), only(&world, State::Next));
        assert_ne!(current, next);
        let set = published(&world).await;
        assert!(set.contains(&current) && set.contains(&next), "{set:?}");
        assert_eq!(key_id_of(&world.token(&worker).await), current);
        world.advance(600);
        assert_eq!(rotate(&world, false).await.unwrap().to_string(), next);
        assert_eq!(only(&world, State::Current), next);
        world = world.reopen().await;
    }
}

#[tokio::test]
async fn rotation_waits_until_caches_know_the_next_key() {
    let world = World::new().await;
    let (current, next) = (only(&world, State::Current), only(&world, State::Next));
    world.advance(599);
    match rotate(&world, false).await {
        Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, Reason::Conflict),
        other => panic!("{other:?}"),
    }
    assert_eq!(only(&world, State::Current), current);
    assert_eq!(rotate(&world, true).await.unwrap().to_string(), next);
}

#[tokio::test]
async fn a_retired_key_stays_while_its_tokens_live() {
    let world = World::new().await;
    let orders = world.api_with("orders", |request| request.access_token_lifetime_seconds = Some(DAY)).await;
    let worker = world.client("worker", &[&orders]).await;
    world.advance(600);
    let token = world.token(&worker).await;
    let retired = key_id_of(&token);
    rotate(&world, false).await.unwrap();
    let world = world.reopen().await;
    assert!(world.is_active(&worker, &token).await);
    world.advance(DAY - 1);
    tend(&world).await;
    assert!(published(&world).await.contains(&retired) && world.is_active(&worker, &token).await);
    assert!(keys(&world, State::Retired)[0].sealed.is_none(), "what no longer signs needs no private half");
    world.advance(1 + DAY);
    tend(&world).await;
    assert!(!published(&world).await.contains(&retired) && !world.is_active(&worker, &token).await);
    assert!(keys(&world, State::Retired).is_empty());
}

#[tokio::test]
async fn rotation_comes_by_itself() {
    let world = World::new().await;
    let api = |name: &'static str, algorithm: &'static str| (name, algorithm);
    for (name, algorithm) in [api("orders", "ES256"), api("stock", "EdDSA"), api("mail", "ES384")] {
        world.api_with(name, |request| request.signing_algorithm = Some(algorithm.to_owned())).await;
    }
    let before = only(&world, State::Current);
    world.advance(90 * DAY - 1);
    tend(&world).await;
    assert_eq!(only(&world, State::Current), before);
    world.advance(1);
    let next = only(&world, State::Next);
    tend(&world).await;
    assert_eq!(only(&world, State::Current), next);
    let count = world.service().signing_keys().len();
    tend(&world).await;
    assert_eq!(world.service().signing_keys().len(), count, "once is enough");
    let world = world.reopen().await;
    assert_eq!(only(&world, State::Current), next);
    check_seals(&world);
}

#[tokio::test]
async fn an_emergency_kills_what_that_key_signed_and_nothing_else() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let brief = world.api_with("brief", |request| request.signing_algorithm = Some("EdDSA".to_owned())).await;
    let worker = world.client("worker", &[&orders, &stock, &brief]).await;
    let ask = async |world: &World, resource| world.token_with(&worker, &[("resource", resource)]).await;
    let old = ask(&world, "https://orders.example").await;
    world.advance(600);
    rotate(&world, false).await.unwrap();
    let stolen = ask(&world, "https://orders.example").await;
    let (opaque, other) = (ask(&world, "https://stock.example").await, ask(&world, "https://brief.example").await);
    let (current, next) = (only(&world, State::Current), only(&world, State::Next));
    assert_eq!(key_id_of(&stolen), current);
    assert!(world.is_active(&worker, &stolen).await);
    world.service().revoke_signing_key(&current, &administrator(), &world.moment()).await.unwrap();
    let mut world = world;
    for _ in 0..2 {
        for (name, token, is_active) in
            [("stolen", &stolen, false), ("old", &old, true), ("opaque", &opaque, true), ("other", &other, true)]
        {
            assert_eq!(world.is_active(&worker, token).await, is_active, "{name}");
        }
        let set = published(&world).await;
        assert!(!set.contains(&current) && set.contains(&next));
        assert_eq!(only(&world, State::Current), next);
        assert_ne!(only(&world, State::Next), next);
        assert_eq!(key_id_of(&ask(&world, "https://orders.example").await), next);
        world = world.reopen().await;
    }
    let size = world.ledger_size();
    world.service().revoke_signing_key(&current, &administrator(), &world.moment()).await.unwrap();
    assert_eq!(world.ledger_size(), size, "twice is once");
}

#[tokio::test]
async fn the_next_and_a_retired_key_can_be_revoked_too() {
    let world = World::new().await;
    let (current, next) = (only(&world, State::Current), only(&world, State::Next));
    let revoke = async |id: &str| world.service().revoke_signing_key(id, &administrator(), &world.moment()).await;
    revoke(&next).await.unwrap();
    assert_eq!(only(&world, State::Current), current);
    assert_ne!(only(&world, State::Next), next);
    assert!(!published(&world).await.contains(&next));
    rotate(&world, true).await.unwrap();
    revoke(&current).await.unwrap();
    assert!(keys(&world, State::Retired).is_empty() && !published(&world).await.contains(&current));
    let mut of_ledger = world.service().signing_keys().into_iter().filter(|key| key.record.purpose == Purpose::Ledger);
    let ledger = of_ledger.next().unwrap();
    assert!(of_ledger.next().is_none(), "no key is kept that can never sign");
    for (id, reason) in [("unknown", Reason::NotFound), (ledger.record.id.as_str(), Reason::Conflict)] {
        match revoke(id).await {
            Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, reason, "{id}"),
            other => panic!("{other:?}"),
        }
    }
}

/// A token that is asked for by its id is judged by the key that was signing when it was issued.
#[tokio::test]
async fn a_token_by_its_id_dies_with_its_key() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let state = async |token: &str| {
        let id = CredentialId::parse(claims_of(token)["jti"].as_str().unwrap()).unwrap();
        world.service().token_state(id, &world.moment()).await.unwrap()
    };
    let ask = async |resource| world.token_with(&worker, &[("resource", resource)]).await;
    let first = ask("https://orders.example").await;
    world.advance(1_000);
    rotate(&world, false).await.unwrap();
    let beside_the_rotation = ask("https://orders.example").await;
    world.advance(1_000);
    let (second, opaque) = (ask("https://orders.example").await, ask("https://stock.example").await);
    for (token, signers) in [(&first, vec![key_id_of(&first)]), (&second, vec![key_id_of(&second)])] {
        let state = state(token).await;
        assert_eq!((state.standing, state.signed_by.iter().map(|by| by.key.to_string()).collect()), (Standing::Active, signers));
    }
    world.advance(6);
    world.service().revoke_signing_key(&key_id_of(&second), &administrator(), &world.moment()).await.unwrap();
    let third = ask("https://orders.example").await;
    for (token, standing, in_doubt) in [
        (&first, Standing::Active, None),
        (&beside_the_rotation, Standing::Active, Some(key_id_of(&second))),
        (&second, Standing::Revoked, None),
        (&third, Standing::Active, Some(key_id_of(&second))),
    ] {
        let state = state(token).await;
        assert_eq!(
            (state.standing, state.signed_by_revoked().map(KeyId::to_string).filter(|_| standing == Standing::Active)),
            (standing, in_doubt)
        );
    }
    let opaque = world.service().token_state_of_text(&opaque, &world.moment()).await.unwrap();
    assert_eq!((opaque.standing, opaque.signed_by.len()), (Standing::Active, 0));
    world.advance(6);
    world.service().revoke_signing_key(&key_id_of(&third), &administrator(), &world.moment()).await.unwrap();
    assert_eq!(state(&third).await.standing, Standing::Revoked, "whichever of the two it was");
    assert_eq!(state(&first).await.standing, Standing::Active);
}

/// A thief with the key writes tokens of the future, and keeps asking for them: they stay dead when the key's revocation is forgotten.
#[tokio::test]
async fn what_a_stolen_key_signed_stays_dead() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut claims = claims_of(&world.token(&worker).await);
    let stolen = world.stolen_key(Algorithm::Es256);
    let sign =
        |claims: &serde_json::Value| jeton_jose::jws::Signer::new(stolen.clone(), "at+jwt").sign(claims.to_string().as_bytes()).unwrap();
    let mut forged = vec![];
    for days in 0..6 {
        claims["iat"] = (world.now() + days * DAY).into();
        claims["exp"] = (world.now() + days * DAY + 3_600).into();
        forged.push(sign(&claims));
    }
    for token in &forged {
        world.is_active(&worker, token).await;
    }
    world.service().revoke_signing_key(stolen.key_id(), &Actor::system(), &world.moment()).await.unwrap();
    for hours in 0..150 {
        for token in &forged {
            assert!(!world.is_active(&worker, token).await, "after {hours} hours");
        }
        world.advance(3_600);
        tend(&world).await;
        world.service().drop_expired().unwrap();
    }
}

#[tokio::test]
async fn a_sealed_key_opens_under_its_own_root_key_only() {
    let world = World::new().await;
    let other = RootKeys::new([(1, Zeroizing::new([8; 32]))]).unwrap();
    assert_eq!(world.reopen_under(other).await.err(), Some(LoadError::RootKey(RootKeyError::Unsealable)));
    let without = RootKeys::new([(2, Zeroizing::new([7; 32]))]).unwrap();
    assert_eq!(World::new().await.reopen_under(without).await.err(), Some(LoadError::RootKey(RootKeyError::Lacks(1))));
}

#[tokio::test]
async fn the_root_key_is_rotated_while_everything_goes_on() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let ask = async |world: &World, resource| world.token_with(&worker, &[("resource", resource)]).await;
    let before = [ask(&world, "https://orders.example").await, ask(&world, "https://stock.example").await];
    let both = || RootKeys::new([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([9; 32]))]).unwrap();
    let epoch = world.service().rotate_root_key(both(), &administrator(), &world.moment()).await.unwrap();
    assert_eq!(epoch, 2);
    assert!(world.service().signing_keys().iter().all(|key| key.record.sealed.is_none() || key.record.epoch == 2));
    check_seals(&world);
    let world = world.reopen_under(both()).await.unwrap();
    let after = [ask(&world, "https://orders.example").await, ask(&world, "https://stock.example").await];
    for token in before.iter().chain(&after) {
        assert!(world.is_active(&worker, token).await);
    }
}

/// What is kept under an epoch needs it: a root key without it, with another one in its place, or with nothing newer, is not taken up.
#[tokio::test]
async fn a_root_key_that_lost_an_epoch_is_not_taken_up() {
    let world = World::new().await;
    let stock = world.opaque_api("stock").await;
    let picker = world.client("picker", &[&stock]).await;
    let token = world.token(&picker).await;
    let size = world.ledger_size();
    for epochs in [vec![(2, 9)], vec![(1, 7)], vec![(0, 7), (1, 7)], vec![(1, 9), (2, 9)]] {
        let root_keys = RootKeys::new(epochs.iter().map(|(number, byte)| (*number, Zeroizing::new([*byte; 32])))).unwrap();
        match world.service().rotate_root_key(root_keys, &administrator(), &world.moment()).await {
            Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, Reason::Conflict, "{epochs:?}"),
            other => panic!("{epochs:?}: {other:?}"),
        }
        assert!(world.is_active(&picker, &token).await, "{epochs:?}");
    }
    assert_eq!(world.ledger_size(), size);
}

/// AES-GCM gives everything away where one key seals two things under one nonce; and a commit is found again by its id.
fn check_seals(world: &World) {
    let sealed: Vec<_> = world.service().signing_keys().into_iter().filter_map(|key| key.record.sealed).collect();
    let nonces: BTreeSet<&[u8]> = sealed.iter().map(|sealed| &sealed[..12]).collect();
    assert_eq!(nonces.len(), sealed.len(), "a nonce was used twice");
    let entries = world.service().entries(0, 1_000).unwrap();
    let ids: Vec<_> = entries.chunk_by(|one, next| one.commit == next.commit).map(|chunk| chunk[0].commit).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "a commit id was used twice");
}

#[tokio::test]
async fn no_two_seals_and_no_two_commits_share_their_chance() {
    let world = World::new().await;
    check_seals(&world);
    for (name, algorithm) in [("orders", "ES384"), ("stock", "EdDSA"), ("mail", "ES512")] {
        world.api_with(name, |request| request.signing_algorithm = Some(algorithm.to_owned())).await;
    }
    check_seals(&world);
    assert_eq!(key::TABLE.name, "signing_key");
}
