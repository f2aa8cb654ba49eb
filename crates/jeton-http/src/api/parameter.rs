//! The parameters of queries, as the table of requests names them: what a row does not name is refused, and the document has the same ones.

/// A parameter of a query.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub about: &'static str,
    /// What its value is.
    pub takes: Takes,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// One of these names.
    OneOf(fn() -> Vec<&'static str>),
}

/// Where a list goes on, and how many items it has.
pub(super) const OF_PAGE: &[Parameter] = &[
    Parameter::text("cursor", "The `next` of the page before, to go on after it."),
    Parameter::number("limit", "How many items the page has at most: 100 if left out, 1,000 at most."),
];

impl Parameter {
    /// A text.
    pub(super) const fn text(name: &'static str, about: &'static str) -> Parameter {
        Parameter { name, about, takes: Takes::Text }
    }

    /// A whole number.
    pub(super) const fn number(name: &'static str, about: &'static str) -> Parameter {
        Parameter { name, about, takes: Takes::Number }
    }

    /// One of a few names.
    pub(super) const fn one_of(name: &'static str, about: &'static str, names: fn() -> Vec<&'static str>) -> Parameter {
        Parameter { name, about, takes: Takes::OneOf(names) }
    }
}
