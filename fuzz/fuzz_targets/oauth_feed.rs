//! libFuzzer for `oauth::feed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::oauth::feed(data));
