/// One token that must be refused, or, from [`crate::hostile::controls`], accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// What is wrong with it.
    pub kind: Kind,
    /// A name that no other shape has.
    pub name: String,
    /// The token.
    pub token: String,
}

/// Three ways to be bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing is wrong with it: a control.
    Genuine,
    /// Well-formed, but not what our key signed.
    Forged,
    /// Not a token at all, or not in its one spelling.
    Malformed,
    /// Signed by our key, but not an access token that is valid here and now.
    SignedButBad,
}

/// Collects shapes of one kind.
pub(crate) struct Collection {
    kind: Kind,
    pub(crate) shapes: Vec<Shape>,
}

impl Collection {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self { kind, shapes: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: impl Into<String>, token: String) {
        self.shapes.push(Shape { kind: self.kind, name: name.into(), token });
    }
}
