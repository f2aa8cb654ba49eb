//! libFuzzer for `token::parse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::token::parse(data));
