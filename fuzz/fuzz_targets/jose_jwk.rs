//! libFuzzer for `jose::jwk`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::jose::jwk(data));
