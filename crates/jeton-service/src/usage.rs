//! Usage: recorded in memory by whoever answers, journaled each second, kept by minute, hour and day. Nobody waits for it.

pub(crate) mod facts;
pub mod flush;
pub(crate) mod keeping;
pub mod marks;
pub(crate) mod mixed;
pub(crate) mod proven;
pub mod recorder;
pub mod remember;
pub(crate) mod reported;
pub mod reports;
pub mod series;
pub mod shared;
pub(crate) mod sketch;
pub(crate) mod subjects;
pub(crate) mod told;
pub mod unused;
pub(crate) mod unused_grants;
pub(crate) mod waiting;
