//! libFuzzer for `http::provider_answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::http::provider_answer(data));
