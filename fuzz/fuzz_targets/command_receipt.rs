//! libFuzzer for `command::receipt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::command::receipt(data));
