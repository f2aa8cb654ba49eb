//! libFuzzer for `jose::jwt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::jose::jwt(data));
