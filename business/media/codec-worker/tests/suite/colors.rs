//! Colours of real photos of every format, held against libvips, which uses Little CMS.

use std::path::Path;
use std::process::Command;

use business_media_codec::{Job, Ladder, Limits, process};
use testing_kit::color::mean_difference;
use testing_kit::{Picture, require};

use crate::external_codecs;

/// The mean difference of a photo's full rendition from libvips's, as CIE76. What JPEG's quality
/// leaves out is in it: the photo of finest detail reaches 1.1. A profile that is not applied moves
/// photos by 3 to 20.
const PHOTO_DIFFERENCE_MAX: f64 = 1.8;
/// The mean of that over all photos.
const PHOTOS_DIFFERENCE_MEAN_MAX: f64 = 0.8;

/// PNGs whose samples are light, as they say by their gamma: browsers show them so, and libvips
/// does not.
const LINEAR: [&str; 2] = ["png__tbbn0g04.png", "png__tp1n3p08_xmp.png"];

#[test]
fn real_photos_look_as_libvips_shows_them() {
    let (Some(files), Some(external_codecs)) = (require::shared_photos("good"), external_codecs())
    else {
        return;
    };
    if require::tool("vips", "Debian's package `libvips-tools`").is_none() {
        return;
    }
    let (limits, ladder) = (Limits::default(), Ladder::default());
    let mut differences = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        // Most of its first frame is clear, which libvips shows black and a browser on a page shows
        // white.
        if name == "gif__border_touching_layers.gif" {
            continue;
        }
        let job = Job {
            external_codecs: Some(&external_codecs),
            ..Job::new(&limits, &ladder)
        };
        let processed = process(&std::fs::read(&file).unwrap(), &job).unwrap();
        let full = &processed.renditions[0];
        let seen = Picture::decode(&full.bytes).unwrap();
        let meant = by_vips(&file, full.width, full.height);
        let apart = mean_difference(&seen, &meant);
        println!("{apart:5.2} {name} {} by {}", seen.width, seen.height);
        differences.push((apart, name));
    }
    for (apart, name) in &differences {
        assert!(
            *apart < PHOTO_DIFFERENCE_MAX,
            "{name} is {apart:.2} from its reference"
        );
    }
    let mean = differences.iter().map(|(apart, _)| apart).sum::<f64>() / differences.len() as f64;
    println!("{mean:.2} in the mean of {}", differences.len());
    assert!(mean < PHOTOS_DIFFERENCE_MEAN_MAX, "{mean:.2} in the mean");
}

/// What libvips makes of a file at a size: upright, in sRGB by Little CMS, laid on white. First the
/// size and then the colours: asked for both at once, it also moves the colours of files without a
/// profile. The intents are those that the profiles name.
fn by_vips(file: &Path, width: u32, height: u32) -> Picture {
    let made = tempfile::tempdir().unwrap();
    let names = [
        "sized.v",
        "colored.v",
        "stretched.v",
        "white.ppm",
        "white.png",
    ];
    let [sized, colored, stretched, pixmap, png] =
        names.map(|name| made.path().join(name).to_string_lossy().into_owned());
    let file = file.to_str().unwrap();
    let to_srgb = ["--embedded", "--intent", "perceptual"];
    if file.contains("cmyk__") {
        // Sizing would already leave ink behind. These are small enough to be held against as they
        // are.
        run(
            "vips",
            &["icc_transform", file, &colored, "srgb", "--embedded"],
        );
    } else {
        let size = format!("{width}x{height}!");
        run("vipsthumbnail", &[file, "--size", &size, "-o", &sized]);
        if run("vipsheader", &["-a", &sized]).contains("icc-profile-data") {
            run(
                "vips",
                &[&["icc_transform", &sized, &colored, "srgb"], &to_srgb[..]].concat(),
            );
        } else {
            // Of more than eight bits become eight.
            run("vips", &["colourspace", &sized, &colored, "srgb"]);
        }
    }
    let colored = if file.contains("monochrome") {
        // Photos of brightness alone from 16 to 235, which libvips shows as if it went from 0
        // to 255.
        let stretch = [
            "--uchar",
            &colored,
            &stretched,
            "--",
            "1.164384",
            "-18.630137",
        ];
        run("vips", &[&["linear"], &stretch[..]].concat());
        stretched
    } else if LINEAR.iter().any(|name| file.ends_with(name)) {
        run(
            "vips",
            &["gamma", &colored, &stretched, "--exponent", "2.2"],
        );
        stretched
    } else {
        colored
    };
    // A pixmap holds no opacity: writing one lays the picture on its background.
    let on_white = format!("{pixmap}[background=255]");
    run("vips", &["copy", &colored, &on_white]);
    run("vips", &["copy", &pixmap, &png]);
    Picture::decode(&std::fs::read(png).unwrap()).unwrap()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
