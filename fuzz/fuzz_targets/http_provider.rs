//! libFuzzer for `http::provider`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::http::provider(data));
