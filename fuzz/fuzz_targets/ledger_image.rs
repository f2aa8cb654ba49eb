//! libFuzzer for `ledger::image`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::ledger::image(data));
