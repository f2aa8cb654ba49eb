//! libFuzzer for `core::passkey`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::core::passkey(data));
