//! libFuzzer for `oauth::exchange`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::oauth::exchange(data));
