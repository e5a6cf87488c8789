//! What the fuzz targets share.

use business_media_codec::{Format, FormatSet, Job, Ladder, Limits, frames, process, read_header};

/// Limits that let a file be large in every way at once, and still leave thousands of runs a minute.
pub fn limits() -> Limits {
    Limits {
        pixels_max: 2_000_000,
        side_max: 16_384,
        frames_max: 100,
        animation_pixels_max: 8_000_000,
        memory_bytes_max: 256 * 1024 * 1024,
    }
}

/// Processes a file when it is of this format, and looks at what comes out.
pub fn process_one(format: Format, file: &[u8]) {
    let (limits, ladder) = (limits(), Ladder::default());
    let taken = FormatSet::new([format]);
    let Ok(header) = read_header(file, &limits, &taken) else {
        return;
    };
    assert!(header.memory_bytes <= limits.memory_bytes_max);
    let Ok(processed) = process(file, &Job::new(&limits, &ladder)) else {
        return;
    };
    assert!(!processed.renditions.is_empty());
    for rendition in &processed.renditions {
        let jpeg = FormatSet::new([Format::Jpeg]);
        let header =
            read_header(&rendition.bytes, &limits, &jpeg).expect("a rendition is readable");
        assert_eq!(
            (header.width, header.height),
            (rendition.width, rendition.height)
        );
    }
    if let Some(animation) = processed.animation {
        let frames = frames(format, &animation.bytes, &limits)
            .expect("an animation is readable")
            .expect("an animation moves");
        assert_eq!(
            frames
                .map(|frame| frame.expect("every frame decodes"))
                .count(),
            animation.frames as usize
        );
    }
}
