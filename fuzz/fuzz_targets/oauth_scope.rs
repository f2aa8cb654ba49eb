//! libFuzzer for `oauth::scope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::oauth::scope(data));
