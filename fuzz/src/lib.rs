//! What the fuzz targets share.

mod memory;

use business_media_codec::{
    Camera, Format, FormatSet, Header, Job, Ladder, Limits, Processed, frames, process, read_header,
};

/// Limits that let a file be large in every way at once, and still leave thousands of runs a
/// minute.
pub fn limits() -> Limits {
    Limits {
        pixels_max: 300_000,
        side_max: 65_535,
        frames_max: 100,
        animation_pixels_max: 2_000_000,
        memory_bytes_max: 256 * 1024 * 1024,
        ..Limits::default()
    }
}

/// Processes a file when it is of this format, and looks at what it took and what comes out.
pub fn process_one(format: Format, file: &[u8]) {
    let (limits, ladder) = (limits(), Ladder::default());
    let taken = FormatSet::new([format]);
    let Ok(header) = read_header(file, &limits, &taken) else {
        return;
    };
    assert!(header.memory_bytes <= limits.memory_bytes_max);
    let (processed, peak) = memory::peak_of(|| process(file, &Job::new(&limits, &ladder)));
    let memory_bytes = peak + file.len() as u64;
    assert!(
        memory_bytes <= header.memory_bytes,
        "takes {memory_bytes} bytes of memory; {header:?}"
    );
    if let Ok(processed) = processed {
        check(&header, &processed, &limits, &ladder);
    }
}

/// Whether what came out is what the header said, and can be read.
fn check(header: &Header, processed: &Processed, limits: &Limits, ladder: &Ladder) {
    let size = (header.width, header.height);
    assert_eq!((processed.width, processed.height), size);
    assert_eq!(processed.renditions.len(), ladder.steps().len());
    for (rendition, step) in processed.renditions.iter().zip(ladder.steps()) {
        let rendition_size = (rendition.width, rendition.height);
        if size.0.max(size.1) <= step.side_max {
            assert_eq!(rendition_size, size);
        } else {
            let side_max = u64::from(step.side_max);
            let pixels = u64::from(rendition_size.0) * u64::from(rendition_size.1);
            assert!(pixels <= side_max * side_max);
            assert!(rendition_size.0.max(rendition_size.1) <= 16_383);
        }
        let jpeg = FormatSet::new([Format::Jpeg]);
        let header = read_header(&rendition.bytes, limits, &jpeg).expect("a rendition is readable");
        assert_eq!((header.width, header.height), rendition_size);
    }
    if let Some(animation) = &processed.animation {
        assert_eq!((animation.width, animation.height), size);
        assert_eq!(animation.frames, header.frames);
        let frames = frames(header.format, &animation.bytes, limits)
            .expect("an animation is readable")
            .expect("an animation moves");
        let frame_bytes = size.0 as usize * size.1 as usize * 4;
        let count = frames
            .map(|frame| frame.expect("every frame decodes"))
            .inspect(|frame| assert_eq!(frame.bytes.len(), frame_bytes))
            .count();
        assert_eq!(count, header.frames as usize);
    }
}

/// Whether what is shown of camera and exposure is short and plain.
pub fn check_camera(camera: &Camera) {
    for text in [
        &camera.make,
        &camera.model,
        &camera.lens,
        &camera.exposure_time,
    ] {
        assert!(text.chars().count() <= 100 && text.trim() == text);
        assert!(!text.chars().any(char::is_control));
    }
    assert!(camera.aperture.is_finite() && camera.focal_length_mm.is_finite());
}

/// The header and the metadata of a file that another process decodes: what is read of it here
/// takes no memory to speak of.
pub fn read_without_pixels(file: &[u8]) {
    /// Beside copies of parts of the file.
    const FIXED_BYTES: u64 = 1024 * 1024;
    let (limits, taken) = (
        Limits::default(),
        FormatSet::new([Format::Heic, Format::Avif]),
    );
    let (header, peak) = memory::peak_of(|| read_header(file, &limits, &taken));
    let bound = FIXED_BYTES + 4 * file.len() as u64;
    assert!(peak <= bound, "the header takes {peak} bytes of memory");
    if let Ok(header) = header {
        assert!(header.memory_bytes <= limits.memory_bytes_max);
        assert!(header.width > 0 && header.height > 0);
        assert!(header.width.max(header.height) <= limits.side_max);
        assert!(u64::from(header.width) * u64::from(header.height) <= limits.pixels_max);
    }
    for format in [Format::Heic, Format::Avif] {
        let (camera, peak) = memory::peak_of(|| Camera::of_file(format, file));
        assert!(peak <= bound, "EXIF data takes {peak} bytes of memory");
        if let Some(camera) = camera {
            check_camera(&camera);
        }
    }
}
