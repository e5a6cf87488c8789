//! What a camera wrote of itself, in a line.

use business_media_gateway::Camera;

/// "Canon EOS R5 · RF85mm F2 MACRO IS STM · 85 mm · f/2.0 · 1/250 s · ISO 100"; empty when the file
/// contained nothing.
pub(crate) fn line(camera: &Camera) -> String {
    let parts = [
        name(camera),
        camera.lens.trim().to_owned(),
        focal_length(camera.focal_length_mm),
        aperture(camera.aperture),
        exposure(camera.exposure_time.trim()),
        if camera.iso == 0 {
            String::new()
        } else {
            format!("ISO {}", camera.iso)
        },
    ];
    let told: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    told.join(" · ")
}

/// Maker and model. Many models begin with their maker's name, as "NIKON D700" of "NIKON
/// CORPORATION"; it is said once.
fn name(camera: &Camera) -> String {
    let (make, model) = (camera.make.trim(), camera.model.trim());
    let first_word = make.split_whitespace().next().unwrap_or_default();
    let says_make = model
        .split_whitespace()
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case(first_word));
    if says_make || make.is_empty() || model.is_empty() {
        let name = if model.is_empty() { make } else { model };
        return name.to_owned();
    }
    format!("{make} {model}")
}

/// Tenths only where photographers write them.
fn focal_length(millimetres: f32) -> String {
    if !(millimetres.is_finite() && millimetres > 0.0) {
        return String::new();
    }
    let rounded = (millimetres * 10.0).round() / 10.0;
    format!("{rounded} mm")
}

/// One decimal below f/10, as it stands on lenses.
fn aperture(number: f32) -> String {
    if !(number.is_finite() && number > 0.0) {
        return String::new();
    }
    // From 9.95 on it would be rounded to "10.0".
    if number < 9.95 {
        format!("f/{number:.1}")
    } else {
        format!("f/{number:.0}")
    }
}

fn exposure(seconds: &str) -> String {
    if seconds.is_empty() {
        String::new()
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_camera_is_shown_as_photographers_do() {
        let whole = "Canon EOS R5 · RF85mm F2 MACRO IS STM · 85 mm · f/2.0 · 1/250 s · ISO 100";
        assert_eq!(line(&samples::camera()), whole);
        assert_eq!(line(&Camera::default()), "");
        let phone = Camera {
            make: "Apple".into(),
            model: "iPhone 13 mini".into(),
            focal_length_mm: 5.7,
            aperture: 1.6,
            ..Camera::default()
        };
        assert_eq!(line(&phone), "Apple iPhone 13 mini · 5.7 mm · f/1.6");
    }

    #[test]
    fn a_maker_is_named_once() {
        for (make, model, expected) in [
            ("Canon", "Canon EOS 1000D", "Canon EOS 1000D"),
            ("NIKON CORPORATION", "NIKON D700", "NIKON D700"),
            ("FUJIFILM", "X100V", "FUJIFILM X100V"),
            ("", "X100V", "X100V"),
            ("Leica", " ", "Leica"),
        ] {
            let camera = Camera {
                make: make.into(),
                model: model.into(),
                ..Camera::default()
            };
            assert_eq!(line(&camera), expected);
        }
    }

    #[test]
    fn numbers_that_are_none_are_left_out() {
        assert_eq!(aperture(11.0), "f/11");
        assert_eq!(aperture(9.96), "f/10");
        assert_eq!(aperture(f32::NAN), "");
        assert_eq!(focal_length(f32::INFINITY), "");
        assert_eq!(focal_length(23.04), "23 mm");
    }
}
