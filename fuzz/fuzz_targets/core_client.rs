//! libFuzzer for `core::client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::core::client(data));
