//! The whole set of real photos, good and bad, when it is there.

use testing_kit::picture::Picture;
use testing_kit::{require, scan};

use crate::harness::caller::text;
use crate::harness::{Person, Reply, Server};
use crate::published_bytes::outcome;

/// The served picture, which must be clean.
async fn served(ada: &Person, ready: &Reply, name: &str) -> Picture {
    let media = ready.json();
    let full = ada.get(&text(&media, "/url")).await;
    let preview = ada.get(&text(&media, "/preview_url")).await;
    for reply in [&full, &preview] {
        assert_eq!(reply.status, 200, "{name}: {}", reply.describe());
        assert_eq!(scan::findings(&reply.body), [], "{name}");
    }
    // What moves has a still.
    let still = if full.body.starts_with(b"\xff\xd8") {
        &full
    } else {
        &preview
    };
    Picture::decode(&still.body).unwrap_or_else(|error| panic!("{name}: {error}"))
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
