//! libFuzzer for `token::counted`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::token::counted(data));
