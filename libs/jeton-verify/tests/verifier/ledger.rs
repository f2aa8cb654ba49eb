//! What a server signs: tokens, snapshots and checkpoints, as it prints them.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{JwkSet, SigningKey};
use jeton_jose::jws::Signer;
use jeton_jose::jwt::{AccessTokenClaims, Audience};
use jeton_oauth::Issuer;
use jeton_oauth::feed::{Change, CompactJws, Cursor, FeedEvent, Incarnation, Narrowing, SignedNote, SnapshotPart};
use jeton_token::TokenId;
use serde_json::Map;

use crate::clock::START;

pub(crate) const AUDIENCE: &str = "https://orders.example";
const ORIGIN: &str = "ledger.example";

/// A key for tokens, and the ledger's.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) issuer: Issuer,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) incarnation: &'static str,
    seed: u8,
}

impl Ledger {
    pub(crate) fn new(issuer: &str) -> Self {
        let key = Arc::new(SigningKey::generate(Algorithm::Ed25519).unwrap());
        Self { issuer: Issuer::parse(issuer).unwrap(), key, incarnation: "a1", seed: 7 }
    }

    /// The same, but signing with another key.
    pub(crate) fn with_key(&self, algorithm: Algorithm) -> Self {
        Self { key: Arc::new(SigningKey::generate(algorithm).unwrap()), ..self.clone() }
    }

    /// The same tokens in another life of the ledger.
    pub(crate) fn restored(&self) -> Self {
        Self { incarnation: "b2", ..self.clone() }
    }

    /// The same, with another key of the ledger.
    pub(crate) fn with_ledger_key(&self, seed: u8) -> Self {
        Self { seed, ..self.clone() }
    }

    pub(crate) fn jwk_set(&self) -> String {
        JwkSet::new(vec![self.key.to_jwk().unwrap()]).to_json()
    }

    pub(crate) fn claims(&self, id: u8) -> AccessTokenClaims {
        AccessTokenClaims {
            issuer: self.issuer.as_str().to_owned(),
            subject: "worker".to_owned(),
            audience: Audience::one(AUDIENCE),
            client_id: "worker".to_owned(),
            issued_at: START - 10,
            expires_at: START + 3_590,
            not_before: None,
            token_id: token_id(id).to_string(),
            scope: Some("orders:read".to_owned()),
            session_id: None,
            grant_id: None,
            authenticated_at: None,
            authentication_class: None,
            authentication_methods: None,
            confirmation: None,
            actor: None,
            version: Some(1),
            additional: Map::new(),
        }
    }

    /// A JWT with this id.
    pub(crate) fn token(&self, id: u8) -> String {
        self.sign(&self.claims(id))
    }

    pub(crate) fn sign(&self, claims: &AccessTokenClaims) -> String {
        Signer::new(self.key.clone(), "at+jwt").sign(&claims.to_payload()).unwrap()
    }

    pub(crate) fn cursor(&self, sequence: u64) -> Cursor {
        Cursor { incarnation: Incarnation::parse(self.incarnation).unwrap(), sequence }
    }

    /// A snapshot of one part.
    pub(crate) fn snapshot(&self, sequence: u64, changes: Vec<Change>) -> FeedEvent {
        let mut parts = self.parts(sequence, 1, changes);
        parts.remove(0)
    }

    /// A snapshot of so many parts, the changes in the last one.
    pub(crate) fn parts(&self, sequence: u64, parts: u32, changes: Vec<Change>) -> Vec<FeedEvent> {
        let cursor = self.cursor(sequence);
        let mut whole = SnapshotPart::split(&self.issuer, START, &cursor, &self.ledger_key(), changes).remove(0);
        whole.parts = parts;
        let part = |number| {
            let changes = if number == parts { whole.changes.clone() } else { Vec::new() };
            self.snapshot_event(&cursor, SnapshotPart::TYP, &SnapshotPart { part: number, changes, ..whole.clone() })
        };
        (1..=parts).map(part).collect()
    }

    pub(crate) fn snapshot_event(&self, cursor: &Cursor, token_type: &str, part: &SnapshotPart) -> FeedEvent {
        let jws = Signer::new(self.key.clone(), token_type).sign(&part.to_json()).unwrap();
        FeedEvent::Snapshot { cursor: cursor.clone(), jws: CompactJws::parse(jws).unwrap() }
    }

    pub(crate) fn narrowing(&self, sequence: u64, change: Change) -> FeedEvent {
        let narrowing = Narrowing { sequence, at_micros: START * 1_000_000, change };
        FeedEvent::Narrowing { incarnation: Incarnation::parse(self.incarnation).unwrap(), narrowing }
    }

    /// A checkpoint after the entry of this sequence, signed at this second.
    pub(crate) fn checkpoint(&self, sequence: u64, time_seconds: i64) -> FeedEvent {
        self.checkpoint_of(sequence, sequence + 1, 3, time_seconds)
    }

    pub(crate) fn checkpoint_of(&self, sequence: u64, size: u64, root: u8, time_seconds: i64) -> FeedEvent {
        let text = format!("{ORIGIN}\n{size}\n{}\ntime {time_seconds}\n", STANDARD.encode([root; 32]));
        let signature = self.pair().sign(text.as_bytes());
        let line = STANDARD.encode([&self.ledger_key_id()[..], signature.as_ref()].concat());
        let note = SignedNote::parse(format!("{text}\n\u{2014} {ORIGIN} {line}\n")).unwrap();
        FeedEvent::Checkpoint { cursor: self.cursor(sequence), note }
    }

    pub(crate) fn ledger_key(&self) -> String {
        let id: String = self.ledger_key_id().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{ORIGIN}+{id}+{}", STANDARD.encode(self.ledger_public()))
    }

    fn ledger_key_id(&self) -> [u8; 4] {
        let hash = digest(&SHA256, &[ORIGIN.as_bytes(), b"\n", &self.ledger_public()].concat());
        *hash.as_ref().first_chunk().unwrap()
    }

    fn ledger_public(&self) -> Vec<u8> {
        [&[1], self.pair().public_key().as_ref()].concat()
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.seed; 32]).unwrap()
    }
}

pub(crate) fn token_id(id: u8) -> TokenId {
    TokenId::from_bytes([id; 16])
}

pub(crate) fn revoked(id: u8) -> Change {
    Change::TokenRevoked { id: token_id(id), until_seconds: START + 4_000 }
}

pub(crate) fn suspended(id: u8) -> Change {
    Change::TokenSuspended { id: token_id(id), until_seconds: START + 4_000 }
}

pub(crate) fn resumed(id: u8) -> Change {
    Change::TokenResumed { id: token_id(id), until_seconds: START + 4_000 }
}

pub(crate) fn unknown() -> Change {
    Change::Unknown { kind: "planet_revoked".into() }
}
