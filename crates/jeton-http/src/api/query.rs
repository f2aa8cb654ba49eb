//! The query of a request: parameters that are known, each at most once.

use http::Uri;
use jeton_oauth::Form;

use super::problem::Problem;

/// The parameters of a query.
pub(super) struct Query<'a>(Form<'a>);

impl<'a> Query<'a> {
    /// Reads a query in which only these parameters are known.
    pub(super) fn parse(uri: &'a Uri, known: &[&str]) -> Result<Query<'a>, Problem> {
        let hint = || match known {
            [] => "this path takes no parameters".to_owned(),
            known => format!("this path takes the parameters {}", known.join(", ")),
        };
        let form = Form::parse(uri.query().unwrap_or_default().as_bytes()).map_err(|error| Problem::invalid(error.to_string(), hint()))?;
        let unknown = form.iter().find(|(name, _)| !known.contains(name)).map(|(name, _)| name.chars().take(100).collect::<String>());
        match unknown {
            Some(unknown) => Err(Problem::invalid(format!("the parameter `{unknown}` is not known here"), hint())),
            None => Ok(Query(form)),
        }
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

/// Refuses a query where nothing reads one: who sends it believes that it is heeded.
pub(super) fn without_query(uri: &Uri) -> Result<(), Problem> {
    if uri.query().is_none() { Ok(()) } else { Query::parse(uri, &[]).map(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Result<Option<u64>, &str>) {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let number = Query::parse(&uri, &["from", "limit"]).and_then(|query| query.number("from"));
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
        check("form=1", Err("`form` is not known"));
        check("from=%ff", Err("UTF-8"));
    }
}
