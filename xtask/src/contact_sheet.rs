//! `cargo xtask contact-sheet`: every good photo of the shared set beside its renditions, for eyes
//! to judge.
//!
//! Pages of HTML under `target/contact-sheet/`, and a picture of each made by Chromium. Originals
//! are shown as the browser itself shows them: turned upright by EXIF and converted from their
//! profile by its own colour management, which makes it an independent second opinion. HEIC, which
//! it does not read, is decoded for it by libvips.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::bench::{cargo, target_folder};

/// Photos on one page.
const PAGE_PHOTOS: usize = 12;
/// The size of the picture of a page, in pixels.
const PAGE_SIZE: (usize, usize) = (1_600, PAGE_PHOTOS * 290 + 60);
/// What a browser shows on its own.
const SHOWN: [&str; 5] = ["jpg", "png", "webp", "gif", "avif"];

/// The size in which it is shown what a browser does not read. A smaller size would be made from
/// the thumbnail in the file, which is not what is to be judged.
const SHOWN_SIZE: &str = "2048x2048>";

#[derive(Deserialize)]
struct Photo {
    file: PathBuf,
    #[serde(default)]
    error: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    blurhash: String,
    #[serde(default)]
    dominant_color: String,
    #[serde(default)]
    renditions: Vec<Rendition>,
}

#[derive(Deserialize)]
struct Rendition {
    name: String,
    width: u32,
    height: u32,
    bytes: u64,
    path: PathBuf,
}

/// Makes the sheet and says where it is.
pub(crate) fn run(root: &Path) -> Result<()> {
    let folder = target_folder(root)?.join("contact-sheet");
    let photos = process(root, &folder)?;
    let mut index = head("Contact sheet");
    for (number, photos) in photos.chunks(PAGE_PHOTOS).enumerate() {
        let name = format!("page-{:02}", number + 1);
        let page = folder.join(format!("{name}.html"));
        std::fs::write(&page, page_of(&name, photos, &folder)?)?;
        photograph(&page, &folder.join(format!("{name}.png")))?;
        let _ = writeln!(index, "<p><a href=\"{name}.html\">{name}</a></p>");
    }
    std::fs::write(folder.join("index.html"), index)?;
    let failed = photos
        .iter()
        .filter(|photo| !photo.error.is_empty())
        .count();
    println!(
        "{} photos, {failed} of them not read here: {}",
        photos.len(),
        folder.join("index.html").display()
    );
    Ok(())
}

/// Makes every rendition, by an example of the codecs in worker processes, which reads every
/// format.
fn process(root: &Path, folder: &Path) -> Result<Vec<Photo>> {
    let good = root.join("../shared/photos/good").canonicalize();
    let good = good.context("../shared/photos/good is missing")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(good)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    // The manifest is no photo.
    files.retain(|file| file.extension().is_some_and(|extension| extension != "md"));
    files.sort();
    let build = [
        "build",
        "--quiet",
        "-p",
        "business-media-codec-worker",
        "--example",
        "sheet",
    ];
    cargo(root, &build)?;
    let output = Command::new(target_folder(root)?.join("debug/examples/sheet"))
        .arg(folder.join("renditions"))
        .args(&files)
        .output()?;
    ensure!(
        output.status.success(),
        "the renditions could not be made: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)?
        .lines()
        .map(|line| serde_json::from_str(line).context("a line that is no photo"))
        .collect()
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title><style>\
         body{{font:12px sans-serif;background:#808080;color:#fff}}\
         section{{display:flex;gap:12px;height:270px;margin-bottom:20px}}\
         figure{{margin:0}} img{{height:220px;max-width:420px;object-fit:contain;background:#707070}}\
         i{{display:inline-block;width:28px;height:28px;border:1px solid #fff}}</style><h1>{title}</h1>\n"
    )
}

fn page_of(name: &str, photos: &[Photo], folder: &Path) -> Result<String> {
    let mut page = head(name);
    for photo in photos {
        let bytes = std::fs::metadata(&photo.file)?.len();
        let file = photo.file.file_name().unwrap_or_default().to_string_lossy();
        let _ = write!(page, "<section><figure style=\"width:420px\">");
        let extension = photo.file.extension().unwrap_or_default().to_string_lossy();
        let (shown, by) = if SHOWN.contains(&extension.as_ref()) {
            (photo.file.clone(), "")
        } else {
            (by_libvips(&photo.file, folder)?, ", decoded by libvips")
        };
        let _ = write!(
            page,
            "<img src=\"file://{}\"><figcaption>{file}{by}<br>{bytes} bytes, {} by {}",
            shown.display(),
            photo.width,
            photo.height
        );
        if !photo.error.is_empty() {
            let _ = write!(page, "<br>{}", photo.error.replace('<', "&lt;"));
        }
        let _ = write!(
            page,
            "<br>{} <i style=\"background:{}\"></i> {}</figcaption></figure>",
            photo.blurhash.replace('&', "&amp;").replace('<', "&lt;"),
            photo.dominant_color,
            photo.dominant_color
        );
        for rendition in &photo.renditions {
            let _ = write!(
                page,
                "<figure><img src=\"file://{}\"><figcaption>{}: {} by {}, {} bytes</figcaption></figure>",
                rendition.path.display(),
                rendition.name,
                rendition.width,
                rendition.height,
                rendition.bytes
            );
        }
        page.push_str("</section>\n");
    }
    Ok(page)
}

/// What a browser cannot show (HEIC), decoded by libvips: upright, and with its profile, which the
/// browser applies.
fn by_libvips(file: &Path, folder: &Path) -> Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let shown = folder.join(format!("{name}.png"));
    let status = Command::new("vipsthumbnail")
        .arg(file)
        .args(["--size", SHOWN_SIZE, "-o"])
        .arg(&shown)
        .stderr(std::process::Stdio::null())
        .status()
        .context("vipsthumbnail does not run; it is in Debian's package libvips-tools")?;
    ensure!(
        status.success(),
        "libvips could not show {}",
        file.display()
    );
    Ok(shown)
}

/// A picture of a page.
fn photograph(page: &Path, picture: &Path) -> Result<()> {
    let status = Command::new("chromium")
        .args([
            "--headless",
            // Chromium refuses to run as root with its sandbox, and containers run as root.
            "--no-sandbox",
            "--hide-scrollbars",
            "--disable-gpu",
        ])
        .arg("--allow-file-access-from-files")
        .arg(format!("--window-size={},{}", PAGE_SIZE.0, PAGE_SIZE.1))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .stderr(std::process::Stdio::null())
        .status()
        .context("chromium does not run; it is in Debian's package chromium")?;
    ensure!(
        status.success(),
        "chromium could not show {}",
        page.display()
    );
    Ok(())
}
