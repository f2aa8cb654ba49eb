//! A million tokens in little memory.

/// Tokens one after another in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Tokens {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start..end)
    }

    pub(crate) fn push(&mut self, token: &[u8]) {
        self.bytes.extend_from_slice(token);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The same tokens from `from` on in an order of chance: what is asked for in the order of its making lies side by side in the
    /// store, and nobody asks like that.
    pub(crate) fn shuffle(&mut self, from: usize, seed: u64) {
        let mut order: Vec<usize> = (from..self.len()).collect();
        let mut chance = seed | 1;
        for left in (1..order.len()).rev() {
            // The xorshift of 64 bits: even enough for an order.
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            let other = usize::try_from(chance % (left as u64 + 1)).unwrap_or(0);
            order.swap(left, other);
        }
        let mut shuffled = Self::default();
        (0..from).chain(order).filter_map(|index| self.get(index)).for_each(|token| shuffled.push(token));
        *self = shuffled;
    }

    /// Keeps the access token of an answer (RFC 6749 §5.1); false when there is none.
    pub(crate) fn push_from(&mut self, answer: &[u8]) -> bool {
        let token = access_token(answer);
        if let Some(token) = token {
            self.push(token);
        }
        token.is_some()
    }
}

/// The value of `access_token`, which holds no character that JSON escapes.
fn access_token(answer: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"access_token\":\"";
    let start = answer.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let rest = answer.get(start..)?;
    rest.get(..rest.iter().position(|byte| *byte == b'"')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_kept_in_order() {
        let mut tokens = Tokens::default();
        assert!(tokens.push_from(br#"{"access_token":"one","token_type":"Bearer"}"#));
        assert!(tokens.push_from(br#"{"expires_in":3,"access_token":"second"}"#));
        for answer in [&b"{}"[..], br#"{"access_token":"cut"#, br#"{"access_token":null}"#] {
            assert!(!tokens.push_from(answer));
        }
        assert_eq!(tokens.len(), 2);
        assert_eq!(tokens.get(0), Some(&b"one"[..]));
        assert_eq!(tokens.get(1), Some(&b"second"[..]));
        assert_eq!(tokens.get(2), None);
    }

    #[test]
    fn shuffled_tokens_are_the_same_ones() {
        let mut tokens = Tokens::default();
        let all: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        all.iter().for_each(|token| tokens.push(token.as_bytes()));
        tokens.shuffle(10, 7);
        let mut shuffled: Vec<String> = tokens.iter().map(|token| String::from_utf8_lossy(token).into_owned()).collect();
        assert_eq!(shuffled[..10], all[..10]);
        assert!(shuffled.iter().zip(&all).filter(|(one, other)| one == other).count() < 50);
        shuffled.sort_by_key(|token| token.parse::<u32>().expect("a number"));
        assert_eq!(shuffled, all);
    }
}
