//! What a token costs beyond its raw signature.
fn main() {}
