//! Jeton: a token service for teams, in one binary.

fn main() {}
