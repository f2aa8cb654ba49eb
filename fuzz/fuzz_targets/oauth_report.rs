//! libFuzzer for `oauth::report`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::oauth::report(data));
