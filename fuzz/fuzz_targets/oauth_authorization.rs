//! libFuzzer for `oauth::authorization`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::oauth::authorization(data));
