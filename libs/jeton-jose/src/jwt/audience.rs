use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// `aud`: whom a token is meant for (RFC 7519 section 4.1.3). Written as one string when it is one, else as an array; read from both. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(Members);

/// Nearly all tokens name one audience; it costs no list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Members {
    One(String),
    More(Vec<String>),
}

impl Audience {
    /// One audience.
    #[must_use]
    pub fn one(name: impl Into<String>) -> Self {
        Self(Members::One(name.into()))
    }

    /// Several audiences; none when the list is empty.
    #[must_use]
    pub fn several(names: Vec<String>) -> Option<Self> {
        let mut names = names;
        match names.len() {
            0 => None,
            1 => names.pop().map(Self::one),
            _ => Some(Self(Members::More(names))),
        }
    }

    /// All names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match &self.0 {
            Members::One(name) => std::slice::from_ref(name),
            Members::More(names) => names,
        }
    }

    /// Whether it names exactly that audience, possibly among others.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Members::One(name) => serializer.serialize_str(name),
            Members::More(names) => names.serialize(serializer),
        }
    }
}

/// Reads an [`Audience`].
pub(crate) struct AudienceSeed;

impl<'de> DeserializeSeed<'de> for AudienceSeed {
    type Value = Audience;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Audience, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AudienceSeed {
    type Value = Audience;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or strings")
    }

    fn visit_str<E>(self, name: &str) -> Result<Audience, E> {
        Ok(Audience::one(name))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Audience, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = elements.next_element()? {
            names.push(name);
        }
        Audience::several(names).ok_or_else(|| A::Error::invalid_length(0, &self))
    }
}
