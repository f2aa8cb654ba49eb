use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit on open files (RLIMIT_NOFILE) to the hard one, and returns what then counts; `None` is no limit.
///
/// Every connection is a file. A service manager often starts processes with a soft limit of 1,024, for the sake of programs that use `select`.
///
/// # Errors
/// What the system answers when it refuses.
pub fn raise_open_file_limit() -> io::Result<Option<u64>> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    Ok(maximum)
}
