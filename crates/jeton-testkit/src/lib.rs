//! A world for tests: nodes with given clock, dice and crash points.
