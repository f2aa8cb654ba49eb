//! Backups of stores that go on, and what becomes of them again.

#[cfg(test)]
mod away;
#[cfg(test)]
mod bucket;
#[cfg(test)]
mod drill;
#[cfg(test)]
mod erased;
#[cfg(test)]
mod files;
#[cfg(test)]
mod incarnations;
#[cfg(test)]
mod joined;
#[cfg(test)]
mod liar;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod stock;
#[cfg(test)]
mod vanishing;
#[cfg(test)]
mod watched;
#[cfg(test)]
mod whole;
