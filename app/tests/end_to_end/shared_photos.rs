//! The whole set of real photos, good and bad, when it is there.

use std::path::Path;

use testing_kit::picture::Picture;
use testing_kit::{require, scan};

use crate::harness::caller::{Upload, text};
use crate::harness::{Person, Reply, Server, eventually};

/// Formats that are not taken yet: refused with a clear word.
const NOT_YET: [&str; 4] = ["heic", "heif", "hif", "avif"];

fn declared_type(path: &Path) -> String {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    match extension.as_str() {
        "jpg" | "jpeg" => "image/jpeg".to_owned(),
        "heif" | "hif" => "image/heif".to_owned(),
        other => format!("image/{other}"),
    }
}

async fn upload(ada: &Person, path: &Path) -> Reply {
    let name = path.file_name().unwrap().to_string_lossy();
    let bytes = std::fs::read(path).unwrap();
    ada.upload(Upload::new(bytes, &name, &declared_type(path)))
        .await
}

/// What becomes of an upload: the reply with the photo, or the refusal.
async fn outcome(ada: &Person, path: &Path) -> Reply {
    let reply = upload(ada, path).await;
    if reply.status >= 300 {
        return reply;
    }
    let id = text(&reply.json(), "/id");
    eventually(&format!("{} to be processed", path.display()), async || {
        let reply = ada.get(&format!("/api/v1/media/{id}")).await;
        (reply.status != 206).then_some(reply)
    })
    .await
}

/// The served picture, which must be clean.
async fn served(ada: &Person, ready: &Reply, name: &str) -> Picture {
    let media = ready.json();
    let full = ada.get(&text(&media, "/url")).await;
    let preview = ada.get(&text(&media, "/preview_url")).await;
    for reply in [&full, &preview] {
        assert_eq!(reply.status, 200, "{name}: {}", reply.describe());
        assert_eq!(scan::findings(&reply.body), [], "{name}");
    }
    Picture::decode(&full.body).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[tokio::test]
async fn every_good_photo_is_served_clean_or_refused_by_kind() {
    let Some(photos) = require::shared_photos("good") else {
        return;
    };
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut faults = Vec::new();
    for path in photos {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let reply = outcome(&ada, &path).await;
        if reply.status == 200 {
            served(&ada, &reply, &name).await;
        } else if NOT_YET.contains(&extension.as_str()) {
            reply.refused(422);
        } else {
            faults.push(format!("{name}: {}", reply.describe()));
        }
    }
    assert!(
        faults.is_empty(),
        "good photos refused:\n{}",
        faults.join("\n")
    );
}

#[tokio::test]
async fn all_orientations_of_one_real_photo_look_the_same() {
    let Some(photos) = require::shared_photos("good") else {
        return;
    };
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for series in ["orient__Landscape_", "orient__Portrait_"] {
        let mut first: Option<Picture> = None;
        for path in photos
            .iter()
            .filter(|path| path.to_string_lossy().contains(series))
        {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let picture = served(&ada, &outcome(&ada, path).await, &name).await;
            let reference = first.get_or_insert_with(|| picture.clone());
            let difference = picture.difference(reference);
            assert!(
                difference < 12.0,
                "{name} differs by {difference} from the first of its series"
            );
        }
    }
}

#[tokio::test]
async fn every_bad_file_is_refused_or_cleaned() {
    let Some(files) = require::shared_photos("bad") else {
        return;
    };
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let reply = outcome(&ada, &path).await;
        if reply.status == 200 {
            served(&ada, &reply, &name).await;
        } else {
            assert!(
                [400, 413, 415, 422].contains(&reply.status),
                "{name}: {}",
                reply.describe()
            );
            reply.refusal();
        }
    }
    ada.small_photo().await;
}
