//! How claims are read: in one pass, straight into their type, each at most once.

use crate::error::TokenError;
use crate::json::{self, JsonError, Limits, NameSeed, ValueSeed};
use crate::jwt::audience::{Audience, AudienceSeed};
use crate::jwt::date::DateSeed;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// Deepest nesting of claims, counting the object of claims itself.
pub const MAX_CLAIMS_DEPTH: usize = 32;

/// A type that takes its claims one after another.
pub(crate) trait TakeClaim: Default {
    /// Takes the claim of that name from `source`, or says that it is not one of its own.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, source: &mut ClaimSource<'_, A>) -> Result<Taken, A::Error>;

    /// Where claims go that are not its own.
    fn additional(&mut self) -> &mut Map<String, Value>;
}

/// Whether a claim was one of a type's own.
#[derive(PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    No,
}

/// Reads the claims of a payload whose size the token's limit has bounded.
pub(crate) fn read<C: TakeClaim>(payload: &[u8]) -> Result<C, TokenError> {
    const LIMITS: Limits = Limits { length_bytes: usize::MAX, depth: MAX_CLAIMS_DEPTH };
    let problem = Cell::new(None);
    let seed = ClaimsSeed { problem: &problem, claims: C::default() };
    json::read(payload, LIMITS, seed).map_err(|error| match (error, problem.get()) {
        (JsonError::Shape, Some(claim)) => TokenError::ClaimMalformed(claim.into()),
        (error, _) => TokenError::PayloadJson(error),
    })
}

/// The value of the claim at hand.
pub(crate) struct ClaimSource<'a, A> {
    map: &'a mut A,
    problem: &'a Cell<Option<&'static str>>,
}

impl<'de, A: MapAccess<'de>> ClaimSource<'_, A> {
    /// A text that is not empty.
    pub(crate) fn text(&mut self, claim: &'static str, place: &mut Option<String>) -> Result<Taken, A::Error> {
        self.once(claim, place, TextSeed)
    }

    /// A date whose fraction falls away so that the token lives shorter.
    pub(crate) fn date(&mut self, claim: &'static str, place: &mut Option<i64>, seed: DateSeed) -> Result<Taken, A::Error> {
        self.once(claim, place, seed)
    }

    pub(crate) fn audience(&mut self, place: &mut Option<Audience>) -> Result<Taken, A::Error> {
        self.once("aud", place, AudienceSeed)
    }

    pub(crate) fn texts(&mut self, claim: &'static str, place: &mut Option<Vec<String>>) -> Result<Taken, A::Error> {
        self.once(claim, place, std::marker::PhantomData)
    }

    pub(crate) fn number(&mut self, claim: &'static str, place: &mut Option<u32>) -> Result<Taken, A::Error> {
        self.once(claim, place, std::marker::PhantomData)
    }

    pub(crate) fn object(&mut self, claim: &'static str, place: &mut Option<Map<String, Value>>) -> Result<Taken, A::Error> {
        self.once(claim, place, ObjectSeed)
    }

    fn once<S: DeserializeSeed<'de>>(&mut self, claim: &'static str, place: &mut Option<S::Value>, seed: S) -> Result<Taken, A::Error> {
        if place.is_some() {
            return Err(json::duplicate());
        }
        self.problem.set(Some(claim));
        *place = Some(self.map.next_value_seed(seed)?);
        self.problem.set(None);
        Ok(Taken::Yes)
    }
}

struct ClaimsSeed<'problem, C> {
    problem: &'problem Cell<Option<&'static str>>,
    claims: C,
}

impl<'de, C: TakeClaim> DeserializeSeed<'de> for ClaimsSeed<'_, C> {
    type Value = C;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<C, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, C: TakeClaim> Visitor<'de> for ClaimsSeed<'_, C> {
    type Value = C;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<C, A::Error> {
        let mut claims = self.claims;
        while let Some(name) = map.next_key_seed(NameSeed)? {
            let mut source = ClaimSource { map: &mut map, problem: self.problem };
            if claims.take(&name, &mut source)? == Taken::Yes {
                continue;
            }
            let value = map.next_value_seed(ValueSeed(MAX_CLAIMS_DEPTH - 1))?;
            if claims.additional().insert(name.into_owned(), value).is_some() {
                return Err(json::duplicate());
            }
        }
        Ok(claims)
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for TextSeed {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string that is not empty")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        if text.is_empty() {
            return Err(E::invalid_length(0, &self));
        }
        Ok(text.to_owned())
    }
}

struct ObjectSeed;

impl<'de> DeserializeSeed<'de> for ObjectSeed {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        match ValueSeed(MAX_CLAIMS_DEPTH - 1).visit_map(map)? {
            Value::Object(members) => Ok(members),
            _ => Err(serde::de::Error::custom("an object is read as an object")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self))
    }
}
