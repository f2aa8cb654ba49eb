//! How many different texts were seen, in some hundred bytes whatever their number (HyperLogLog): true to a few in a hundred, and to one while
//! they are few.

use std::sync::Arc;

use datasketches::hll::{HllSketch, HllType};

/// 256 registers.
const LOGARITHM: u8 = 8;

/// The same sketch, with more texts.
pub(crate) fn with<'a>(sketched: &Arc<[u8]>, texts: impl Iterator<Item = &'a str>) -> Arc<[u8]> {
    let Some(mut sketch) = read(sketched) else { return sketched.clone() };
    texts.for_each(|text| sketch.update(text));
    Arc::from(sketch.serialize())
}

/// How many different texts it has seen.
pub(crate) fn count(sketched: &Arc<[u8]>) -> u64 {
    // A count is finite, and no less than nothing.
    read(sketched).map_or(0, |sketch| sketch.estimate().round() as u64)
}

/// Nothing seen where there are no bytes, and where they are no sketch.
fn read(sketched: &Arc<[u8]>) -> Option<HllSketch> {
    let known = if sketched.is_empty() { None } else { HllSketch::deserialize(sketched).ok() };
    known.or_else(|| HllSketch::new(LOGARITHM, HllType::Hll4).ok())
}
