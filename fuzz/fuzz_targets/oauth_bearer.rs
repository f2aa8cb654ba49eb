//! libFuzzer for `oauth::bearer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::oauth::bearer(data));
