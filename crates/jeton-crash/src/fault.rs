//! What can go wrong.

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// `kill -9`.
    Kill,
    /// A power cut: writes that no fsync covered are gone, wholly, partly, or torn within a sector's reach.
    Power,
    /// The disk is full.
    Full,
    /// An fsync fails.
    Fsync,
    /// The process stands still for a while.
    Stop,
    /// The clock jumps by forty days.
    Clock,
    /// The disk is gone with the server: what the backup target has is all there is.
    Lost,
}

impl Fault {
    /// All of them, with their names.
    pub(crate) const ALL: [(&'static str, Fault); 7] = [
        ("kill", Fault::Kill),
        ("power", Fault::Power),
        ("full", Fault::Full),
        ("fsync", Fault::Fsync),
        ("stop", Fault::Stop),
        ("clock", Fault::Clock),
        ("lost", Fault::Lost),
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Fault::ALL.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}
