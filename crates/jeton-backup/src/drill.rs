//! Drills: a backup restored apart, compared with what it is of, and a receipt of that.

pub mod compare;
pub mod due;
pub mod receipt;
mod rows;
pub mod usage;
