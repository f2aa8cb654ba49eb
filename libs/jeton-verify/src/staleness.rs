//! What a verifier may still say by itself, given how long ago it last heard from the server.

use std::time::Duration;

/// How long a verifier may go on without hearing from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Without a heartbeat for longer than this, the server is asked about each token.
    pub staleness_max: Duration,
    /// Where the server cannot be asked either, JWTs that nothing known speaks against pass for so much longer; zero refuses them.
    pub stale_accept: Duration,
}

impl Patience {
    /// Opaque tokens are answered from memory only while heartbeats, one each second, come in at least this often.
    pub const LIVE: Duration = Duration::from_secs(3);

    /// For APIs where a revoked token must not live longer than a few seconds: 5 s, and nothing passes unasked after that.
    pub const STRICT: Self = Self { staleness_max: Duration::from_secs(5), stale_accept: Duration::ZERO };
}

impl Default for Patience {
    /// 30 s, then 10 min.
    fn default() -> Self {
        Self { staleness_max: Duration::from_secs(30), stale_accept: Duration::from_secs(600) }
    }
}

/// What is asked about. All that can be judged by itself was: its signature, claims and the negatives speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JWT signed with a known key.
    Jwt,
    /// An opaque token about which the server was asked a moment ago.
    Remembered,
    /// An opaque token about which nothing is known.
    Opaque,
}

/// Whether what the verifier knows is all there is to know, as of its last heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Yes.
    Sound,
    /// Something was told that could not be understood: a token may be dead without this verifier knowing.
    Doubtful,
    /// The server showed two histories: nothing that it says can be believed.
    Broken,
}

/// What a verifier has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// How far it can be relied on.
    pub trust: Trust,
    /// How long ago the last heartbeat was; `None`: there was none yet.
    pub silent_for: Option<Duration>,
}

/// Whether the server can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// It may answer.
    MayAnswer,
    /// It was just asked and gave no answer.
    Unreachable,
}

/// What to do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Accept it.
    Accept,
    /// Ask the server, and decide again if it gives no answer.
    Ask,
    /// Accept it although nobody could be asked, and raise an alert.
    AcceptStale,
    /// Refuse it: whether it lives cannot be told now.
    Refuse,
}

/// Decides about a token that nothing known speaks against.
///
/// Whoever hears the heartbeat decides alone. Whoever does not, or knows that it misses something, asks. Who can neither hear nor ask
/// accepts JWTs for a while, and only if it misses nothing up to the last heartbeat.
#[must_use]
pub fn decide(form: Form, hearing: Hearing, patience: &Patience, server: Server) -> Decision {
    let heard_within = |limit: Duration| hearing.silent_for.is_some_and(|silence| silence <= limit);
    let ask_or_refuse = match server {
        Server::MayAnswer => Decision::Ask,
        Server::Unreachable => Decision::Refuse,
    };
    match (hearing.trust, form) {
        (Trust::Broken, _) => Decision::Refuse,
        (Trust::Doubtful, _) | (Trust::Sound, Form::Opaque) => ask_or_refuse,
        (Trust::Sound, Form::Remembered) if heard_within(Patience::LIVE) => Decision::Accept,
        (Trust::Sound, Form::Remembered) => ask_or_refuse,
        (Trust::Sound, Form::Jwt) if heard_within(patience.staleness_max) => Decision::Accept,
        (Trust::Sound, Form::Jwt) => {
            let accepted = !patience.stale_accept.is_zero() && heard_within(patience.staleness_max.saturating_add(patience.stale_accept));
            if server == Server::Unreachable && accepted { Decision::AcceptStale } else { ask_or_refuse }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Accept, AcceptStale, Ask, Refuse};
    use Form::{Jwt, Opaque, Remembered};
    use Trust::{Broken, Doubtful, Sound};

    /// What is decided while the server may answer, and after it did not.
    fn check(form: Form, trust: Trust, silent_millis: Option<u64>, patience: Patience, expected: [Decision; 2]) {
        let hearing = Hearing { trust, silent_for: silent_millis.map(Duration::from_millis) };
        let decided = [Server::MayAnswer, Server::Unreachable].map(|server| decide(form, hearing, &patience, server));
        assert_eq!(decided, expected, "{form:?} {trust:?} {silent_millis:?} {patience:?}");
    }

    #[test]
    fn by_default() {
        let patience = Patience::default();
        for (silent, expected) in [
            (Some(0), [Accept, Accept]),
            (Some(29_999), [Accept, Accept]),
            (Some(30_000), [Accept, Accept]),
            (Some(30_001), [Ask, AcceptStale]),
            (Some(630_000), [Ask, AcceptStale]),
            (Some(630_001), [Ask, Refuse]),
            (Some(u64::MAX), [Ask, Refuse]),
            (None, [Ask, Refuse]),
        ] {
            check(Jwt, Sound, silent, patience, expected);
        }
    }

    #[test]
    fn strictly_and_at_the_edges() {
        let (zero, ever) = (Duration::ZERO, Duration::MAX);
        for (patience, silent, expected) in [
            (Patience::STRICT, Some(5_000), [Accept, Accept]),
            (Patience::STRICT, Some(5_001), [Ask, Refuse]),
            (Patience::STRICT, None, [Ask, Refuse]),
            (Patience { staleness_max: zero, stale_accept: zero }, Some(0), [Accept, Accept]),
            (Patience { staleness_max: zero, stale_accept: zero }, Some(1), [Ask, Refuse]),
            (Patience { staleness_max: ever, stale_accept: ever }, Some(u64::MAX), [Accept, Accept]),
            (Patience { staleness_max: zero, stale_accept: ever }, Some(u64::MAX), [Ask, AcceptStale]),
            (Patience { staleness_max: ever, stale_accept: ever }, None, [Ask, Refuse]),
        ] {
            check(Jwt, Sound, silent, patience, expected);
        }
    }

    #[test]
    fn opaque_tokens_pass_unasked_only_while_the_feed_is_live() {
        for patience in [Patience::default(), Patience::STRICT] {
            check(Remembered, Sound, Some(3_000), patience, [Accept, Accept]);
            check(Remembered, Sound, Some(3_001), patience, [Ask, Refuse]);
            check(Remembered, Sound, None, patience, [Ask, Refuse]);
            for silent in [Some(0), Some(3_001), Some(u64::MAX), None] {
                check(Opaque, Sound, silent, patience, [Ask, Refuse]);
            }
        }
    }

    #[test]
    fn whoever_misses_something_asks_and_a_forked_server_is_not_asked() {
        for form in [Jwt, Remembered, Opaque] {
            for silent in [Some(0), Some(30_001), None] {
                check(form, Doubtful, silent, Patience::default(), [Ask, Refuse]);
                check(form, Broken, silent, Patience::default(), [Refuse, Refuse]);
            }
        }
    }
}
