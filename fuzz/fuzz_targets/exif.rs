#![no_main]

use business_media_codec::Camera;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(camera) = Camera::from_exif(data) {
        heliograph_fuzz::check_camera(&camera);
    }
});
