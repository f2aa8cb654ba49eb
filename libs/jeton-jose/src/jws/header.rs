use crate::algorithm::Algorithm;
use crate::error::TokenError;
use crate::json::{self, IgnoredSeed, JsonError, Limits, NameSeed};
use crate::jwk::MAX_KEY_ID_BYTES;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// Most bytes of a decoded header.
pub const MAX_HEADER_BYTES: usize = 1024;

/// What a JOSE header (RFC 7515 section 4) says that is listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`. It chooses nothing: it must be the key's.
    pub algorithm: Algorithm,
    /// `kid`, at most 128 bytes.
    pub key_id: Option<String>,
    /// `typ`, as written.
    pub token_type: Option<String>,
    /// `cty`, as written.
    pub content_type: Option<String>,
}

/// A `jwk` member may hold an object with an array; nothing known nests deeper.
const LIMITS: Limits = Limits { length_bytes: MAX_HEADER_BYTES, depth: 4 };

impl Header {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, TokenError> {
        match Self::parse_plain(text) {
            Some(header) => Ok(header),
            None => Self::parse_any(text),
        }
    }

    /// Reads a header as [`crate::jws::Signer`] and most other software writes it, several times quicker; none where the text is anything else, so that it always says what [`Self::parse_any`] would.
    fn parse_plain(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        // A search for one byte takes a fraction of one for several.
        let (algorithm, rest) = text.strip_prefix(r#"{"alg":""#)?.split_once('"')?;
        let (key_id, rest) = rest.strip_prefix(r#","kid":""#)?.split_once('"')?;
        let (token_type, rest) = rest.strip_prefix(r#","typ":""#)?.split_once('"')?;
        let is_plain = |value: &str| value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if rest != "}"
            || !is_plain(key_id)
            || !is_plain(token_type)
            || key_id.is_empty()
            || key_id.len() > MAX_KEY_ID_BYTES
            || text.len() > MAX_HEADER_BYTES
        {
            return None;
        }
        Some(Self {
            algorithm: Algorithm::from_name(algorithm)?,
            key_id: Some(key_id.to_owned()),
            token_type: Some(token_type.to_owned()),
            content_type: None,
        })
    }

    fn parse_any(text: &[u8]) -> Result<Self, TokenError> {
        let problem = Cell::new(None);
        let members = json::read(text, LIMITS, MembersSeed { problem: &problem });
        let members = members.map_err(|error| match (error, problem.get()) {
            (JsonError::TooLong, _) => TokenError::HeaderTooLong,
            (JsonError::Shape, Some(member)) => TokenError::HeaderMember(member),
            (error, _) => TokenError::HeaderJson(error),
        })?;
        members.judge()
    }
}

/// The members as they stand.
#[derive(Default)]
struct Members<'text> {
    algorithm: Option<Cow<'text, str>>,
    key_id: Option<Cow<'text, str>>,
    token_type: Option<Cow<'text, str>>,
    content_type: Option<Cow<'text, str>>,
    is_critical: bool,
    is_encrypted: bool,
}

impl Members<'_> {
    fn judge(self) -> Result<Header, TokenError> {
        if self.is_encrypted {
            return Err(TokenError::Encrypted);
        }
        if self.is_critical {
            return Err(TokenError::CriticalExtension);
        }
        let name = self.algorithm.ok_or(TokenError::HeaderMember("alg"))?;
        let algorithm = Algorithm::from_name(&name).ok_or(TokenError::UnsupportedAlgorithm)?;
        if self.key_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > MAX_KEY_ID_BYTES) {
            return Err(TokenError::HeaderMember("kid"));
        }
        Ok(Header {
            algorithm,
            key_id: self.key_id.map(Cow::into_owned),
            token_type: self.token_type.map(Cow::into_owned),
            content_type: self.content_type.map(Cow::into_owned),
        })
    }
}

struct MembersSeed<'problem> {
    /// The member being read, so that an error can name it.
    problem: &'problem Cell<Option<&'static str>>,
}

impl<'de> DeserializeSeed<'de> for MembersSeed<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed<'_> {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        let mut others: Vec<Cow<'de, str>> = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            let (place, name) = match &*name {
                "alg" => (&mut members.algorithm, "alg"),
                "kid" => (&mut members.key_id, "kid"),
                "typ" => (&mut members.token_type, "typ"),
                "cty" => (&mut members.content_type, "cty"),
                other => {
                    members.is_critical |= matches!(other, "crit" | "b64");
                    members.is_encrypted |= matches!(other, "enc" | "zip");
                    if others.contains(&name) {
                        return Err(json::duplicate());
                    }
                    others.push(name);
                    map.next_value_seed(IgnoredSeed(LIMITS.depth - 1))?;
                    continue;
                }
            };
            if place.is_some() {
                return Err(json::duplicate());
            }
            self.problem.set(Some(name));
            *place = Some(map.next_value_seed(NameSeed)?);
            self.problem.set(None);
        }
        Ok(members)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<Members<'de>, A::Error> {
        Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, expected: TokenError) {
        assert_eq!(Header::parse(text.as_bytes()), Err(expected), "{text}");
    }

    #[test]
    fn what_is_listened_to() {
        let text = r#"{"typ":"at+jwt","alg":"ES256","kid":"a","cty":"x","jku":"https://evil.example","jwk":{"kty":"EC","key_ops":["verify"]},"x5c":["AA"]}"#;
        assert_eq!(
            Header::parse(text.as_bytes()),
            Ok(Header {
                algorithm: Algorithm::Es256,
                key_id: Some("a".to_owned()),
                token_type: Some("at+jwt".to_owned()),
                content_type: Some("x".to_owned()),
            })
        );
    }

    #[test]
    fn the_quick_way_says_the_same() {
        for (text, quick) in [
            (r#"{"alg":"ES256","kid":"a","typ":"at+jwt"}"#, true),
            (r#"{"alg":"HS512","kid":"a{}[],:'","typ":""}"#, true),
            (r#"{"alg":"none","kid":"a","typ":"at+jwt"}"#, false),
            (r#"{"alg":"ES256","kid":"","typ":"at+jwt"}"#, false),
            (r#"{"alg":"ES256","kid":"a\u0062","typ":"at+jwt"}"#, false),
            (r#"{"alg":"ES256","kid":"a","kid":"b","typ":"at+jwt"}"#, false),
            (r#"{"alg":"ES256","kid":"a","typ":"at+jwt","typ":"b"}"#, false),
            (r#"{"alg":"ES256","kid":"a","typ":"at+jwt","crit":[]}"#, false),
            (r#"{"alg":"ES256","kid":"a","typ":"at+jwt"} "#, false),
            (r#"{"alg":"ES256","kid":"é","typ":"at+jwt"}"#, false),
            (r#"{"kid":"a","alg":"ES256","typ":"at+jwt"}"#, false),
        ] {
            let found = Header::parse_plain(text.as_bytes());
            assert_eq!(found.is_some(), quick, "{text}");
            if let Some(found) = found {
                assert_eq!(Header::parse_any(text.as_bytes()), Ok(found), "{text}");
            }
        }
    }

    #[test]
    fn what_is_refused() {
        use JsonError::{DuplicateMember, Shape, Syntax, TooDeep};
        for (text, expected) in [
            ("", TokenError::HeaderJson(Syntax)),
            ("[]", TokenError::HeaderJson(Shape)),
            ("\"alg\"", TokenError::HeaderJson(Shape)),
            ("{}", TokenError::HeaderMember("alg")),
            (r#"{"alg":null}"#, TokenError::HeaderMember("alg")),
            (r#"{"alg":["ES256"]}"#, TokenError::HeaderMember("alg")),
            (r#"{"alg":"none"}"#, TokenError::UnsupportedAlgorithm),
            (r#"{"alg":"es256"}"#, TokenError::UnsupportedAlgorithm),
            (r#"{"alg":"ES256","kid":""}"#, TokenError::HeaderMember("kid")),
            (r#"{"alg":"ES256","kid":1}"#, TokenError::HeaderMember("kid")),
            (r#"{"alg":"ES256","typ":[]}"#, TokenError::HeaderMember("typ")),
            (r#"{"alg":"ES256","crit":[]}"#, TokenError::CriticalExtension),
            (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, TokenError::CriticalExtension),
            (r#"{"alg":"ES256","b64":false}"#, TokenError::CriticalExtension),
            (r#"{"alg":"ES256","zip":"DEF"}"#, TokenError::Encrypted),
            (r#"{"alg":"ES256","enc":"A128GCM"}"#, TokenError::Encrypted),
            (r#"{"alg":"ES256","alg":"ES256"}"#, TokenError::HeaderJson(DuplicateMember)),
            (r#"{"alg":"ES256","x":1,"\u0078":1}"#, TokenError::HeaderJson(DuplicateMember)),
            (r#"{"alg":"ES256","x":[[[[]]]]}"#, TokenError::HeaderJson(TooDeep)),
            (r#"{"alg":"ES256"} {}"#, TokenError::HeaderJson(Syntax)),
        ] {
            refused(text, expected);
        }
        refused(&format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(129)), TokenError::HeaderMember("kid"));
        refused(&format!(r#"{{"alg":"ES256","x":"{}"}}"#, "k".repeat(1024)), TokenError::HeaderTooLong);
    }
}
