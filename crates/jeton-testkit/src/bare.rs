//! A service without a world around it, over a store of the test's own making.

#![expect(clippy::expect_used, clippy::panic, reason = "what goes wrong in here must fail the test that asked for it, and loudly")]

use std::sync::Arc;

use jeton_core::root_key::RootKeys;
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::registry::LoadError;
use jeton_service::{Parts, Service};
use jeton_store::memory::MemoryStore;
use jeton_store::schema::SCHEMA;
use jeton_token::Prefix;
use zeroize::Zeroizing;

use crate::in_front::{InFront, Otherwise};

/// A service under this clock and these dice, over an empty store with something in front of it. Nothing is set up yet.
pub fn service<O: Otherwise>(moments: Moments, in_front: impl FnOnce(Arc<MemoryStore>) -> O) -> Service {
    let parts = Parts {
        issuer: Issuer::parse("https://issuer.example").expect("an issuer"),
        prefix: Prefix::default(),
        root_keys: RootKeys::new([(1, Zeroizing::new([7; 32]))]).expect("a root key"),
        moments,
        spawn: None,
        cached_credentials: 8,
        negatives_image: None,
        on_lost: Box::new(|fault| panic!("the service could not follow its store: {fault}")),
    };
    let opened =
        Service::open::<LoadError>(parts, |subscriber| Ok(Arc::new(InFront(in_front(MemoryStore::new(&SCHEMA, [3; 32], subscriber))))));
    opened.expect("an empty store can be served")
}
