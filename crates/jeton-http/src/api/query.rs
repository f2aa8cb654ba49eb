//! The query of a request: parameters that its row names, each at most once.

use http::Uri;
use jeton_oauth::Form;

use super::problem::{Problem, shown};

/// The parameters of a query.
pub(super) struct Query<'a>(Form<'a>);

impl<'a> Query<'a> {
    /// Reads a query that was looked at by [`only_knows`] before.
    pub(super) fn parse(uri: &'a Uri) -> Result<Query<'a>, Problem> {
        let form = Form::parse(uri.query().unwrap_or_default().as_bytes());
        form.map(Query).map_err(|error| Problem::invalid(error.to_string(), "write each parameter once, percent-encoded"))
    }

    /// Each parameter and its text.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter()
    }

    /// The text of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// The number of a parameter.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        let parse = |text: &str| match text.parse() {
            Ok(number) if !text.starts_with('+') => Ok(number),
            _ => Err(Problem::invalid(format!("the parameter `{name}` is no number"), "write it with digits only")),
        };
        self.0.get(name).map(parse).transpose()
    }
}

/// Refuses a query with anything but these parameters: who sends it believes that it is heeded.
pub(super) fn only_knows(uri: &Uri, known: &[&str]) -> Result<(), Problem> {
    let Some(query) = uri.query() else { return Ok(()) };
    let hint = || match known {
        [] => "this path takes no parameters".to_owned(),
        known => format!("this path takes the parameters {}", known.join(", ")),
    };
    let form = Form::parse(query.as_bytes()).map_err(|error| Problem::invalid(error.to_string(), hint()))?;
    match form.names().find(|name| !known.contains(name)) {
        Some(unknown) => Err(Problem::invalid(format!("the parameter `{}` is not known here", shown(unknown)), hint())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Result<Option<u64>, &str>) {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let looked_at = only_knows(&uri, &["from", "limit"]);
        let number = looked_at.and_then(|()| Query::parse(&uri)).and_then(|query| query.number("from"));
        match (number, expected) {
            (Ok(number), Ok(expected)) => assert_eq!(number, expected, "{query}"),
            (Err(problem), Err(expected)) => assert!(format!("{problem:?}").contains(expected), "{query}: {problem:?}"),
            (number, _) => panic!("{query}: {number:?}"),
        }
    }

    #[test]
    fn queries() {
        check("", Ok(None));
        check("from=", Ok(None));
        check("from=7&limit=2", Ok(Some(7)));
        check("from=18446744073709551615", Ok(Some(u64::MAX)));
        check("from=18446744073709551616", Err("no number"));
        for number in ["-1", "%2B1", "1.5", "1e3", "x", "%00"] {
            check(&format!("from={number}"), Err("no number"));
        }
        check("from=1&from=2", Err("from"));
        for query in ["form=1", "form=", "form", "limit=2&form"] {
            check(query, Err("`form` is not known"));
        }
        check("from=%ff", Err("UTF-8"));
    }
}
