#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vacancy_sections_fuzz::encoder::check(input));
