//! What a camera notes about a photo that photographers tell each other: what it was taken with,
//! and how. Never where, when, by whom, or with which very camera.

use crate::exif::{Directory, Exif, tag};
use crate::{Format, exif};

/// The longest text kept, in characters.
const TEXT_CHARS_MAX: usize = 100;
/// The longest exposure that is believed, in seconds: a day.
const EXPOSURE_SECONDS_MAX: f64 = 86_400.0;
/// The shortest: a hundred-thousandth of a second, beyond every shutter.
const EXPOSURE_SECONDS_MIN: f64 = 0.000_01;
/// Exposures shorter than this, in seconds, are written as a fraction.
const FRACTION_SECONDS_MAX: f64 = 0.3;

/// How a photo was taken, as its EXIF data says. What the file does not contain is empty, or 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Camera {
    /// Who made the camera: "Canon". At most 100 printable characters, as all texts here.
    pub make: String,
    /// Which model it is: "Canon EOS 7D".
    pub model: String,
    /// The lens: "EF24-70mm f/2.8L USM".
    pub lens: String,
    /// Seconds, as photographers write them: "1/250", "2.5".
    pub exposure_time: String,
    /// The f-number, with one decimal: 2.8.
    pub aperture: f32,
    /// The sensitivity as an ISO number, below 100 million.
    pub iso: u32,
    /// The focal length in millimetres, with one decimal.
    pub focal_length_mm: f32,
}

impl Camera {
    /// What a file of this format contains, if anything. For HEIC and AVIF see
    /// [`Camera::from_exif`].
    #[must_use]
    pub fn of_file(format: Format, file: &[u8]) -> Option<Self> {
        Self::from_exif(&exif::of_file(format, file)?)
    }

    /// What EXIF data contains: a TIFF header and what follows, with or without "Exif" and two
    /// zeros before.
    #[must_use]
    pub fn from_exif(data: &[u8]) -> Option<Self> {
        let first = Exif::open(data)?.first_directory()?;
        let mut camera = Self {
            make: text(first, tag::MAKE),
            model: text(first, tag::MODEL),
            ..Self::default()
        };
        if let Some(exposure) = first.exposure() {
            camera.lens = text(exposure, tag::LENS_MODEL);
            camera.exposure_time = exposure_time(exposure).unwrap_or_default();
            camera.aperture = tenths(exposure, tag::F_NUMBER, 1_000.0).unwrap_or_default();
            camera.iso = iso(exposure).unwrap_or_default();
            camera.focal_length_mm =
                tenths(exposure, tag::FOCAL_LENGTH, 100_000.0).unwrap_or_default();
        }
        (camera != Self::default()).then_some(camera)
    }
}

/// A text's printable characters. What a reader does not see, or what turns the direction of
/// reading, is left out.
fn text(directory: Directory<'_>, tag: u16) -> String {
    let bytes = directory.text(tag).unwrap_or_default();
    // The most bytes that a hundred characters take, and as many again for what is left out.
    let bytes = &bytes[..bytes.len().min(TEXT_CHARS_MAX * 8)];
    let printable = |character: &char| {
        character.is_alphanumeric() || character.is_ascii_graphic() || " °®™–".contains(*character)
    };
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .map(|character| {
            if character.is_whitespace() {
                ' '
            } else {
                character
            }
        })
        .filter(printable)
        .collect();
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let text: String = words.join(" ").chars().take(TEXT_CHARS_MAX).collect();
    text.trim_end().to_owned()
}

fn exposure_time(directory: Directory<'_>) -> Option<String> {
    let seconds = quotient(directory, tag::EXPOSURE_TIME)?;
    if !(EXPOSURE_SECONDS_MIN..=EXPOSURE_SECONDS_MAX).contains(&seconds) {
        return None;
    }
    if seconds < FRACTION_SECONDS_MAX {
        return Some(format!("1/{:.0}", 1.0 / seconds));
    }
    let written = format!("{seconds:.1}");
    Some(
        written
            .strip_suffix(".0")
            .map_or(written.clone(), str::to_owned),
    )
}

/// A number above nothing and at most `max`, rounded to one decimal.
#[allow(clippy::cast_possible_truncation)] // a few digits
fn tenths(directory: Directory<'_>, tag: u16, max: f64) -> Option<f32> {
    let rounded = (quotient(directory, tag)? * 10.0).round() / 10.0;
    (rounded > 0.0 && rounded <= max).then_some(rounded as f32)
}

fn quotient(directory: Directory<'_>, tag: u16) -> Option<f64> {
    let (above, below) = directory.fraction(tag)?;
    (below != 0).then(|| f64::from(above) / f64::from(below))
}

fn iso(directory: Directory<'_>) -> Option<u32> {
    /// What the first field says when the number does not fit it.
    const ELSEWHERE: u32 = 65_535;
    let plain = directory.number(tag::ISO).filter(|iso| *iso != ELSEWHERE);
    plain
        .or_else(|| directory.number(tag::ISO_SPEED))
        .or_else(|| directory.number(tag::EXPOSURE_INDEX))
        .filter(|iso| (1..100_000_000).contains(iso))
}
