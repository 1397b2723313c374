//! Arbitrary bytes as a log object.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| trailbook::fuzz::records(text));
