#![no_main]

use business_media_codec::{Format, FormatSet, Limits, read_header, sniff};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let (limits, taken) = (Limits::default(), FormatSet::new(Format::ALL));
    let _ = sniff(file, &taken);
    if let Ok(header) = read_header(file, &limits, &taken) {
        assert!(header.memory_bytes <= limits.memory_bytes_max);
        assert!(header.width.max(header.height) <= limits.side_max);
        assert!((1..=limits.frames_max).contains(&header.frames));
    }
});
