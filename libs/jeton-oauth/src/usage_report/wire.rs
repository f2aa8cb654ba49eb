//! A report as it comes, before it is known to be one.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jeton_token::Secret;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Why a text is no report. Nothing of the text is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAReport(pub(super) &'static str);

impl NotAReport {
    pub(super) const SHAPE: Self = Self(
        "a report is one JSON object of `verifier`, `batch`, `audience`, `dropped` and `items`, each with `minute`, `subject`, `outcome` and `count`",
    );
}

impl fmt::Display for NotAReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotAReport {}

/// A report as it comes. What holds an escape is copied, so that it is read all the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wire<'t> {
    #[serde(borrow)]
    pub(super) verifier: Text<'t>,
    pub(super) batch: u64,
    #[serde(borrow)]
    pub(super) audience: Text<'t>,
    #[serde(default)]
    pub(super) dropped: u64,
    #[serde(borrow)]
    pub(super) items: Vec<Members<WireItem<'t>>>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<SecretText>,
    pub(super) client_assertion_type: Option<String>,
    pub(super) client_assertion: Option<SecretText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireItem<'t> {
    pub(super) minute: i64,
    #[serde(borrow)]
    pub(super) subject: Text<'t>,
    #[serde(borrow)]
    pub(super) outcome: Text<'t>,
    pub(super) count: u64,
    #[serde(borrow, default)]
    pub(super) scope: Option<Text<'t>>,
    #[serde(borrow, default)]
    pub(super) network: Option<Text<'t>>,
    #[serde(borrow, default)]
    pub(super) agent: Option<Text<'t>>,
}

/// An object: serde takes its values in a row for one, too.
pub(super) struct Members<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
    type Value = Members<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Members)
    }
}

/// A text that is lent where it can be.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A secret as it comes: from here on nothing prints it.
pub(super) struct SecretText(pub(super) Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
