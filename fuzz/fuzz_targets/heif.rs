#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| heliograph_fuzz::read_without_pixels(file));
