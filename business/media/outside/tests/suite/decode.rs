//! HEIC and AVIF as cameras and encoders make them.

use business_media_codec::{Format, FormatSet, Limits, read_header, sniff};

use crate::{decode, outside, photos};

const ENDINGS: [&str; 3] = [".heic", ".heif", ".avif"];

#[test]
fn every_good_picture_has_the_size_that_its_header_says() {
    let outside = outside();
    let taken = FormatSet::new(Format::ALL);
    let limits = Limits {
        memory_bytes_max: u64::MAX,
        ..Limits::default()
    };
    for path in photos("good", &ENDINGS) {
        let file = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = if name.ends_with(".avif") { Format::Avif } else { Format::Heic };
        assert_eq!(sniff(&file, &taken), Ok(expected), "{name}");
        let header = read_header(&file, &limits, &taken).unwrap();
        let begun = std::time::Instant::now();
        let pixels = decode(&outside, &file).unwrap();
        eprintln!("{name}: {}x{} alpha {} profile {:?} {:?} header {:?}", pixels.width, pixels.height, pixels.has_alpha, pixels.profile.as_ref().map(Vec::len), begun.elapsed(), header);
        assert_eq!((pixels.width, pixels.height), (header.width, header.height), "{name}");
    }
}
