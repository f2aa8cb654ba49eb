//! A short run of a target without a fuzzer: samples, mutated from a seed that a failure prints.

/// Runs a target on the samples and on `rounds` mutations of them.
pub(crate) fn run(target: fn(&[u8]), samples: &[&str], rounds: u64) {
    for sample in samples {
        target(sample.as_bytes());
    }
    for seed in 0..rounds {
        let data = mutated(samples, seed);
        if std::panic::catch_unwind(|| target(&data)).is_err() {
            panic!("seed {seed}: {:?}", String::from_utf8_lossy(&data));
        }
    }
}

fn mutated(samples: &[&str], seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut below = |end: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % end.max(1) as u64) as usize
    };
    let mut data = samples[below(samples.len())].as_bytes().to_vec();
    for _ in 0..=below(4) {
        let at = below(data.len() + 1);
        match below(6) {
            0 => data.truncate(at),
            1 => data.insert(at, below(256) as u8),
            2 if at < data.len() => data[at] = below(256) as u8,
            3 if at < data.len() => data[at] ^= 1 << below(8),
            4 if at < data.len() => drop(data.remove(at)),
            _ => {
                let other = samples[below(samples.len())].as_bytes();
                let from = below(other.len() + 1);
                let piece = &other[from..from + below(other.len() - from + 1)];
                data.splice(at..at, piece.iter().copied());
            }
        }
    }
    data
}
