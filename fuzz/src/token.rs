//! The token format.

use jeton_token::{CheckKey, Finder, Kind, Malformed, Prefix, SecretBytes, Token, TokenId};

/// [`Token::parse`]: at most one text stands for a token, and only the right key passes its check.
pub fn parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let prefix = Prefix::default();
    match Token::parse(text, &prefix) {
        Ok(token) => {
            assert!(text.len() <= jeton_token::MAX_TOKEN_LEN && text.is_ascii());
            let found: Vec<_> = Finder::of(&[prefix]).find(data).collect();
            assert_eq!(found.len(), 1);
            assert!(found.first().is_some_and(|found| found.span == (0..data.len()) && found.label == *token.label()));
        }
        Err(error) => assert_eq!(error == Malformed::TooLong, text.len() > jeton_token::MAX_TOKEN_LEN),
    }
}

/// [`Label::mint`](jeton_token::Label::mint) of the bytes' own making: parses again, and every change of one byte is refused.
pub fn mint(data: &[u8]) {
    let mut bytes = data.iter().copied().chain(std::iter::repeat(0));
    let mut next = || bytes.next().unwrap_or_default();
    let label = jeton_token::Label {
        prefix: Prefix::default(),
        environment: if next() & 1 == 0 { jeton_token::Environment::Live } else { jeton_token::Environment::Test },
        kind: Kind::ALL.get(usize::from(next()) % Kind::ALL.len()).copied().unwrap_or(Kind::AccessToken),
        epoch: u16::from_be_bytes([next(), next()]),
        id: TokenId::from_bytes(std::array::from_fn(|_| next())),
    };
    let secret = SecretBytes::new(std::array::from_fn(|_| next()));
    let key = CheckKey::new(&std::array::from_fn(|_| next()));
    let token = label.mint(&secret, &key);
    let parsed = Token::parse(token.expose(), &label.prefix);
    assert!(parsed.is_ok_and(|parsed| *parsed.label() == label && parsed.check(&key)));
    let (position, change) = (usize::from(next()), next() & 0x7f);
    let mut altered = token.expose().as_bytes().to_vec();
    if let Some(byte) = altered.get_mut(position % token.expose().len()) {
        *byte ^= change;
    }
    let altered = String::from_utf8(altered).unwrap_or_default();
    assert_eq!(Token::parse(&altered, &label.prefix).is_ok(), change == 0);
}

/// [`Label::mint_counted`](jeton_token::Label::mint_counted) of the bytes' own making: the counter and the secret are what was minted.
pub fn counted(data: &[u8]) {
    let mut bytes = data.iter().copied().chain(std::iter::repeat(0));
    let mut next = || bytes.next().unwrap_or_default();
    let (counter, secret) = (u32::from_be_bytes([next(), next(), next(), next()]), std::array::from_fn(|_| next()));
    let id = TokenId::from_bytes(std::array::from_fn(|_| next()));
    let label = jeton_token::Label {
        prefix: Prefix::default(),
        environment: jeton_token::Environment::Live,
        kind: Kind::RefreshToken,
        epoch: 1,
        id,
    };
    let (position, change, key) = (usize::from(next()), next(), CheckKey::new(&std::array::from_fn(|_| next())));
    let text = label.mint_counted(counter, &secret, &key);
    let Ok(token) = Token::parse(text.expose(), &label.prefix) else { return assert!(secret.is_empty(), "what was minted parses") };
    assert!(token.check(&key) && token.counter() == Some(counter) && token.secret_matches(&secret));
    let mut other = secret;
    if let Some(byte) = other.get_mut(position % secret.len()) {
        *byte ^= change;
    }
    assert_eq!(token.secret_matches(&other), change == 0);
}

/// [`Finder::find`]: spans in order, without overlap, each a token.
pub fn find(data: &[u8]) {
    let mut end = 0;
    for found in Finder::any().find(data) {
        assert!(end <= found.span.start && found.span.end <= data.len());
        end = found.span.end;
        let text = data.get(found.span).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        assert!(Token::parse(text, &found.label.prefix).is_ok_and(|token| *token.label() == found.label));
    }
}

/// [`Prefix::parse`] and [`TokenId::parse`]: what is read prints as it was.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(prefix) = Prefix::parse(text) {
        assert_eq!(prefix.as_str(), text);
    }
    if let Ok(id) = TokenId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Some(kind) = Kind::parse(text) {
        assert_eq!(kind.as_str(), text);
    }
}

#[cfg(test)]
mod tests {
    const SEEDS: &[&str] = &[
        "jtn_at_05K3ogYFMde7kwgft5p2Xy7kwgnrHMHlTGo39nQMwvBbGo39nQMwv8b8c6bjp13s0LNg",
        "text jtn_test_key_05K3ogYFMde7kwgft5p2Xy7kwgnrHMHlTGo39nQMwvBbGo39nQMwv8b8c6bjp13s0LNg_jtn_at_",
        "0123456789abcdef0123456789abcdef",
    ];

    #[test]
    fn targets_hold() {
        for target in [super::parse, super::mint, super::counted, super::find, super::names] {
            run(target, SEEDS);
        }
    }

    /// Runs a target on the samples, on each of their beginnings, and on each with one bit flipped.
    fn run(target: fn(&[u8]), samples: &[&str]) {
        for sample in samples {
            (0..=sample.len()).for_each(|end| target(&sample.as_bytes()[..end]));
            for position in 0..sample.len() * 8 {
                let mut altered = sample.as_bytes().to_vec();
                altered[position / 8] ^= 1 << (position % 8);
                target(&altered);
            }
        }
    }
}
