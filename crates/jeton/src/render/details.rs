//! One thing in detail: names on the left, values on the right, long values on lines of their own.

use super::fold::wrap;
use super::text::shown;
use super::view::View;

/// Names and values, in the order in which they are shown; an empty value is left out.
#[derive(Default)]
pub(crate) struct Details {
    lines: Vec<(&'static str, String)>,
}

impl Details {
    /// With this line too.
    pub(crate) fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Details {
        if !value.as_ref().is_empty() {
            self.lines.push((name, shown(value.as_ref())));
        }
        self
    }

    /// With a line for each of these, the name only before the first.
    pub(crate) fn with_each(mut self, name: &'static str, values: impl IntoIterator<Item = String>) -> Details {
        for (place, value) in values.into_iter().enumerate() {
            self.lines.push((if place == 0 { name } else { "" }, shown(&value)));
        }
        self
    }

    /// As text, each line ended. A value that is too long is broken between words; one without spaces is never broken, so that it can be
    /// copied, and gets a line of its own where it needs one.
    pub(crate) fn text(&self, view: &View) -> String {
        let indent = self.lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 2;
        let room = view.width.saturating_sub(indent).max(20);
        let mut text = String::new();
        for (name, value) in &self.lines {
            if value.chars().count() > room && !value.contains(' ') {
                text.push_str(&format!("{name}\n{value}\n"));
                continue;
            }
            for (place, part) in wrap(value, room).iter().enumerate() {
                let name = if place == 0 { name } else { "" };
                text.push_str(format!("{name:indent$}{part}").trim_end());
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_aligned_and_wrapped() {
        let details = Details::default()
            .with("id", "x".repeat(30))
            .with("nothing", "")
            .with("meaning", "a sentence that does not fit into one line")
            .with_each("scopes", ["read".to_owned(), "write".to_owned()]);
        insta::assert_snapshot!(details.text(&View { now_seconds: 0, width: 34 }), @"
        id
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        meaning  a sentence that does not
                 fit into one line
        scopes   read
                 write
        ");
    }
}
