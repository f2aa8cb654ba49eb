//! libFuzzer for `http::flow`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::http::flow(data));
