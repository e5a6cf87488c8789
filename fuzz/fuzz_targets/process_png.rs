#![no_main]

use business_media_codec::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| heliograph_fuzz::process_one(Format::Png, file));
