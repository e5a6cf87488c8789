//! Pictures as Chromium shows them: what is judged is what people see, and none of the contenders
//! decodes its own work.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::quality::said;

/// Draws every picture of the page and writes what was drawn into the page, a line of base64 for
/// each.
const SCRIPT: &str = "onload = () => { let text = ''; for (const image of document.images) { \
    const canvas = document.createElement('canvas'); \
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight]; \
    canvas.getContext('2d').drawImage(image, 0, 0); \
    text += canvas.toDataURL('image/png').split(',')[1] + '\\n'; } \
    document.getElementById('pixels').textContent = text; };";
const BEGIN: &str = "<pre id=\"pixels\">";

/// Each file's pixels as a PNG beside it.
pub(super) fn shown(files: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let folder = files.first().and_then(|file| file.parent());
    let page = folder.context("nothing to show")?.join("shown.html");
    std::fs::write(&page, page_of(files))?;
    let document = said(
        Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args([
                "--force-color-profile=srgb",
                "--allow-file-access-from-files",
            ])
            .arg("--dump-dom")
            .arg(format!("file://{}", page.display())),
    )?;
    let (_, pixels) = document.split_once(BEGIN).context("no page came back")?;
    let (pixels, _) = pixels.split_once('<').unwrap_or_default();
    let pictures: Vec<&str> = pixels.split_whitespace().collect();
    ensure!(
        pictures.len() == files.len(),
        "Chromium showed {} of {} pictures",
        pictures.len(),
        files.len()
    );
    let write = |(file, picture): (&PathBuf, &str)| -> Result<PathBuf> {
        let path = file.with_added_extension("png");
        std::fs::write(&path, STANDARD.decode(picture)?)?;
        Ok(path)
    };
    files.iter().zip(pictures).map(write).collect()
}

fn page_of(files: &[PathBuf]) -> String {
    let image = |file: &PathBuf| format!("<img src=\"file://{}\">", absolute(file).display());
    let images: String = files.iter().map(image).collect();
    format!("<!doctype html><meta charset=utf-8>{BEGIN}</pre>{images}<script>{SCRIPT}</script>")
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}
