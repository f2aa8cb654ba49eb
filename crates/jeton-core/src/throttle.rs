//! Throttling: how often somebody may try what can be guessed, or ask for what costs something. Each thing that is counted has a bucket; a bucket
//! that is full says when to come again. A throttle that tells an attacker from the owner by nothing would keep out both, so that a device that
//! signed in before has a bucket of its own, which never keeps anybody out for longer than some seconds.

/// What a bucket counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Passwords tried for one name from one network.
    NameInNetwork,
    /// Passwords tried for one name, from wherever.
    Name,
    /// Passwords tried from one network, for whomever.
    Network,
    /// Passwords of one person, tried on a device where they signed in before.
    Device,
    /// Second factors of one person, tried by whoever knows their password.
    SecondFactor,
    /// The same on a device where they signed in before.
    SecondFactorOnDevice,
    /// Letters asked for to one address.
    LetterTo,
    /// Letters asked for from one network.
    LetterFrom,
    /// Codes of devices typed in one session.
    UserCodeInSession,
    /// Codes of devices typed from one network.
    UserCodeFrom,
    /// Requests of one client that are written before anybody signed in.
    RequestOf,
    /// The same from one network.
    RequestFrom,
}

/// How many a bucket takes, and what comes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many tries are free.
    pub tries: u32,
    /// Within how many seconds, from the first on. Afterwards all is forgotten.
    pub seconds: i64,
    /// Afterwards one each so many seconds is taken; `None`: none until all is forgotten.
    pub then_each_seconds: Option<i64>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// When the first was counted, in seconds.
    pub begun_at: i64,
    /// When the last was.
    pub last_at: i64,
    /// How many.
    pub count: u32,
}

/// It is full: come again after so many seconds, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// So many.
    pub seconds: i64,
}

impl Kind {
    /// Each of them.
    pub const ALL: [Kind; 12] = [
        Kind::NameInNetwork,
        Kind::Name,
        Kind::Network,
        Kind::Device,
        Kind::SecondFactor,
        Kind::SecondFactorOnDevice,
        Kind::LetterTo,
        Kind::LetterFrom,
        Kind::UserCodeInSession,
        Kind::UserCodeFrom,
        Kind::RequestOf,
        Kind::RequestFrom,
    ];

    /// Its name, in labels too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::NameInNetwork => "name_in_network",
            Kind::Name => "name",
            Kind::Network => "network",
            Kind::Device => "device",
            Kind::SecondFactor => "second_factor",
            Kind::SecondFactorOnDevice => "second_factor_on_device",
            Kind::LetterTo => "letter_to",
            Kind::LetterFrom => "letter_from",
            Kind::UserCodeInSession => "user_code_in_session",
            Kind::UserCodeFrom => "user_code_from",
            Kind::RequestOf => "request_of",
            Kind::RequestFrom => "request_from",
        }
    }

    /// How many it takes. None keeps an owner out for longer than a quarter of an hour.
    #[must_use]
    pub const fn limit(self) -> Limit {
        match self {
            Kind::NameInNetwork => Limit::of(10, 900),
            Kind::Name | Kind::Network => Limit::of(50, 900),
            Kind::Device => Limit { then_each_seconds: Some(5), ..Limit::of(10, 900) },
            Kind::SecondFactor => Limit::of(5, 900),
            Kind::SecondFactorOnDevice => Limit::of(10, 900),
            Kind::LetterTo => Limit::of(5, 3_600),
            Kind::LetterFrom | Kind::UserCodeFrom => Limit::of(20, 3_600),
            Kind::UserCodeInSession => Limit::of(10, 3_600),
            Kind::RequestOf => Limit::of(60, 60),
            Kind::RequestFrom => Limit::of(30, 60),
        }
    }

    /// Whether a try costs whoever makes it: a hash, or a password that is right. What costs nothing is counted apart, so that whoever fills the
    /// room for it pushes out no guess.
    #[must_use]
    pub const fn is_of_guesses(self) -> bool {
        match self {
            Kind::NameInNetwork
            | Kind::Name
            | Kind::Network
            | Kind::Device
            | Kind::SecondFactor
            | Kind::SecondFactorOnDevice
            | Kind::UserCodeInSession => true,
            Kind::LetterTo | Kind::LetterFrom | Kind::UserCodeFrom | Kind::RequestOf | Kind::RequestFrom => false,
        }
    }
}

impl Limit {
    const fn of(tries: u32, seconds: i64) -> Limit {
        Limit { tries, seconds, then_each_seconds: None }
    }
}

impl Bucket {
    /// Whether nothing of it counts any more.
    #[must_use]
    pub fn is_over(&self, limit: Limit, now: i64) -> bool {
        now >= self.begun_at.saturating_add(limit.seconds)
    }

    /// The bucket without one that was counted at `begun_at`, since it was none: it counts for whoever failed alone.
    #[must_use]
    pub fn without_one(self, begun_at: i64) -> Option<Bucket> {
        if self.begun_at != begun_at {
            return Some(self);
        }
        let count = self.count.saturating_sub(1);
        (count > 0).then_some(Bucket { count, ..self })
    }
}

/// Counts one try, before it is known how it goes: of many at once none passes uncounted.
///
/// # Errors
/// [`Wait`]: it is not to be made.
pub fn take(bucket: &mut Option<Bucket>, limit: Limit, now: i64) -> Result<Bucket, Wait> {
    if bucket.is_some_and(|bucket| bucket.is_over(limit, now)) {
        *bucket = None;
    }
    let known = bucket.get_or_insert(Bucket { begun_at: now, last_at: now, count: 0 });
    // A clock that was set back makes nobody wait for longer than the limit says.
    (known.begun_at, known.last_at) = (known.begun_at.min(now), known.last_at.min(now));
    if known.count >= limit.tries {
        let until = match limit.then_each_seconds {
            Some(seconds) => known.last_at.saturating_add(seconds),
            None => known.begun_at.saturating_add(limit.seconds),
        };
        if now < until {
            return Err(Wait { seconds: until.saturating_sub(now) });
        }
    }
    (known.last_at, known.count) = (now, known.count.saturating_add(1));
    Ok(*known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit::of(3, 900);
    const PACED: Limit = Limit { then_each_seconds: Some(5), ..LIMIT };

    /// What becomes of tries at these times: `+`, or how long to wait.
    #[track_caller]
    fn check(limit: Limit, times: &[i64], expected: &str) {
        let (mut bucket, mut seen) = (None, Vec::new());
        for at in times {
            seen.push(match take(&mut bucket, limit, *at) {
                Ok(_) => "+".to_owned(),
                Err(Wait { seconds }) => seconds.to_string(),
            });
        }
        assert_eq!(seen.join(" "), expected, "{times:?}");
    }

    #[test]
    fn some_are_free_and_then_one_waits() {
        check(LIMIT, &[0, 0, 0, 0, 1, 899, 900, 900, 900, 900], "+ + + 900 899 1 + + + 900");
        check(LIMIT, &[0, 450, 899, 899, 900], "+ + + 1 +");
        // Whoever does not wait does not make it longer.
        check(LIMIT, &[0, 0, 0, 300, 600, 899, 900], "+ + + 600 300 1 +");
        check(PACED, &[0, 0, 0, 0, 4, 5, 5, 9, 10, 899, 900, 900, 900, 900], "+ + + 5 1 + 5 1 + + + + + 5");
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_for_longer() {
        check(LIMIT, &[10_000, 10_000, 10_000, 10_000, 100, 999, 1_000], "+ + + 900 900 1 +");
        check(PACED, &[10_000, 10_000, 10_000, 100, 105], "+ + + 5 +");
        for kind in Kind::ALL {
            let (mut bucket, limit) = (None, kind.limit());
            while let Ok(next) = take(&mut bucket, limit, 0) {
                assert!(next.count <= limit.tries, "{kind:?} is never full");
            }
            for now in [-100_000, -1, 0, limit.seconds - 1] {
                let (mut bucket, longest) = (bucket, limit.then_each_seconds.unwrap_or(limit.seconds));
                let Err(Wait { seconds }) = take(&mut bucket, limit, now) else {
                    assert!(limit.then_each_seconds.is_some() && now > 0, "{kind:?} is not full at {now}");
                    continue;
                };
                assert!((1..=longest).contains(&seconds), "{kind:?} {now}: {seconds}");
                assert!(take(&mut bucket, limit, now + longest).is_ok(), "{kind:?} {now}");
            }
            assert!(take(&mut bucket, limit, limit.seconds).is_ok(), "{kind:?}");
        }
    }

    #[test]
    fn what_was_no_failure_does_not_count() {
        let mut bucket = None;
        take(&mut bucket, LIMIT, 0).unwrap();
        let taken = take(&mut bucket, LIMIT, 5).unwrap();
        assert_eq!(taken.without_one(0), Some(Bucket { begun_at: 0, last_at: 5, count: 1 }));
        assert_eq!(taken.without_one(0).and_then(|bucket| bucket.without_one(0)), None);
        assert_eq!(taken.without_one(900), Some(taken), "it was counted in a bucket that is over");
    }

    #[test]
    fn a_kind_has_a_name_and_a_place_of_its_own() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert!(Kind::ALL.iter().skip(place + 1).all(|other| other.name() != kind.name() && *other != kind));
        }
    }
}
