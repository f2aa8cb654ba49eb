//! libFuzzer for `jose::jws`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::jose::jws(data));
