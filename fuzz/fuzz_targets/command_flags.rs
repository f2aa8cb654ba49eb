//! libFuzzer for `command::flags`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::command::flags(data));
