//! The engine on real folders.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod loader;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod missing;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod version_1;
#[cfg(test)]
mod version_14;
#[cfg(test)]
mod version_15;
#[cfg(test)]
mod wipe;
