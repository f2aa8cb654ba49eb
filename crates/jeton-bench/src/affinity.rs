//! Who runs on which core: the measured server on the first one allowed, the load on the second.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::failure::{Doing, Failure};

/// The two cores of a run; the same core twice where there is only one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) load: usize,
    /// How many there are to choose from.
    pub(crate) allowed: u32,
}

impl Cores {
    /// The first two cores this process may use.
    pub(crate) fn find() -> Result<Self, Failure> {
        let allowed = sched_getaffinity(None).doing("asking for the allowed cores")?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let server = cores.next().ok_or_else(|| Failure::new("no core is allowed"))?;
        Ok(Self { server, load: cores.next().unwrap_or(server), allowed: allowed.count() })
    }

    /// Runs `work` with the calling thread on the server's core, then puts the thread on the load's core. What `work`
    /// spawns stays on the server's core: a child inherits the affinity of the thread that starts it.
    pub(crate) fn on_server<T>(&self, work: impl FnOnce() -> T) -> Result<T, Failure> {
        pin(self.server)?;
        let result = work();
        pin(self.load)?;
        Ok(result)
    }
}

/// Puts the calling thread on `core`.
pub(crate) fn pin(core: usize) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).doing("pinning to a core")
}
