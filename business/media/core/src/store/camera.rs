//! The column `camera` of `media`: what the camera wrote of itself, as JSON.

use business_media_gateway::Camera;
use serde::{Deserialize, Serialize};

/// As it is kept; fields that the file did not tell are left out.
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

/// What is told of the column; nothing for one that is empty or cannot be read.
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
