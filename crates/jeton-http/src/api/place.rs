/// Where the management API is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the Unix socket in the data folder.
    Socket,
    /// On a listener of its own.
    Admin,
    /// On the public listener, beside one of its own: what clients and keys use, and nothing else.
    Public,
    /// On the public listener, where there is no other that administrators from elsewhere could use.
    Shared,
}

impl Place {
    /// Whether who administers is served here.
    #[must_use]
    pub fn is_for_administrators(self) -> bool {
        self != Place::Public
    }

    /// Whether this is the listener that strangers reach.
    #[must_use]
    pub fn is_public(self) -> bool {
        matches!(self, Place::Public | Place::Shared)
    }
}
