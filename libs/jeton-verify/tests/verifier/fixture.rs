//! A verifier and its issuer, live.

use std::time::Duration;

use jeton_jose::jwk::{SigningKey, VerifyingKeys};
use jeton_oauth::feed::Change;
use jeton_verify::staleness::Patience;
use jeton_verify::verifier::{Builder, FeedStatus};
use jeton_verify::{Refused, VerifiedToken, Verifier};

use crate::clock::TestClock;
use crate::issuer::{CLIENT, Connection, Issuer};
use crate::ledger::{AUDIENCE, Ledger};

pub(crate) struct Fixture {
    pub(crate) clock: TestClock,
    pub(crate) issuer: Issuer,
    pub(crate) ledger: Ledger,
    pub(crate) verifier: Verifier,
    pub(crate) feed: Connection,
    /// The sequence of the last event that was sent.
    pub(crate) sequence: u64,
}

impl Fixture {
    /// Live after an empty snapshot.
    pub(crate) async fn live() -> Self {
        Self::live_with(Vec::new(), |builder| builder).await
    }

    pub(crate) async fn patient(patience: Patience) -> Self {
        Self::live_with(Vec::new(), |builder| builder.patience(patience)).await
    }

    pub(crate) async fn live_with(changes: Vec<Change>, more: impl FnOnce(Builder) -> Builder) -> Self {
        Self::live_at(Issuer::start().await, changes, more).await
    }

    /// Of a client that signs.
    pub(crate) async fn live_with_key(key: SigningKey) -> Self {
        let issuer = Issuer::start().await;
        *issuer.answers.client_key.lock().unwrap() = Some(VerifyingKeys::new(vec![key.verifying_key().unwrap()]).unwrap());
        Self::live_at(issuer, Vec::new(), |builder| builder.client_key(CLIENT.0, key)).await
    }

    async fn live_at(mut issuer: Issuer, changes: Vec<Change>, more: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = TestClock::new();
        let ledger = Ledger::new(&issuer.url);
        issuer.publish(ledger.jwk_set());
        let builder = more(builder(&issuer.url, &clock));
        let first = async {
            let feed = issuer.connection().await;
            feed.send(&ledger.snapshot(10, changes));
            feed.send(&ledger.checkpoint(10, clock.seconds()));
            feed
        };
        let (verifier, feed) = tokio::join!(builder.start(), first);
        let verifier = verifier.unwrap();
        // The snapshot makes the verifier look at the key set again; later fetches are counted from there.
        while issuer.key_fetches() < 2 {
            tokio::task::yield_now().await;
        }
        Self { clock, issuer, ledger, verifier, feed, sequence: 10 }
    }

    pub(crate) async fn check(&self, token: &str) -> Result<VerifiedToken, Refused> {
        self.verifier.check(token).await
    }

    /// Sends a change and waits until it was applied.
    pub(crate) async fn change(&mut self, change: Change) {
        self.sequence += 1;
        self.feed.send(&self.ledger.narrowing(self.sequence, change));
        let cursor = self.ledger.cursor(self.sequence);
        self.verifier.wait_for(|status| status.cursor.as_ref() == Some(&cursor)).await;
    }

    /// Sends a heartbeat and waits until it was heard.
    pub(crate) async fn beat(&mut self) {
        self.sequence += 1;
        self.feed.send(&self.ledger.checkpoint(self.sequence, self.clock.seconds()));
        self.verifier.wait_for(|status| status.feed == FeedStatus::Live).await;
    }

    /// Closes the connection and takes the next one.
    pub(crate) async fn reconnect(&mut self) {
        self.feed.close();
        self.feed = self.issuer.connection().await;
    }
}

/// A builder that knows the client and never gives up a silent connection by itself.
pub(crate) fn builder(url: &str, clock: &TestClock) -> Builder {
    let (client_id, client_secret) = CLIENT;
    Verifier::builder(url, AUDIENCE).client(client_id, client_secret).clock(clock.clone()).feed_silence(Duration::from_secs(600))
}
