//! libFuzzer for `ledger::note`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| jeton_fuzz::ledger::note(data));
