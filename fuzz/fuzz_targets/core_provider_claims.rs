//! libFuzzer for `core::provider_claims`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::core::provider_claims(data));
