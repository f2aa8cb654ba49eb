//! libFuzzer for `command::keys`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::command::keys(data));
