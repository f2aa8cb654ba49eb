/// What rendering depends on beside the data: handed in, so that a test sees what a terminal sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Now, in seconds.
    pub(crate) now_seconds: i64,
    /// How many characters a line may have.
    pub(crate) width: usize,
}

/// Wider than anything is: nothing is cut.
pub(crate) const WIDE: usize = 1 << 16;

impl View {
    /// Whether there is room for whole times.
    pub(crate) fn is_wide(&self) -> bool {
        self.width >= WIDE
    }
}
