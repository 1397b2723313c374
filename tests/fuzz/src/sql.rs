//! Arbitrary text as a query.

#![no_main]

libfuzzer_sys::fuzz_target!(|sql: &str| trailbook::fuzz::sql(sql));
