//! libFuzzer for `core::names`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::core::names(data));
