//! The column `camera` of `media`: what the camera wrote of itself, as JSON.

use business_media_codec as codec;
use business_media_gateway::Camera;
use serde::{Deserialize, Serialize};

/// As it is kept; fields that the file did not contain are left out.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct CameraColumn {
    make: String,
    model: String,
    lens: String,
    exposure_time: String,
    aperture: f32,
    iso: u32,
    focal_length_mm: f32,
}

/// The column for what a file contained; empty when that was nothing.
pub(crate) fn write(camera: Option<&codec::Camera>) -> String {
    let Some(camera) = camera else {
        return String::new();
    };
    let column = CameraColumn {
        make: camera.make.clone(),
        model: camera.model.clone(),
        lens: camera.lens.clone(),
        exposure_time: camera.exposure_time.clone(),
        aperture: camera.aperture,
        iso: camera.iso,
        focal_length_mm: camera.focal_length_mm,
    };
    // Numbers that JSON cannot hold are written as null, which reads as nothing.
    serde_json::to_string(&column).unwrap_or_default()
}

/// What is shown of the column; nothing for one that is empty or cannot be read.
pub(crate) fn read(column: &str) -> Option<Camera> {
    if column.is_empty() {
        return None;
    }
    let camera: CameraColumn = serde_json::from_str(column).ok()?;
    Some(Camera {
        make: camera.make,
        model: camera.model,
        lens: camera.lens,
        exposure_time: camera.exposure_time,
        aperture: camera.aperture,
        iso: camera.iso,
        focal_length_mm: camera.focal_length_mm,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let camera = codec::Camera {
            model: "X100".to_owned(),
            exposure_time: "1/250".to_owned(),
            aperture: 2.8,
            iso: 400,
            ..codec::Camera::default()
        };
        let back = read(&write(Some(&camera))).unwrap();
        assert_eq!(
            (back.model.as_str(), back.exposure_time.as_str(), back.iso),
            ("X100", "1/250", 400)
        );
        assert!((back.aperture - 2.8).abs() < 1e-6);
        assert_eq!(read(&write(None)), None);
        assert_eq!(read("not JSON"), None);
    }
}
