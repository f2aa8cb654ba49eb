//! Backups of a server that runs, and what becomes of them again.

#[cfg(test)]
mod drill;
#[cfg(test)]
mod place;
#[cfg(test)]
mod restore;
