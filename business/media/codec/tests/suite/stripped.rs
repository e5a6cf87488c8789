//! What is stripped shows the same pixels, and an independent reader finds nothing in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use business_media_codec::{CodecError, Format, Limits, Purpose, read_header, strip};
use image::DynamicImage;
use serde_json::{Map, Value};

use crate::moving::{apng, seen};
use crate::pictures::{Rgb, every_format, exif, look, make, png, webp};
use crate::shared::{files, folder};

/// What `exiftool` finds in each file of a folder.
fn exiftool(folder: &Path) -> Vec<Map<String, Value>> {
    let output = Command::new("exiftool")
        .args(["-json", "-groupNames", "-unknown", "-all", "-fast0"])
        .arg(folder)
        .output()
        .expect("exiftool is there: Debian's package `libimage-exiftool-perl`");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_object().unwrap().clone())
        .collect()
}

/// What is about pixels, and nothing else: of these groups everything, of others what is named.
const ABOUT_PIXELS: [&str; 7] = ["ExifTool", "File", "JFIF", "APP14", "PNG", "RIFF", "GIF"];
/// Words that a container has for texts of people and programs.
const NOT_ABOUT_PIXELS: [&str; 8] = [
    "Comment",
    "Warning",
    "Text",
    "Software",
    "Date",
    "Author",
    "Copyright",
    "Pixels",
];
const TURNED: &str = "EXIF:Orientation";
const COLORS: [&str; 24] = [
    "AToB0",
    "AToB1",
    "AToB2",
    "BlueMatrixColumn",
    "BlueTRC",
    "CMMFlags",
    "ChromaticAdaptation",
    "ColorSpaceData",
    "ConnectionSpaceIlluminant",
    "DeviceAttributes",
    "DeviceManufacturer",
    "DeviceModel",
    "GrayTRC",
    "GreenMatrixColumn",
    "GreenTRC",
    "MediaWhitePoint",
    "PrimaryPlatform",
    "ProfileCMMType",
    "ProfileClass",
    "ProfileConnectionSpace",
    "ProfileCreator",
    "ProfileFileSignature",
    "ProfileID",
    "ProfileVersion",
];

fn is_harmless(tag: &str, value: &Value, purpose: Purpose) -> bool {
    let Some((group, name)) = tag.split_once(':') else {
        return tag == "SourceFile";
    };
    if group == "File" && name.starts_with("File")
        || group == "ExifTool" && name == "ExifToolVersion"
    {
        return true;
    }
    if ABOUT_PIXELS.contains(&group) {
        return !NOT_ABOUT_PIXELS
            .iter()
            .any(|word| name.contains(word) && *word != "Pixels");
    }
    let nothing = value
        .as_str()
        .is_some_and(|value| value.trim_matches(['0', ' ', '\0']).is_empty());
    match group {
        "Composite" => matches!(name, "ImageSize" | "Megapixels"),
        "ICC_Profile" if purpose == Purpose::Shared => {
            COLORS.contains(&name)
                || name == "RedTRC"
                || name == "RedMatrixColumn"
                || name == "RenderingIntent"
                || nothing
                || value == "0000:00:00 00:00:00"
        }
        _ => purpose == Purpose::Shared && tag == TURNED,
    }
}

fn pixels(format: Format, file: &[u8]) -> Vec<Vec<u8>> {
    let animated: Vec<Vec<u8>> = seen(format, file)
        .into_iter()
        .map(|frame| frame.rgba)
        .collect();
    if animated.len() > 1 {
        return animated;
    }
    let image = image::load_from_memory(file).unwrap();
    let depth = match &image {
        DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgb16(_) => 16,
        _ => 8,
    };
    vec![image.into_bytes(), vec![depth]]
}

#[test]
fn every_real_photo_is_freed_of_all_but_its_pixels() {
    let Some(folder) = folder("good") else { return };
    for purpose in [Purpose::Published, Purpose::Shared] {
        let out = tempfile::tempdir().unwrap();
        let (mut stripped, mut refused) = (0, BTreeSet::new());
        for (name, file) in files(&folder) {
            let Ok(header) = read_header(&file, &Limits::default(), &every_format()) else {
                continue;
            };
            match strip(&file, header.format, purpose) {
                Ok(clean) => {
                    stripped += 1;
                    assert!(
                        pixels(header.format, &file) == pixels(header.format, &clean),
                        "{name}"
                    );
                    assert_eq!(
                        strip(&clean, header.format, purpose).as_ref(),
                        Ok(&clean),
                        "{name} again"
                    );
                    std::fs::write(out.path().join(&name), clean).unwrap();
                }
                Err(CodecError::Unsupported { .. }) if purpose == Purpose::Published => {}
                Err(error) => {
                    refused.insert(format!("{name}: {error:?}"));
                }
            }
        }
        println!("{purpose:?}: {stripped} stripped, refused {refused:#?}");
        assert!(stripped >= 50, "{purpose:?}: only {stripped}");
        for found in exiftool(out.path()) {
            let harmful: Vec<_> = found
                .iter()
                .filter(|(tag, value)| !is_harmless(tag, value, purpose))
                .collect();
            assert!(
                harmful.is_empty(),
                "{purpose:?} {}: {harmful:?}",
                found["SourceFile"]
            );
        }
    }
}

/// Every container with something of everything in it that is not the picture.
fn laden() -> Vec<(Format, Vec<u8>)> {
    let picture = Rgb::quarters(64, 48);
    let mut jpeg = picture.jpeg(Some(&exif(1)), None, false);
    jpeg.splice(
        2..2,
        *b"\xff\xfe\0\x0eSECRET-NOTE!\xff\xed\0\x0ePhotoshop 3.",
    );
    let end = jpeg.len() - 2;
    jpeg.splice(end..end, *b"\xff\xec\0\x08SECRET");
    let still = png(
        64,
        48,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |info| {
            info.exif_metadata = Some(exif(1).into());
            let text = "SECRET".to_owned();
            info.uncompressed_latin1_text
                .push(png::text_metadata::TEXtChunk::new("Author", text));
            info.utf8_text.push(png::text_metadata::ITXtChunk::new(
                "XML:com.adobe.xmp",
                "SECRET",
            ));
        },
    );
    let web = webp(
        64,
        48,
        image_webp::ColorType::Rgb8,
        &picture.pixels,
        |encoder| {
            encoder.set_exif_metadata(exif(1));
            encoder.set_xmp_metadata(b"SECRET".to_vec());
        },
    );
    let gif = [
        &b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0"[..],
        b"\x21\xfe\x06SECRET\0",
        b"\x21\xff\x0bXMP DataXMP\x06SECRET\0",
        b"\x21\xf9\x04\0\0\0\0\0\x21\x01\x0c\0\0\0\0\0\0\0\0\0\0\0\0\x06SECRET\0",
        b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b",
    ]
    .concat();
    vec![
        (Format::Jpeg, jpeg),
        (Format::Png, still),
        (Format::Png, apng(true, png::BlendOp::Over)),
        (Format::WebP, web),
        (Format::Gif, gif),
    ]
}

#[test]
fn nothing_that_a_container_carries_along_is_left() {
    for (format, mut file) in laden() {
        file.extend(b"SECRET-TRAILER <script>");
        for purpose in [Purpose::Published, Purpose::Shared] {
            let clean = strip(&file, format, purpose).unwrap();
            for mark in [
                "SECRET",
                "Exif",
                "Photoshop",
                "8BIM",
                "XMP",
                "script",
                "eXIf",
                "tEXt",
                "iTXt",
            ] {
                let found = memchr::memmem::find(&clean, mark.as_bytes());
                assert_eq!(found, None, "{format:?} {purpose:?} {mark}");
            }
            assert!(
                pixels(format, &file) == pixels(format, &clean),
                "{format:?}"
            );
        }
    }
}

#[test]
fn what_is_shared_keeps_how_it_is_turned_and_its_colors() {
    let picture = Rgb::quarters(64, 48);
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let named = memchr::memmem::find(&p3, b"desc").is_some();
    assert!(named, "the profile has a name to lose");
    let rgb = image_webp::ColorType::Rgb8;
    let files = [
        (Format::Jpeg, picture.jpeg(Some(&exif(6)), Some(&p3), false)),
        (
            Format::Png,
            png(
                64,
                48,
                png::ColorType::Rgb,
                png::BitDepth::Eight,
                &picture.pixels,
                |info| {
                    info.exif_metadata = Some(exif(6).into());
                    info.icc_profile = Some(p3.clone().into());
                },
            ),
        ),
        (
            Format::WebP,
            webp(64, 48, rgb, &picture.pixels, |encoder| {
                encoder.set_exif_metadata(exif(6));
                encoder.set_icc_profile(p3.clone());
            }),
        ),
    ];
    for (format, file) in files {
        let refused = strip(&file, format, Purpose::Published);
        assert!(
            matches!(refused, Err(CodecError::Unsupported { .. })),
            "{format:?}"
        );
        let clean = strip(&file, format, Purpose::Shared).unwrap();
        assert_eq!(memchr::memmem::find(&clean, b"desc"), None, "{format:?}");
        let header = read_header(&clean, &Limits::default(), &every_format()).unwrap();
        assert_eq!(
            (header.width, header.height),
            (48, 64),
            "{format:?} is still turned"
        );
        let (before, after) = (make(&file).unwrap(), make(&clean).unwrap());
        let differs = |name| {
            let (before, after) = (look(&before, name), look(&after, name));
            before
                .pixels
                .iter()
                .zip(&after.pixels)
                .any(|(before, after)| before.abs_diff(*after) > 3)
        };
        assert!(!differs("full"), "{format:?}");
    }
}

#[test]
fn what_is_not_strictly_well_formed_is_refused() {
    let jpeg = Rgb::quarters(64, 48).jpeg(None, None, false);
    let scan = memchr::memmem::find(&jpeg, b"\xff\xda").unwrap();
    let mut restart = jpeg.clone();
    restart.splice(jpeg.len() - 2..jpeg.len() - 2, *b"\xff\xd0");
    let mut second = jpeg.clone();
    let frame = memchr::memmem::find(&jpeg, b"\xff\xc0").unwrap();
    second.splice(scan..scan, jpeg[frame..frame + 19].to_vec());
    let mut table = jpeg.clone();
    table.splice(scan..scan, *b"\xff\xdb\0\x08SECRET");
    for (name, file) in [
        ("a restart that was not announced", restart),
        ("two frames", second),
        ("a table that is none", table),
        ("no end", jpeg[..jpeg.len() - 2].to_vec()),
    ] {
        let refused = strip(&file, Format::Jpeg, Purpose::Shared);
        assert!(
            matches!(refused, Err(CodecError::Broken { .. })),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn what_follows_the_pixels_inside_a_png_is_refused() {
    let picture = Rgb::quarters(16, 16);
    let good = png(
        16,
        16,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |_| (),
    );
    assert!(strip(&good, Format::Png, Purpose::Published).is_ok());
    let start = memchr::memmem::find(&good, b"IDAT").unwrap() - 4;
    let end = memchr::memmem::find(&good, b"IEND").unwrap() - 4;
    let with = |chunk: Vec<u8>| [&good[..end], &chunk, &good[end..]].concat();
    let chunk = |kind: &[u8], body: &[u8]| {
        let checksum = crc32fast::hash(&[kind, body].concat());
        [
            &(body.len() as u32).to_be_bytes()[..],
            kind,
            body,
            &checksum.to_be_bytes(),
        ]
        .concat()
    };
    let mut damaged = good.clone();
    damaged[start + 30] ^= 1;
    for (name, file) in [
        (
            "bytes after the compressed pixels",
            with(chunk(b"IDAT", b"SECRET")),
        ),
        (
            "a chunk that it cannot be shown without",
            with(chunk(b"SECR", b"ET")),
        ),
        ("a checksum", damaged),
        ("a header twice", with(good[8..33].to_vec())),
    ] {
        let refused = strip(&file, Format::Png, Purpose::Shared);
        assert!(
            matches!(refused, Err(CodecError::Broken { .. })),
            "{name}: {refused:?}"
        );
    }
    // A chunk that may be left out is left out, wherever it is.
    assert!(strip(&with(chunk(b"seCr", b"ET")), Format::Png, Purpose::Shared).unwrap() == good);
}

#[test]
fn what_has_no_stripper_says_so() {
    for format in [Format::Avif, Format::Heic] {
        assert!(matches!(
            strip(b"", format, Purpose::Shared),
            Err(CodecError::Unsupported { .. })
        ));
    }
}
