//! Every byte that is published of every real photo, in every form, read by an independent program:
//! what exiftool finds is about the pixels and the file that holds them, and nothing else.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testing_kit::{require, scan};

use crate::harness::caller::{Upload, text};
use crate::harness::{Person, Reply, Server, eventually};

/// Forms that readers ask for, and the ending of what they get.
const ACCEPTED: [&str; 3] = [
    "*/*",
    "image/webp,*/*;q=0.8",
    "image/avif,image/webp,*/*;q=0.8",
];

/// Groups of tags that say how pixels are stored.
const ABOUT_PIXELS: [&str; 5] = ["SourceFile", "ExifTool", "System", "JFIF", "Composite"];

/// Tags of the file formats themselves. Each is named: a new one has to be looked at before it may
/// be published.
const ABOUT_FILES: &[&str] = &[
    "File:FileType",
    "File:FileTypeExtension",
    "File:MIMEType",
    "File:ImageWidth",
    "File:ImageHeight",
    "File:EncodingProcess",
    "File:BitsPerSample",
    "File:ColorComponents",
    "File:YCbCrSubSampling",
    "File:ExifByteOrder",
    "APP14:DCTEncodeVersion",
    "APP14:APP14Flags0",
    "APP14:APP14Flags1",
    "APP14:ColorTransform",
    "GIF:GIFVersion",
    "GIF:ImageWidth",
    "GIF:ImageHeight",
    "GIF:HasColorMap",
    "GIF:ColorResolutionDepth",
    "GIF:BitsPerPixel",
    "GIF:BackgroundColor",
    "GIF:AnimationIterations",
    "GIF:FrameCount",
    "GIF:Duration",
    "GIF:TransparentColor",
    "PNG:ImageWidth",
    "PNG:ImageHeight",
    "PNG:BitDepth",
    "PNG:ColorType",
    "PNG:Compression",
    "PNG:Filter",
    "PNG:Interlace",
    "PNG:AnimationFrames",
    "PNG:AnimationPlays",
    "PNG:Palette",
    "PNG:Transparency",
    "PNG:SRGBRendering",
    "PNG:Gamma",
    "RIFF:VP8Version",
    "RIFF:WebP_Flags",
    "RIFF:ImageWidth",
    "RIFF:ImageHeight",
    "RIFF:HorizontalScale",
    "RIFF:VerticalScale",
    "RIFF:AlphaIsUsed",
    "RIFF:AlphaPreprocessing",
    "RIFF:AlphaFiltering",
    "RIFF:AlphaCompression",
    "RIFF:BackgroundColor",
    "RIFF:AnimationLoopCount",
    "RIFF:FrameCount",
    "RIFF:Duration",
    "QuickTime:MajorBrand",
    "QuickTime:MinorVersion",
    "QuickTime:CompatibleBrands",
    "QuickTime:HandlerType",
    "QuickTime:HandlerDescription",
    "QuickTime:PrimaryItemReference",
    "QuickTime:MetaImageSize",
    "QuickTime:ImageSpatialExtent",
    "QuickTime:ImagePixelDepth",
    "QuickTime:MediaDataSize",
    "QuickTime:MediaDataOffset",
    "QuickTime:AV1ConfigurationVersion",
    "QuickTime:ChromaFormat",
    "QuickTime:ChromaSamplePosition",
    "QuickTime:ColorProfiles",
    "QuickTime:ColorPrimaries",
    "QuickTime:TransferCharacteristics",
    "QuickTime:MatrixCoefficients",
    "QuickTime:VideoFullRangeFlag",
    "QuickTime:Rotation",
    "QuickTime:AuxiliaryImageType",
    "QuickTime:HighBitDepth",
    "QuickTime:TwelveBit",
    "QuickTime:InitialDelaySamples",
    "QuickTime:SeqProfile",
    "QuickTime:SeqLevelIdx0",
    "QuickTime:SeqTier0",
    // The coded pixels themselves.
    "QuickTime:MediaData",
];

#[tokio::test]
async fn every_good_photo_becomes_ready_and_every_byte_of_it_is_clean() {
    let Some(photos) = require::shared_photos("good") else {
        return;
    };
    // Small steps: what is looked at is the files, not their pixels.
    let server = Server::with(&[
        ("HELIOGRAPH_MEDIA__UPLOADS_PER_HOUR_MAX", "0"),
        ("HELIOGRAPH_MEDIA__LADDER__FULL__SIDE_MAX", "480"),
        ("HELIOGRAPH_MEDIA__LADDER__FEED__SIDE_MAX", "320"),
        ("HELIOGRAPH_MEDIA__LADDER__GRID__SIDE_MAX", "160"),
    ])
    .await;
    let ada = server.person("ada").await;
    let published = tempfile::TempDir::new().unwrap();
    let (mut faults, mut ready) = (Vec::new(), Vec::new());
    for path in &photos {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = outcome(&ada, path).await;
        if outcome.status == 200 {
            ready.push((name, outcome.json()));
        } else {
            faults.push(format!("{name}: {}", outcome.describe()));
        }
    }
    assert!(
        faults.is_empty(),
        "good photos refused:\n{}",
        faults.join("\n")
    );
    server.all_forms_made().await;
    let mut forms = std::collections::BTreeMap::new();
    for (name, media) in &ready {
        for content_type in publish(&ada, name, media, published.path()).await {
            *forms.entry(content_type).or_insert(0) += 1;
        }
    }
    for form in ["image/jpeg", "image/webp", "image/avif", "image/gif"] {
        assert!(
            forms.contains_key(form),
            "{form} was never served: {forms:?}"
        );
    }
    check_with_exiftool(published.path());
}

/// Uploads a file and waits for what becomes of it.
pub(crate) async fn outcome(ada: &Person, path: &Path) -> Reply {
    let name = path.file_name().unwrap().to_string_lossy();
    let bytes = std::fs::read(path).unwrap();
    // The declared type is not asked: the content is.
    let upload = Upload::new(bytes, &name, "application/octet-stream");
    let reply = ada.upload(upload).await;
    if reply.status >= 300 {
        return reply;
    }
    let id = text(&reply.json(), "/id");
    eventually(&format!("{name} to be processed"), async || {
        let reply = ada.get(&format!("/api/v1/media/{id}")).await;
        (reply.status != 206).then_some(reply)
    })
    .await
}

/// Fetches every address of a photo in every form into the folder. Returns the content types that
/// came.
async fn publish(ada: &Person, name: &str, media: &Value, folder: &Path) -> Vec<String> {
    let mut came = Vec::new();
    for address in ["/url", "/preview_url"] {
        for accepted in ACCEPTED {
            let request = ada
                .request(reqwest::Method::GET, &text(media, address))
                .header("accept", accepted);
            let reply = ada.send(request).await;
            assert_eq!(reply.status, 200, "{name}: {}", reply.describe());
            let content_type = reply.header("content-type").to_owned();
            let ending = content_type.strip_prefix("image/").unwrap();
            if ending != "avif" {
                assert_eq!(scan::findings(&reply.body), [], "{name} as {content_type}");
            }
            let number = came.len();
            let file = folder.join(format!("{name}{number}.{ending}"));
            std::fs::write(file, &reply.body).unwrap();
            came.push(content_type);
        }
    }
    came
}

fn check_with_exiftool(folder: &Path) {
    let install = "Debian's package `libimage-exiftool-perl`";
    let Some(exiftool) = require::tool("exiftool", install) else {
        return;
    };
    let output = Command::new(exiftool)
        .args([
            "-json",
            "-groupNames",
            "-unknown",
            "-extractEmbedded",
            "-all",
            "-recurse",
        ])
        .arg(folder)
        .output()
        .unwrap();
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(found.len(), files, "exiftool did not read every file");
    let faults: Vec<String> = found.iter().flat_map(findings).collect();
    assert!(faults.is_empty(), "exiftool finds:\n{}", faults.join("\n"));
}

/// What exiftool reports of a file that is not about its pixels.
fn findings(file: &Value) -> Vec<String> {
    let tags = file.as_object().unwrap();
    tags.iter()
        .filter(|(tag, _)| {
            let group = tag.split(':').next().unwrap_or_default();
            let about_this_disk = [
                "File:FileName",
                "File:Directory",
                "File:FileSize",
                "File:FilePermissions",
            ];
            !(ABOUT_PIXELS.contains(&group)
                || ABOUT_FILES.contains(&tag.as_str())
                || about_this_disk.contains(&tag.as_str())
                || tag.starts_with("File:File") && tag.ends_with("Date"))
        })
        .map(|(tag, value)| format!("{}: {tag} = {value}", file["SourceFile"]))
        .collect()
}
