//! libFuzzer for `core::networks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::core::networks(data));
