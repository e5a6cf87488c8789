//! Items and renditions are read.

use business_media_gateway::{
    GetMediaRequest, ReadRenditionRequest, rendition_chunk::Part, renditions,
};
use futures::StreamExt as _;
use infra_kernel::ErrorCode;
use testing_kit::jpeg;

use crate::scene::{OWNER, Scene, code, context, noise, photo};

#[tokio::test]
async fn items_come_in_the_order_asked_without_those_that_are_not_there() {
    let scene = Scene::new().await;
    let first = scene.ready(OWNER, &photo(1)).await;
    let second = scene.upload(&photo(2)).await.unwrap();
    for _ in 0..2 {
        let ids = vec![second.id, 99, first.id, second.id];
        let request = GetMediaRequest { ids };
        let items = scene
            .media
            .get_media(&context(), request)
            .await
            .unwrap()
            .items;
        assert_eq!(items, [second.clone(), first.clone(), second.clone()]);
    }
    let request = GetMediaRequest {
        ids: (1..=501).collect(),
    };
    assert_eq!(
        code(scene.media.get_media(&context(), request).await),
        ErrorCode::Invalid
    );
    let request = GetMediaRequest { ids: Vec::new() };
    assert!(
        scene
            .media
            .get_media(&context(), request)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn small_and_large_renditions_are_read_by_range() {
    let scene = Scene::new().await;
    let item = scene
        .ready(OWNER, &jpeg::encode(&noise(1_400, 1_000), 90))
        .await;
    let large = item.rendition(renditions::FULL).unwrap();
    let small = item.rendition(renditions::GRID).unwrap();
    for rendition in [large, small] {
        let total = rendition.bytes;
        let (_, whole) = scene.read(&rendition.key, 0, 0).await.unwrap();
        let cases = [
            (0, 1),
            (10, 100),
            (total - 1, 0),
            (total - 1, 50),
            (total, 0),
            (total + 9, 1),
            (1, u64::MAX),
        ];
        for (offset, length) in cases {
            let (header, bytes) = scene.read(&rendition.key, offset, length).await.unwrap();
            let start = usize::try_from(offset.min(total)).unwrap();
            let rest = whole.len() - start;
            let expected = if length == 0 {
                rest
            } else {
                usize::try_from(length).unwrap_or(rest).min(rest)
            };
            assert_eq!(header.bytes, total);
            assert_eq!(bytes, &whole[start..start + expected], "{offset}+{length}");
        }
    }
}

#[tokio::test]
async fn a_head_is_only_the_header() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    let rendition = item.rendition(renditions::FEED).unwrap();
    let request = ReadRenditionRequest {
        key: rendition.key.clone(),
        head_only: true,
        signed: true,
        ..ReadRenditionRequest::default()
    };
    let chunks = scene
        .media
        .read_rendition(&context(), request)
        .await
        .unwrap();
    let chunks: Vec<_> = chunks.collect().await;
    assert_eq!(chunks.len(), 1);
    let Some(Part::Header(header)) = &chunks[0].as_ref().unwrap().part else {
        panic!("a header");
    };
    assert_eq!(
        (header.bytes, header.length),
        (rendition.bytes, rendition.bytes)
    );
}

#[tokio::test]
async fn only_keys_of_renditions_are_found() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    let key = &item.rendition(renditions::GRID).unwrap().key;
    let hash = key.strip_suffix(".jpg").unwrap();
    let original = infra_blob::BlobKey::of(&photo(1));
    let unknown = [
        String::new(),
        "../media.db".to_owned(),
        hash.to_owned(),
        format!("{hash}.png"),
        format!("{}.jpg", hash.to_uppercase()),
        format!("{}.jpg", "0".repeat(64)),
        format!("./{key}"),
        // The original is there, and is not served.
        format!("{original}.jpg"),
    ];
    for key in unknown {
        assert_eq!(
            code(scene.read(&key, 0, 0).await),
            ErrorCode::NotFound,
            "{key}"
        );
    }
    assert!(scene.read(key, 0, 0).await.is_ok());
}
