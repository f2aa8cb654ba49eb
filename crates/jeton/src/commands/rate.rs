//! How often, as flags say it: `100/1m`.

use serde_json::{Value, json};

use super::duration;

/// So many in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) count: i64,
    pub(crate) period_seconds: i64,
}

impl Rate {
    /// As the management API takes it.
    pub(crate) fn to_json(self) -> Value {
        json!({ "count": self.count, "period_seconds": self.period_seconds })
    }
}

/// A number, a slash, and a length of time.
///
/// # Errors
/// A sentence with what may be written.
pub(crate) fn parse(text: &str) -> Result<Rate, String> {
    let wanted = || "write how many in what time: 100/1m, 5/1s, 10000/24h".to_owned();
    let (count, period) = text.split_once('/').ok_or_else(wanted)?;
    let count = count.parse().map_err(|_| wanted())?;
    let period_seconds = duration::seconds(period).map_err(|_| wanted())?;
    Ok(Rate { count, period_seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        for (text, expected) in
            [("100/1m", Some((100, 60))), ("5/1s", Some((5, 1))), ("5", None), ("/1s", None), ("5/", None), ("a/1s", None)]
        {
            assert_eq!(parse(text).ok(), expected.map(|(count, period_seconds)| Rate { count, period_seconds }), "{text}");
        }
    }
}
