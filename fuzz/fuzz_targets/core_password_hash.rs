//! libFuzzer for `core::password_hash`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::core::password_hash(data));
