//! Formats are switched off and on.

use std::time::Duration;

use business_media::{Dependencies, MediaCore, Settings};
use business_media_gateway::{
    FormatStatus, GetCapabilitiesRequest, ListFormatsRequest, Media, SwitchFormatRequest,
};
use infra_domain::Domain as _;
use infra_kernel::{ErrorCode, IdGenerator, Result};

use crate::scene::{Scene, context, photo, picture};

async fn switch(media: &dyn Media, content_type: &str, on: bool) -> Result<Vec<FormatStatus>> {
    let content_type = content_type.to_owned();
    let request = SwitchFormatRequest { content_type, on };
    Ok(media.switch_format(&context(), request).await?.formats)
}

async fn advertised(media: &dyn Media) -> Vec<String> {
    let request = GetCapabilitiesRequest {};
    let told = media.get_capabilities(&context(), request).await.unwrap();
    told.content_types
}

#[tokio::test]
async fn what_is_switched_off_is_refused_with_a_sentence_and_not_advertised() {
    let scene = Scene::new().await;
    let png = testing_kit::png::encode(&picture(40, 30, 1));
    let before = advertised(&*scene.media).await;
    assert!(before.contains(&"image/png".to_owned()));
    let told = switch(&*scene.media, "png", false).await.unwrap();
    let status = told
        .iter()
        .find(|one| one.content_type == "image/png")
        .unwrap();
    assert!(
        !status.taken && status.reason.contains("Switched off"),
        "{status:?}"
    );
    let refused = scene.upload(&png).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unsupported);
    assert!(
        refused
            .public()
            .starts_with("PNG pictures are switched off on this server."),
        "{}",
        refused.public()
    );
    assert!(!refused.public().contains("PNG or"), "{}", refused.public());
    assert!(
        !advertised(&*scene.media)
            .await
            .contains(&"image/png".to_owned())
    );
    scene.upload(&photo(1)).await.unwrap();
    // Twice is as good as once, off and on.
    for on in [false, true, true] {
        switch(&*scene.media, "image/png", on).await.unwrap();
    }
    scene.upload(&png).await.unwrap();
    assert_eq!(advertised(&*scene.media).await, before);
    let refused = switch(&*scene.media, "image/tiff", false)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
}

#[tokio::test]
async fn every_format_can_be_off_and_that_is_said() {
    let scene = Scene::new().await;
    for name in ["jpeg", "png", "webp", "gif", "avif", "heic"] {
        switch(&*scene.media, name, false).await.unwrap();
    }
    assert!(advertised(&*scene.media).await.is_empty());
    let refused = scene.upload(&photo(1)).await.unwrap_err();
    assert!(
        refused.public().contains("No pictures are taken"),
        "{}",
        refused.public()
    );
    scene.assert_empty("a refusal").await;
    let request = ListFormatsRequest {};
    let listed = scene.media.list_formats(&context(), request).await.unwrap();
    assert!(
        listed
            .formats
            .iter()
            .all(|one| !one.taken && !one.reason.is_empty())
    );
}

#[tokio::test]
async fn a_switch_turned_by_another_process_is_noticed_within_seconds() {
    let scene = Scene::new().await;
    scene.upload(&photo(1)).await.unwrap();
    // A command: another domain on the same folder.
    let command = MediaCore::new(Dependencies {
        database: scene.database.clone(),
        blobs: scene.store.clone(),
        clock: scene.clock.clone(),
        ids: std::sync::Arc::new(IdGenerator::new(2, scene.clock.clone())),
        external_codecs: None,
        settings: Settings::default(),
    });
    switch(&*command.gateway(), "jpeg", false).await.unwrap();
    let noticed = async {
        while scene.upload(&photo(2)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed)
        .await
        .unwrap();
}
