#![no_main]

use business_media_codec::Camera;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(camera) = Camera::from_exif(data) {
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
});
