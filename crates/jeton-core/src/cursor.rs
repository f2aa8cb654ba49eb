//! Where a list goes on. Whoever holds a cursor knows a place in one list, and can make none of another: it is opaque, carries the proof that
//! it was written here, holds for one list with its filters, and for a day.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::moment::Time;
use crate::root_key::RootKeys;

/// How long a list may be gone on with, in seconds.
pub const LIFETIME_SECONDS: i64 = 86_400;

/// The most bytes of a cursor's text.
pub const TEXT_BYTES_MAX: usize = 2_048;

/// Which list a cursor is of: a digest of its path and of its filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding([u8; 8]);

/// Why a list does not go on at a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorError {
    /// It was not written here, or was changed on its way, or the root key that it was written under is gone.
    Unreadable,
    /// It is of another list, or of the same under other filters.
    OtherList,
    /// It was written more than a day ago.
    TooOld,
}

impl Binding {
    /// The list of a path, with these filters, in any order.
    #[must_use]
    pub fn new<'a>(path: &str, filters: impl Iterator<Item = (&'a str, &'a str)>) -> Binding {
        let mut filters: Vec<(&str, &str)> = filters.collect();
        filters.sort_unstable();
        let mut digest = Context::new(&SHA256);
        // Each with its length: no two lists are one message.
        for text in std::iter::once(path).chain(filters.into_iter().flat_map(|(name, value)| [name, value])) {
            digest.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(text.as_bytes());
        }
        let mut binding = [0; 8];
        binding.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Binding(binding)
    }
}

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;

/// A cursor to a place in a list; `None` where the root key has no epoch, or the place is longer than any name.
#[must_use]
pub fn write(place: &str, binding: Binding, root_keys: &RootKeys, now: Time) -> Option<String> {
    let (epoch, keys) = root_keys.current();
    let mut bytes = vec![VERSION];
    bytes.extend(epoch.to_be_bytes());
    bytes.extend(binding.0);
    bytes.extend(now.seconds().to_be_bytes());
    bytes.extend(place.as_bytes());
    bytes.extend(keys?.cursor_tag(&bytes));
    Some(URL_SAFE_NO_PAD.encode(bytes)).filter(|text| text.len() <= TEXT_BYTES_MAX)
}

/// The place that a cursor leads to.
///
/// # Errors
/// [`CursorError`]: the list must be begun anew.
pub fn read(text: &str, binding: Binding, root_keys: &RootKeys, now: Time) -> Result<String, CursorError> {
    let written = Written::parse(text, root_keys).ok_or(CursorError::Unreadable)?;
    if written.binding != binding {
        return Err(CursorError::OtherList);
    }
    if now.seconds().saturating_sub(written.at_seconds) > LIFETIME_SECONDS {
        return Err(CursorError::TooOld);
    }
    Ok(written.place)
}

/// What a cursor says, once it is known to be one of ours.
struct Written {
    binding: Binding,
    at_seconds: i64,
    place: String,
}

impl Written {
    fn parse(text: &str, root_keys: &RootKeys) -> Option<Written> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (written, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let (version, rest) = written.split_first()?;
        let (epoch, rest) = rest.split_first_chunk::<2>()?;
        let (binding, rest) = rest.split_first_chunk::<8>()?;
        let (at, place) = rest.split_first_chunk::<8>()?;
        let keys = root_keys.epoch(u16::from_be_bytes(*epoch)).filter(|_| *version == VERSION)?;
        verify_slices_are_equal(&keys.cursor_tag(written), tag).ok()?;
        let place = String::from_utf8(place.to_vec()).ok()?;
        Some(Written { binding: Binding(*binding), at_seconds: i64::from_be_bytes(*at), place })
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const NOW: Time = Time::from_seconds(1_700_000_000);

    fn keys(epochs: &[(u16, u8)]) -> RootKeys {
        RootKeys::new(epochs.iter().map(|(number, byte)| (*number, Zeroizing::new([*byte; 32])))).unwrap()
    }

    fn list(path: &str, filters: &[(&str, &str)]) -> Binding {
        Binding::new(path, filters.iter().copied())
    }

    #[track_caller]
    fn check(binding: Binding, root_keys: &RootKeys, seconds_later: i64, expected: Result<&str, CursorError>) {
        let text = write("ada", list("/users", &[("state", "active")]), &keys(&[(1, 1)]), NOW).unwrap();
        let read = read(&text, binding, root_keys, NOW.plus_seconds(seconds_later));
        assert_eq!(read.as_deref(), expected.as_ref().map(|place| *place));
    }

    #[test]
    fn a_cursor_leads_to_its_place_in_its_list_for_a_day() {
        let (users, root_keys) = (list("/users", &[("state", "active")]), keys(&[(1, 1)]));
        check(users, &root_keys, 0, Ok("ada"));
        check(users, &root_keys, 86_400, Ok("ada"));
        check(users, &root_keys, -60, Ok("ada"));
        check(users, &root_keys, 86_401, Err(CursorError::TooOld));
        check(users, &keys(&[(1, 1), (2, 2)]), 0, Ok("ada"));
        check(users, &keys(&[(1, 2)]), 0, Err(CursorError::Unreadable));
        check(users, &keys(&[(2, 1)]), 0, Err(CursorError::Unreadable));
        for other in [
            list("/users", &[]),
            list("/users", &[("state", "disabled")]),
            list("/users", &[("active", "state")]),
            list("/usersstate", &[("", "active")]),
        ] {
            check(other, &root_keys, 0, Err(CursorError::OtherList));
        }
    }

    #[test]
    fn the_order_of_filters_does_not_matter() {
        assert_eq!(list("/keys", &[("a", "1"), ("b", "2")]), list("/keys", &[("b", "2"), ("a", "1")]));
    }

    #[test]
    fn no_flipped_bit_passes() {
        let (users, root_keys) = (list("/users", &[]), keys(&[(1, 1)]));
        let text = write("ada", users, &root_keys, NOW).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&URL_SAFE_NO_PAD.encode(flipped), users, &root_keys, NOW), Err(CursorError::Unreadable), "{bit}");
        }
        for end in 0..text.len() {
            assert_eq!(read(&text[..end], users, &root_keys, NOW), Err(CursorError::Unreadable), "{end}");
        }
        for text in [format!("{text}A"), format!("{text}="), "é".into(), "A".repeat(TEXT_BYTES_MAX + 1), "A".repeat(TEXT_BYTES_MAX)] {
            assert_eq!(read(&text, users, &root_keys, NOW), Err(CursorError::Unreadable));
        }
        assert_eq!(write(&"x".repeat(2_000), users, &root_keys, NOW), None);
    }
}
