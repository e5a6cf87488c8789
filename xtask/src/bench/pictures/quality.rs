//! How good a JPEG is for its size: SSIMULACRA2 (100 is the same picture, 90 cannot be
//! distinguished, 70 is good) of what each encoder makes of the same pixels.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Tools;
use crate::bench::report::Report;
use crate::bench::target_folder;

/// Photos that are judged, at the ladder's middle size.
pub(super) const PHOTOS: [&str; 4] = [
    "camera__Issue_266.jpg",
    "gps__Samsung_SM-G935L_Galaxy_S7_Edge_.jpg",
    "png_kodak__05.png",
    "png_kodak__22.png",
];
const SIDE: u32 = 1_080;
const QUALITIES: [u8; 4] = [70, 76, 82, 88];

/// The judge: a program of its own, outside the workspace, so that what it stands on is no part of
/// the project.
const MANIFEST: &str = "[package]\nname = \"judge\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
    ssimulacra2 = { version = \"=0.5.1\", default-features = false }\n\
    image = { version = \"0.25\", default-features = false, features = [\"png\", \"jpeg\", \"webp\"] }\n";
const SOURCE: &str = r#"
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};
fn load(path: &str) -> Rgb {
    let picture = image::open(path).expect("a picture").to_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.pixels().map(|pixel| pixel.0.map(|byte| f32::from(byte) / 255.0)).collect();
    Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709).expect("pixels")
}
fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let score = compute_frame_ssimulacra2(load(&paths[0]), load(&paths[1])).expect("a score");
    println!("{score}");
}
"#;

/// What an encoder makes of all photos at one quality: the means of scores and of bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Judged {
    pub(super) score: f64,
    pub(super) bytes: f64,
}

pub(super) fn measure(judge: &Path, root: &Path, tools: &Tools, report: &mut Report) -> Result<()> {
    report.heading("JPEG: SSIMULACRA2 and bytes of the same pixels");
    report.header(&[
        "quality",
        "Heliograph",
        "libvips",
        "sharp",
        "sharp, mozjpeg",
    ]);
    for quality in QUALITIES {
        let mut cells = vec![quality.to_string()];
        for encoder in ["ours", "vips", "sharp", "mozjpeg"] {
            cells.push(jpegs(encoder, quality, judge, root, tools)?.shown());
        }
        report.row(&cells);
    }
    report.note("Means of four photos at 1,080 pixels. The same number means another quality to each encoder: compare scores at equal bytes.");
    Ok(())
}

/// JPEGs of all photos by one encoder.
pub(super) fn jpegs(
    encoder: &str,
    quality: u8,
    judge: &Path,
    root: &Path,
    tools: &Tools,
) -> Result<Judged> {
    let mut sum = Judged::default();
    for photo in PHOTOS {
        let pixels = reference(root, photo, tools)?;
        let file = tools.folder.join(format!("{encoder}-{quality}.jpg"));
        encode(encoder, quality, &pixels, &file, tools)?;
        sum.add(&file, score(judge, &pixels, &file)?)?;
    }
    Ok(sum.mean())
}

impl Judged {
    pub(super) fn add(&mut self, file: &Path, score: f64) -> Result<()> {
        self.bytes += std::fs::metadata(file)?.len() as f64;
        self.score += score;
        Ok(())
    }

    /// Of all photos, when each was added.
    pub(super) fn mean(self) -> Self {
        let count = PHOTOS.len() as f64;
        Self {
            score: self.score / count,
            bytes: self.bytes / count,
        }
    }

    /// "78.0 in 99 KB"
    pub(super) fn shown(self) -> String {
        format!("{:.1} in {:.0} KB", self.score, self.bytes / 1e3)
    }
}

/// How near a picture is to the pixels that it was made of.
pub(super) fn score(judge: &Path, pixels: &Path, picture: &Path) -> Result<f64> {
    Ok(said(Command::new(judge).args([pixels, picture]))?.parse()?)
}

/// The pixels that all encoders get, as PNG.
pub(super) fn reference(root: &Path, photo: &str, tools: &Tools) -> Result<PathBuf> {
    let photo = root.join("../shared/photos/good").join(photo);
    let name = photo.file_stem().unwrap_or_default().to_string_lossy();
    let path = tools.folder.join(format!("{name}-{SIDE}.png"));
    if !path.exists() {
        let mut command = Command::new("vipsthumbnail");
        command
            .arg(&photo)
            // Lossless and made once, so that encoders differ in nothing but encoding.
            .args(["--size", &format!("{SIDE}x{SIDE}>"), "--linear", "-o"]);
        said(command.arg(format!("{}[strip]", path.display())))?;
    }
    Ok(path)
}

fn encode(encoder: &str, quality: u8, pixels: &Path, file: &Path, tools: &Tools) -> Result<()> {
    let quality = quality.to_string();
    let mut command = match encoder {
        "ours" => {
            let mut command = Command::new(&tools.renditions);
            command
                .args(["--encode", &SIDE.to_string(), &quality])
                .args([file, pixels]);
            command
        }
        "vips" => {
            let mut command = Command::new("vips");
            command
                .arg("jpegsave")
                .args([pixels, file])
                .args(["--Q", &quality, "--strip"]);
            command
        }
        _ => {
            let mut command = Command::new("node");
            let mozjpeg = if encoder == "mozjpeg" {
                "true"
            } else {
                "false"
            };
            command
                .arg(&tools.sharp)
                .args(["encode", mozjpeg, &quality])
                .args([file, pixels]);
            command
        }
    };
    said(&mut command).map(|_| ())
}

pub(super) fn build_judge(root: &Path) -> Result<PathBuf> {
    let folder = target_folder(root)?.join("bench-judge");
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    std::fs::write(folder.join("src/main.rs"), SOURCE)?;
    let target = folder.join("target");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release", "--quiet"])
        // Where it is looked for below, whatever the environment says.
        .env("CARGO_TARGET_DIR", &target);
    said(command.current_dir(&folder))?;
    Ok(target.join("release/judge"))
}

/// What a command prints, when it works.
pub(super) fn said(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} does not run"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
