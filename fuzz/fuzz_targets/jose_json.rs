//! libFuzzer for `jose::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::jose::json(data));
