//! What the management API reads beside JSON.

use jeton_core::cursor::{self, Binding};
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use zeroize::Zeroizing;

const NOW: Time = Time::from_seconds(1_700_000_000);

/// A cursor leads to where it was written for, and a changed one nowhere.
pub fn cursor(data: &[u8]) {
    let Ok(root_keys) = RootKeys::new([(1, Zeroizing::new([1; 32]))]) else { return };
    let text = String::from_utf8_lossy(data);
    let (path, place) = text.split_once('\n').unwrap_or(("/users", &text));
    let binding = Binding::new(path, std::iter::empty());
    // Without the root key nobody makes one.
    assert!(cursor::read(&text, binding, &root_keys, NOW).is_err(), "{text:?} was taken for a cursor");
    let Some(written) = cursor::write(place, binding, &root_keys, NOW) else { return };
    assert_eq!(cursor::read(&written, binding, &root_keys, NOW).as_deref(), Ok(place));
    let changed: String =
        written.chars().enumerate().map(|(at, letter)| if at == data.len() % written.len() { other(letter) } else { letter }).collect();
    assert!(cursor::read(&changed, binding, &root_keys, NOW).is_err(), "{changed} was changed");
}

fn other(letter: char) -> char {
    if letter == 'A' { 'B' } else { 'A' }
}
