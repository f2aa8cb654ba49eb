//! libFuzzer for `http::certificate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::http::certificate(data));
