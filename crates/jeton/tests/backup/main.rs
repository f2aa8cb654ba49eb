//! Backups of a server that runs, and what becomes of them again.

#[cfg(test)]
mod checkpoint;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod create;
#[cfg(test)]
mod drill;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod first_start;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod full_target;
#[cfg(test)]
mod in_place;
#[cfg(test)]
mod in_turn;
#[cfg(test)]
mod incarnations;
#[cfg(test)]
mod looked_at;
#[cfg(test)]
mod mount;
#[cfg(test)]
mod place;
#[cfg(test)]
mod put_back;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod unit;
#[cfg(test)]
mod watched;
#[cfg(test)]
mod wrong_clock;
