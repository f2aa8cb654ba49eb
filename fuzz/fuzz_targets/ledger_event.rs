//! libFuzzer for `ledger::event`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::ledger::event(data));
