//! What is refused of an upload in parts, and where.

use super::*;

#[tokio::test]
async fn what_is_no_picture_ends_the_upload_with_its_first_bytes() {
    let scene = Scene::new().await;
    let text = vec![b'x'; 1_000_000];
    let in_one_piece = scene.upload(&text).await.unwrap_err();
    let id = scene.begin(&text).await;
    let refused = scene.append(id, 0, &text[..256]).await.unwrap_err();
    assert_eq!(refused.public(), in_one_piece.public());
    assert_eq!(code(scene.look(id).await), ErrorCode::NotFound);
    scene.assert_empty("what is no picture").await;
    // Byte by byte, and so short that only the end tells.
    let id = scene.begin(&text).await;
    scene.append(id, 0, &text[..200]).await.unwrap();
    let refused = scene.append(id, 200, &text[200..300]).await;
    assert_eq!(code(refused), ErrorCode::Unsupported);
    let id = scene.begin(&text[..20]).await;
    let refused = scene.append(id, 0, &text[..20]).await;
    assert_eq!(code(refused), ErrorCode::Unsupported);
    // It begins as a picture and is none.
    let mut broken = photo(3)[..400].to_vec();
    broken.resize(4_000, 0);
    let id = scene.begin(&broken).await;
    assert_eq!(code(scene.append(id, 0, &broken).await), ErrorCode::Invalid);
    assert_eq!(code(scene.look(id).await), ErrorCode::NotFound);
    scene.assert_empty("refused uploads").await;
    let counted = "SELECT CAST(SUM(uploads) AS BIGINT) FROM upload_minutes";
    assert_eq!(
        scene.count(counted).await,
        1,
        "the one whose header was read"
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_where_it_is_begun() {
    let scene = Scene::with(Settings {
        upload_sessions_max: 2,
        upload_sessions_bytes_max: 3_000_000,
        upload_bytes_max: 2_000_000,
        ..Settings::default()
    })
    .await;
    assert_eq!(code(scene.begin_as(OWNER, 0).await), ErrorCode::Invalid);
    for bytes in [2_000_001, i64::MAX as u64, u64::MAX] {
        assert_eq!(
            code(scene.begin_as(OWNER, bytes).await),
            ErrorCode::TooLarge
        );
    }
    assert_eq!(code(scene.begin_as(0, 10).await), ErrorCode::Invalid);
    let unstorable = scene.begin_with(OWNER, 10, "a\0b").await.unwrap_err();
    assert_eq!(unstorable.field(), Some("metadata"));
    let first = scene.begin_as(OWNER, 2_000_000).await.unwrap();
    let refused = scene.begin_as(OWNER, 1_000_001).await;
    assert_eq!(code(refused), ErrorCode::RateLimited);
    scene.begin_as(OWNER, 1_000_000).await.unwrap();
    let refused: Error = scene.begin_as(OWNER, 1).await.unwrap_err();
    assert!(refused.public().contains("2 uploads"), "{refused:?}");
    scene.begin_as(OWNER + 1, 1).await.unwrap();
    scene.cancel(OWNER, first.upload_id).await;
    scene.begin_as(OWNER, 1).await.unwrap();
}

#[tokio::test]
async fn offsets_lengths_and_owners_have_to_be_right() {
    let scene = Scene::new().await;
    let bytes = photo(4);
    let id = scene.begin(&bytes).await;
    scene.append(id, 0, &bytes[..1_000]).await.unwrap();
    for offset in [0, 999, 1_001, usize::MAX] {
        let refused = scene.append(id, offset, b"x").await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Conflict);
        assert_eq!(refused.field(), Some("offset"));
    }
    let mut longer = bytes[1_000..].to_vec();
    longer.push(0);
    let refused = scene.append(id, 1_000, &longer).await;
    assert_eq!(code(refused), ErrorCode::TooLarge);
    let header = AppendHeader {
        owner_id: OWNER + 1,
        ..part(id, 1_000)
    };
    let refused = scene.send(header, &bytes[1_000..], true).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    let request = GetUploadRequest {
        owner_id: OWNER + 1,
        upload_id: id,
    };
    let refused = scene.media.get_upload(&context(), request).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    scene.cancel(OWNER + 1, id).await;
    assert_eq!(scene.look(id).await.unwrap().offset, 1_000);
    let header = AppendHeader {
        checksum_algorithm: "crc32".to_owned(),
        ..part(id, 1_000)
    };
    let refused = scene.send(header, b"x", true).await;
    assert_eq!(code(refused), ErrorCode::Invalid);
    assert_eq!(scene.parts().await, 1);
}

#[tokio::test]
async fn uploads_begun_in_vain_make_way_for_others() {
    let scene = Scene::with(Settings {
        upload_sessions_max: 2,
        ..Settings::default()
    })
    .await;
    let bytes = photo(4);
    let touched = scene.begin(&bytes).await;
    scene.append(touched, 0, &bytes[..1_000]).await.unwrap();
    // Its client never heard of it.
    let unheard = scene.begin(&bytes).await;
    let refused = scene.begin_as(OWNER, 1_000).await;
    assert_eq!(code(refused), ErrorCode::RateLimited);
    scene.pass(Duration::from_secs(16 * 60));
    scene.begin(&bytes).await;
    assert_eq!(code(scene.look(unheard).await), ErrorCode::NotFound);
    assert_eq!(scene.look(touched).await.unwrap().offset, 1_000);
    let refused = scene.begin_as(OWNER, 1_000).await;
    assert_eq!(code(refused), ErrorCode::RateLimited, "both are in use");
}
