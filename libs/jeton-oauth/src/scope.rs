//! Scopes: what a token may do (RFC 6749 section 3.3).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most names in a set.
pub const MAX_NAMES: usize = 64;
/// The longest name, in characters.
pub const MAX_NAME_LEN: usize = 128;

const MAX_TEXT_LEN: usize = MAX_NAMES * (MAX_NAME_LEN + 1);

/// A set of scope names: sorted, each once. Two sets are equal when they allow the same.
///
/// It is one shared text, the names separated by single spaces, so a copy costs next to nothing.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(Arc<str>);

impl ScopeSet {
    /// The set that allows nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads names separated by single spaces, in any order; the empty text is the empty set.
    ///
    /// # Errors
    /// A name is empty, over [`MAX_NAME_LEN`] or holds a character that may not stand; or there are over [`MAX_NAMES`].
    pub fn parse(text: &str) -> Result<Self, NotAScope> {
        if text.is_empty() {
            return Ok(Self::empty());
        }
        if text.len() > MAX_TEXT_LEN {
            return Err(NotAScope::TooMany);
        }
        let (mut count, mut sorted, mut previous) = (0, true, "");
        for name in text.split(' ') {
            check_name(name)?;
            count += 1;
            sorted &= previous < name;
            previous = name;
        }
        if count > MAX_NAMES {
            return Err(NotAScope::TooMany);
        }
        Ok(if sorted { Self(text.into()) } else { Self::join(text.split(' ').collect()) })
    }

    /// The set of these names.
    ///
    /// # Errors
    /// There are over [`MAX_NAMES`].
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n ScopeName>) -> Result<Self, NotAScope> {
        let set = Self::join(names.into_iter().map(ScopeName::as_str).collect());
        if set.len() > MAX_NAMES { Err(NotAScope::TooMany) } else { Ok(set) }
    }

    fn join(mut names: Vec<&str>) -> Self {
        names.sort_unstable();
        names.dedup();
        Self(names.join(" ").into())
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|name| !name.is_empty())
    }

    /// How many names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether it allows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it allows this.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own == name)
    }

    /// Whether the other set allows all of this one.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        let mut others = other.iter();
        // Both are sorted, so one walk over the other set is enough.
        Arc::ptr_eq(&self.0, &other.0) || self.iter().all(|name| others.by_ref().any(|own| own == name))
    }

    /// What both allow.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_subset(other) {
            return self.clone();
        }
        Self::join(self.iter().filter(|name| other.contains(name)).collect())
    }

    /// What this one allows and the other does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self::join(self.iter().filter(|name| !other.contains(name)).collect())
    }

    /// The names, sorted, separated by single spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({})", self.0)
    }
}

impl FromStr for ScopeSet {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        Self::parse(text)
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The name of one scope: 1 to 128 of the characters `%x21 / %x23-5B / %x5D-7E` (RFC 6749 section 3.3).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeName(Arc<str>);

impl ScopeName {
    /// Reads a name.
    ///
    /// # Errors
    /// It is empty, too long or holds a character that may not stand.
    pub fn parse(text: &str) -> Result<Self, NotAScope> {
        check_name(text).map(|()| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeName({})", self.0)
    }
}

impl FromStr for ScopeName {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        Self::parse(text)
    }
}

fn check_name(name: &str) -> Result<(), NotAScope> {
    if name.is_empty() {
        return Err(NotAScope::Empty);
    }
    if name.len() > MAX_NAME_LEN {
        return Err(NotAScope::TooLong);
    }
    if name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) { Ok(()) } else { Err(NotAScope::Character) }
}

/// Why text is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAScope {
    /// An empty name: two spaces in a row, or one at an end.
    Empty,
    /// A name over [`MAX_NAME_LEN`].
    TooLong,
    /// Over [`MAX_NAMES`].
    TooMany,
    /// A character that may not stand in a name.
    Character,
}

impl fmt::Display for NotAScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("scope names are separated by exactly one space"),
            Self::TooLong => write!(f, "a scope name has at most {MAX_NAME_LEN} characters"),
            Self::TooMany => write!(f, "there are at most {MAX_NAMES} scope names"),
            Self::Character => f.write_str("a scope name is of printable ASCII without quotes, backslashes and spaces"),
        }
    }
}

impl std::error::Error for NotAScope {}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    #[test]
    fn parses() {
        fn check(text: &str, expected: &str) {
            assert_eq!(set(text).to_string(), expected);
            assert_eq!(set(expected), set(text));
        }
        check("", "");
        check("a", "a");
        check("b a", "a b");
        check("a b a b", "a b");
        check("orders:read orders:write", "orders:read orders:write");
        check("ab a", "a ab");
        check("a! a", "a a!");
        check("https://x/y?z=[1]#~", "https://x/y?z=[1]#~");
        check("A a", "A a");
    }

    #[test]
    fn refuses() {
        fn check(text: &str, expected: NotAScope) {
            assert_eq!(ScopeSet::parse(text), Err(expected), "{text:?}");
        }
        check(" ", NotAScope::Empty);
        check(" a", NotAScope::Empty);
        check("a ", NotAScope::Empty);
        check("a  b", NotAScope::Empty);
        check("a\tb", NotAScope::Character);
        check("a\"", NotAScope::Character);
        check("a\\b", NotAScope::Character);
        check("é", NotAScope::Character);
        check("a\0", NotAScope::Character);
        check("\u{7f}", NotAScope::Character);
        check(&"a".repeat(129), NotAScope::TooLong);
        check("a ".repeat(65).trim_end(), NotAScope::TooMany);
        check(&"a".repeat(9_000), NotAScope::TooMany);
    }

    #[test]
    fn algebra() {
        fn check(left: &str, right: &str, intersection: &str, subset: bool) {
            let (left, right) = (set(left), set(right));
            assert_eq!(left.intersection(&right), set(intersection), "{left} {right}");
            assert_eq!(right.intersection(&left), set(intersection), "{left} {right}");
            assert_eq!(left.is_subset(&right), subset, "{left} {right}");
            assert_eq!(left.difference(&right).len() + left.intersection(&right).len(), left.len());
        }
        check("", "", "", true);
        check("", "a", "", true);
        check("a", "", "", false);
        check("a", "a", "a", true);
        check("a c", "a b c", "a c", true);
        check("a d", "a b c", "a", false);
        check("b", "a c", "", false);
        check("a b", "c d", "", false);
        check("ab", "a b", "", false);
    }

    #[test]
    fn names() {
        let names = [ScopeName::parse("b").unwrap(), ScopeName::parse("a").unwrap(), ScopeName::parse("b").unwrap()];
        assert_eq!(ScopeSet::from_names(&names).unwrap(), set("a b"));
        assert!(ScopeName::parse("a b").is_err() && ScopeName::parse("").is_err());
        let many: Vec<ScopeName> = (0..65).map(|number| ScopeName::parse(&format!("n{number}")).unwrap()).collect();
        assert_eq!(ScopeSet::from_names(&many), Err(NotAScope::TooMany));
        assert!(set("a b").contains("b") && !set("a b").contains("a b") && !set("a b").contains(""));
    }

    #[test]
    fn json() {
        assert_eq!(serde_json::to_string(&set("b a")).unwrap(), r#""a b""#);
        assert_eq!(serde_json::from_str::<ScopeSet>(r#""b \u0061""#).unwrap(), set("a b"));
        assert!(serde_json::from_str::<ScopeSet>(r#""a  b""#).is_err());
    }
}
