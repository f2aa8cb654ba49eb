//! A world for tests: nodes with given clock, dice and crash points.

pub mod bare;
pub mod conformance;
pub mod in_front;
pub mod schema;
pub mod world;

pub use world::World;
pub use world::answer::Answer;
pub use world::registered::Registered;
