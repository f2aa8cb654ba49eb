//! Bodies of type `application/x-www-form-urlencoded`, as OAuth reads them (RFC 6749 section 3.1 and appendix B).

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize as _;

use crate::error::ErrorResponse;

/// The longest body that is read, in bytes.
pub const MAX_BODY_LEN: usize = 64 * 1024;
/// The most parameters that are read.
pub const MAX_PARAMETERS: usize = 64;

/// The parameters of a request, each at most once.
///
/// A parameter without a value counts as absent (RFC 6749 section 3.1). Values decoded into memory of their own are overwritten
/// when dropped; others borrow from the body.
pub struct Form<'b> {
    parameters: Vec<Parameter<'b>>,
}

struct Parameter<'b> {
    name: Cow<'b, str>,
    value: Cow<'b, str>,
}

impl<'b> Form<'b> {
    /// Reads a body in which no parameter is repeated.
    ///
    /// # Errors
    /// The body is over [`MAX_BODY_LEN`] or [`MAX_PARAMETERS`], repeats a parameter (with or without a value), or is not UTF-8 in
    /// percent encoding.
    pub fn parse(body: &'b [u8]) -> Result<Self, FormError> {
        Self::parse_allowing(body, &[])
    }

    /// Reads a body in which only these parameters may be repeated, as `resource` may (RFC 8707 section 2).
    ///
    /// # Errors
    /// As for [`Form::parse`].
    pub fn parse_allowing(body: &'b [u8], repeatable: &[&str]) -> Result<Self, FormError> {
        Self::parse_where(body, |name| repeatable.contains(&name))
    }

    /// Reads a body in which everything may be repeated: for a reader that must know more before it refuses.
    pub(crate) fn parse_with_repeats(body: &'b [u8]) -> Result<Self, FormError> {
        Self::parse_where(body, |_| true)
    }

    fn parse_where(body: &'b [u8], may_be_repeated: impl Fn(&str) -> bool) -> Result<Self, FormError> {
        if body.len() > MAX_BODY_LEN {
            return Err(FormError::TooLong);
        }
        let body = std::str::from_utf8(body).map_err(|_| FormError::NotUtf8)?;
        let mut form = Self { parameters: Vec::with_capacity(if body.is_empty() { 0 } else { 8 }) };
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            if form.parameters.len() == MAX_PARAMETERS {
                return Err(FormError::TooMany);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let parameter = Parameter { name: decode(name)?, value: decode(value)? };
            if !may_be_repeated(&parameter.name) && form.parameters.iter().any(|earlier| earlier.name == parameter.name) {
                return Err(FormError::Repeated { name: parameter.name.to_string() });
            }
            form.parameters.push(parameter);
        }
        Ok(form)
    }

    /// The value of a parameter, of its first one if it may be repeated; `None` if absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter that may be repeated.
    pub fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value)
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request` that names it.
    pub fn require(&self, name: &str) -> Result<&str, ErrorResponse> {
        self.get(name).ok_or_else(|| ErrorResponse::invalid_request(format!("the parameter {name} is missing")))
    }

    /// The names of all parameters, of those without a value too, in the order sent.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|parameter| &*parameter.name)
    }

    /// The parameters that have a value, in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().filter(|parameter| !parameter.value.is_empty()).map(|parameter| (&*parameter.name, &*parameter.value))
    }
}

impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parameters.iter().map(|parameter| &parameter.name)).finish()
    }
}

impl Drop for Parameter<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(value) = &mut self.value {
            value.zeroize();
        }
    }
}

/// Prints parameters as a body.
#[must_use]
pub fn encode<'p>(parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// Prints one value as it stands in a body, or in the parts of `Authorization: Basic` (RFC 6749 section 2.3.1).
#[must_use]
pub fn encode_value(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// Reads one name or value: `+` is a space, `%` starts two hexadecimal digits.
///
/// # Errors
/// A `%` is not followed by two hexadecimal digits, or the bytes they stand for are not UTF-8.
pub fn decode(text: &str) -> Result<Cow<'_, str>, FormError> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let ([high, low], after) = rest.split_first_chunk().ok_or(FormError::BadPercent)?;
                rest = after;
                nibble(*high)? << 4 | nibble(*low)?
            }
            other => *other,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| FormError::NotUtf8)
}

const fn nibble(digit: u8) -> Result<u8, FormError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(FormError::BadPercent),
    }
}

/// Why a body is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormError {
    /// Over [`MAX_BODY_LEN`].
    TooLong,
    /// Over [`MAX_PARAMETERS`].
    TooMany,
    /// A parameter that may stand once stands twice.
    Repeated {
        /// Its name, as sent.
        name: String,
    },
    /// A `%` without two hexadecimal digits.
    BadPercent,
    /// Not UTF-8, before or after percent decoding.
    NotUtf8,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the body is longer than {MAX_BODY_LEN} bytes"),
            Self::TooMany => write!(f, "the body has more than {MAX_PARAMETERS} parameters"),
            Self::Repeated { name } => write!(f, "the parameter {name:.64} is repeated"),
            Self::BadPercent => f.write_str("the body has a % that two hexadecimal digits do not follow"),
            Self::NotUtf8 => f.write_str("the body is not UTF-8"),
        }
    }
}

impl std::error::Error for FormError {}

impl From<FormError> for ErrorResponse {
    fn from(error: FormError) -> Self {
        Self::invalid_request(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(body: &str, expected: &[(&str, &str)]) {
            let form = Form::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{body:?}: {error}"));
            assert_eq!(form.iter().collect::<Vec<_>>(), expected, "{body:?}");
        }
        check("", &[]);
        check("&&", &[]);
        check("a=1", &[("a", "1")]);
        check("a=1&b=2&", &[("a", "1"), ("b", "2")]);
        check("a=&b", &[]);
        check("a=b=c", &[("a", "b=c")]);
        check("a=x+y%20z", &[("a", "x y z")]);
        check("a%3D=%26%3d", &[("a=", "&=")]);
        check("n=%C3%A9%F0%9F%98%80", &[("n", "é😀")]);
        check("n=é", &[("n", "é")]);
        check("a=%00", &[("a", "\0")]);
        check("a=1&A=2", &[("a", "1"), ("A", "2")]);
        check("=x", &[("", "x")]);
    }

    #[test]
    fn refuses() {
        fn check(body: &[u8], expected: FormError) {
            assert_eq!(Form::parse(body).unwrap_err(), expected, "{body:?}");
        }
        let repeated = |name: &str| FormError::Repeated { name: name.into() };
        check(b"a=1&a=2", repeated("a"));
        check(b"a=1&b=2&a=1", repeated("a"));
        check(b"a=&a=1", repeated("a"));
        check(b"a&a", repeated("a"));
        check(b"a=1&%61=2", repeated("a"));
        check(b"a=%", FormError::BadPercent);
        check(b"a=%4", FormError::BadPercent);
        check(b"a=%4g", FormError::BadPercent);
        check(b"a=%%41", FormError::BadPercent);
        check(b"%zz=1", FormError::BadPercent);
        check(b"a=%ff", FormError::NotUtf8);
        check(b"a=%C3", FormError::NotUtf8);
        check(b"a=%ED%A0%80", FormError::NotUtf8);
        check(b"a=\xff", FormError::NotUtf8);
        check(&[b'a'; MAX_BODY_LEN + 1], FormError::TooLong);
        let many: String = (0..=MAX_PARAMETERS).map(|number| format!("p{number}=1&")).collect();
        check(many.as_bytes(), FormError::TooMany);
    }

    #[test]
    fn some_may_be_repeated() {
        let form = Form::parse_allowing(b"resource=a&x=1&resource=b&resource=", &["resource"]).unwrap();
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(form.get("resource"), Some("a"));
        assert!(Form::parse_allowing(b"x=1&x=1", &["resource"]).is_err());
    }

    #[test]
    fn missing_parameters_are_named() {
        let form = Form::parse(b"token=").unwrap();
        assert_eq!(form.require("token").unwrap_err().to_string(), "invalid_request: the parameter token is missing");
    }

    #[test]
    fn hostile_names_are_tamed_in_the_answer() {
        let body = format!("{0}=1&{0}=2", "%22%0D%0A".repeat(1_000));
        let response = ErrorResponse::from(Form::parse(body.as_bytes()).unwrap_err());
        let description = response.description.unwrap();
        assert!(description.as_str().len() < 128 && !description.as_str().contains(['"', '\r', '\n']), "{description}");
    }

    #[test]
    fn borrows_what_needs_no_decoding() {
        assert!(matches!(decode("jtn_at_0"), Ok(Cow::Borrowed(_))));
        assert!(matches!(decode("a+b"), Ok(Cow::Owned(_))));
    }

    #[test]
    fn prints_what_it_reads() {
        let parameters = [("grant_type", "client_credentials"), ("scope", "a b"), ("odd", "%&=+é\0\u{7f}~*'")];
        let body = encode(parameters);
        assert_eq!(Form::parse(body.as_bytes()).unwrap().iter().collect::<Vec<_>>(), parameters);
        assert_eq!(decode(&encode_value("a b%:é")).unwrap(), "a b%:é");
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Form::parse(b"client_secret=hunter2").unwrap());
        assert_eq!(shown, r#"["client_secret"]"#);
    }
}
