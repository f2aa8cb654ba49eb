//! The ledger as others hand it over: keys of its checkpoints, notes, events, and the image of what it narrows.

use jeton_core::event::Event;
use jeton_store::ledger::checkpoint::{Checkpoint, CheckpointKey};
use jeton_verify::checkpoint::LedgerKey;
use jeton_verify::negatives::Negatives;

/// The key of RFC 8037, appendix A, as a note names it.
const KEY: &str = "issuer.example+785c9844+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

/// Verifier keys: the server and `jeton-verify` take the same texts.
pub fn key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // The server's reader leaves it to the check of a signature whether the bytes are a key at all.
    assert!(LedgerKey::parse(text).is_none() || CheckpointKey::parse(text).is_some());
}

/// Notes: none that nobody signed is taken, and whatever is read was written as it stands.
pub fn note(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(key) = LedgerKey::parse(KEY) {
        assert!(key.verify(text).is_none());
    }
    if let Some(key) = CheckpointKey::parse(KEY) {
        assert!(Checkpoint::verify(text, &key).is_none());
    }
    if let Some(read) = Checkpoint::read(text) {
        assert!(text.contains(&read.size.to_string()));
    }
}

/// Events: the kind up to the first line break, the payload after it. What is read is written as the same event.
pub fn event(data: &[u8]) {
    let Some(at) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (kind, payload) = data.split_at(at);
    let (Ok(kind), Some(payload)) = (std::str::from_utf8(kind), payload.get(1..)) else { return };
    if let Ok(event) = Event::decode(kind, payload) {
        let encoded = event.encode().ok().and_then(|encoded| Event::decode(&encoded.kind, &encoded.payload).ok());
        assert_eq!(encoded, Some(event));
    }
}

/// Images of negatives: all of one is taken up, or nothing.
pub fn image(data: &[u8]) {
    let negatives = Negatives::default();
    let nothing = negatives.to_image();
    match negatives.take_image(data) {
        Some(()) => {
            let again = Negatives::default();
            assert!(again.take_image(&negatives.to_image()).is_some());
        }
        None => assert_eq!(negatives.to_image(), nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sample<'a> = (fn(&[u8]), &'a [u8]);

    #[test]
    fn targets_hold() {
        let negatives = Negatives::default();
        negatives.revoke([7; 16], 900);
        negatives.cut_off(jeton_verify::negatives::Subject::Client, "c1", 100, 900);
        let image_bytes = negatives.to_image();
        let samples: [Sample<'_>; 4] = [
            (key, KEY.as_bytes()),
            (note, b"issuer.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\ntime 1800000000\n\n\xe2\x80\x94 issuer.example fYrdhgAA\n"),
            (event, b"root_key.rotated\n{\"actor\":\"unix:0\",\"epoch\":2}"),
            (image, &image_bytes),
        ];
        for (target, sample) in samples {
            (0..=sample.len()).for_each(|end| target(&sample[..end]));
            for position in 0..sample.len() * 8 {
                let mut altered = sample.to_vec();
                altered[position / 8] ^= 1 << (position % 8);
                target(&altered);
            }
        }
        // The samples are what they are meant to be.
        let text = |place: usize| std::str::from_utf8(samples[place].1).unwrap_or_default();
        assert!(LedgerKey::parse(KEY).is_some() && Checkpoint::read(text(1)).is_some());
        let (kind, payload) = text(2).split_once('\n').unwrap_or_default();
        assert!(Event::decode(kind, payload.as_bytes()).is_ok());
    }
}
