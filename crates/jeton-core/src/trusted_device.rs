//! Devices on which somebody signed in before: what their browser keeps of it, sealed. Whoever fails elsewhere, however often, does not keep the
//! owner out here. There is no row of it: what ends the trust is the age of what the browser has.

use crate::id::PersonId;
use crate::moment::Moment;

/// How long a device is trusted after somebody signed in there, in seconds: 180 days.
pub const TRUSTED_SECONDS: i64 = 180 * 86_400;
/// How many people one device is trusted for; whoever signed in there longest ago makes room.
pub const PEOPLE_MAX: usize = 4;

const VERSION: u8 = 1;

/// A device on which people signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedDevice {
    /// Which.
    pub device: [u8; 16],
    /// Who signed in there, and when, in seconds; the latest last.
    people: Vec<(PersonId, i64)>,
}

/// What may have ended the trust in a device, for one person.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// When their password was set, in seconds.
    pub password_set_at: i64,
    /// Before when everything of theirs was ended, in seconds.
    pub ended_before: i64,
}

impl TrustedDevice {
    /// A device that nobody signed in on yet.
    pub fn begin(moment: &mut Moment) -> TrustedDevice {
        TrustedDevice { device: moment.draw(), people: Vec::new() }
    }

    /// The same, after somebody signed in there.
    #[must_use]
    pub fn with(mut self, person: &PersonId, now: i64) -> TrustedDevice {
        self.people.retain(|(known, _)| known != person);
        let surplus = (self.people.len() + 1).saturating_sub(PEOPLE_MAX);
        self.people.drain(..surplus);
        self.people.push((person.clone(), now));
        self
    }

    /// Whether somebody signed in there, not too long ago, and neither got another password nor lost everything since.
    #[must_use]
    pub fn is_trusted_by(&self, person: &PersonId, since: Since, now: i64) -> bool {
        let at = self.people.iter().find(|(known, _)| known == person).map(|(_, at)| *at);
        // A password that was set within the same second is taken for a later one.
        at.is_some_and(|at| at > since.password_set_at && at >= since.ended_before && at <= now && now - at < TRUSTED_SECONDS)
    }

    /// What is sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.device);
        for (person, at) in &self.people {
            let id = person.as_str().as_bytes();
            let Ok(length) = u8::try_from(id.len()) else { continue };
            bytes.extend_from_slice(&at.to_be_bytes());
            bytes.push(length);
            bytes.extend_from_slice(id);
        }
        bytes
    }

    /// From what was sealed; `None`: it is of another version, or nothing of the kind.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<TrustedDevice> {
        let (VERSION, rest) = bytes.split_first().map(|(version, rest)| (*version, rest))? else { return None };
        let (device, mut rest) = rest.split_first_chunk::<16>()?;
        let mut people = Vec::new();
        while !rest.is_empty() {
            let (at, after) = rest.split_first_chunk::<8>()?;
            let (length, after) = after.split_first()?;
            let (id, after) = after.split_at_checked(usize::from(*length))?;
            people.push((PersonId::from(std::str::from_utf8(id).ok()?), i64::from_be_bytes(*at)));
            rest = after;
        }
        (people.len() <= PEOPLE_MAX).then_some(TrustedDevice { device: *device, people })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Time;

    const NEVER: Since = Since { password_set_at: 0, ended_before: 0 };

    fn device(signed_in: &[(&str, i64)]) -> TrustedDevice {
        let begun = TrustedDevice::begin(&mut Moment::new(Time::EPOCH, [3; 32]));
        signed_in.iter().fold(begun, |device, (person, at)| device.with(&PersonId::from(*person), *at))
    }

    #[track_caller]
    fn check(signed_in: &[(&str, i64)], since: Since, now: i64, expected: bool) {
        let device = device(signed_in);
        assert_eq!(device.is_trusted_by(&PersonId::from("ada"), since, now), expected, "{signed_in:?} {since:?} {now}");
        assert_eq!(TrustedDevice::from_bytes(&device.to_bytes()), Some(device), "it is read as it was written");
    }

    #[test]
    fn a_device_is_trusted_where_somebody_signed_in_and_as_long_as_that_holds() {
        check(&[("ada", 100)], NEVER, 100, true);
        check(&[("ada", 100)], NEVER, 100 + TRUSTED_SECONDS - 1, true);
        check(&[("ada", 100)], NEVER, 100 + TRUSTED_SECONDS, false);
        check(&[("ada", 100)], NEVER, 99, false);
        check(&[], NEVER, 100, false);
        check(&[("bob", 100)], NEVER, 100, false);
        check(&[("ada", 100)], Since { password_set_at: 99, ..NEVER }, 200, true);
        check(&[("ada", 100)], Since { password_set_at: 100, ..NEVER }, 200, false);
        check(&[("ada", 100), ("ada", 102)], Since { password_set_at: 101, ..NEVER }, 200, true);
        check(&[("ada", 100)], Since { ended_before: 101, ..NEVER }, 200, false);
        check(&[("ada", 100)], Since { ended_before: 100, ..NEVER }, 200, true);
        check(&[("ada", 1), ("b", 2), ("c", 3), ("d", 4)], NEVER, 9, true);
        check(&[("ada", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)], NEVER, 9, false);
        check(&[("ada", 1), ("b", 2), ("c", 3), ("d", 4), ("ada", 5), ("e", 6)], NEVER, 9, true);
    }

    #[test]
    fn what_is_none_is_none() {
        let bytes = device(&[("ada", 1), ("b", 2)]).to_bytes();
        let whole = [17, 17 + 9 + 3, bytes.len()];
        for cut in 0..bytes.len() {
            assert_eq!(TrustedDevice::from_bytes(&bytes[..cut]).is_some(), whole.contains(&cut), "{cut}");
        }
        let mut other = bytes.clone();
        other[0] = 2;
        assert_eq!(TrustedDevice::from_bytes(&other), None);
        let many = [&bytes[..], &bytes[17..], &bytes[17..]].concat();
        assert_eq!(TrustedDevice::from_bytes(&many), None, "more people than one device is trusted for");
    }
}
