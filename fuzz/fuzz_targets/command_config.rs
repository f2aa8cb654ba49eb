//! libFuzzer for `command::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::command::config(data));
