//! What a backup asks the database: which blobs it names.

use std::collections::BTreeMap;

use business_media::MediaCore;
use infra_blob::BlobKey;
use infra_domain::Domain as _;

use crate::scene::{OWNER, Scene, photo};

/// All that is named, asked for in pages of so many, with whether it is known to be lost.
async fn named(scene: &Scene, limit: i64) -> BTreeMap<String, bool> {
    let (mut all, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = MediaCore::named_blobs(&scene.database, &after, limit);
        let page = page.await.unwrap();
        let Some(last) = page.last() else {
            return all;
        };
        assert!(
            page.is_sorted_by(|one, next| one.key < next.key),
            "{page:?}"
        );
        assert!(page.first().is_some_and(|first| first.key > after));
        after.clone_from(&last.key);
        all.extend(page.into_iter().map(|blob| (blob.key, blob.is_lost)));
    }
}

#[tokio::test]
async fn every_blob_is_named_however_many_photos_share_it() {
    let scene = Scene::new().await;
    for owner in 1..=5 {
        scene.ready(owner, &photo(1)).await;
    }
    scene.ready(OWNER, &photo(2)).await;
    let name = |path: &std::path::PathBuf| path.file_name()?.to_str().map(str::to_owned);
    let stored: Vec<_> = scene.files().iter().filter_map(name).collect();
    for limit in [1, 2, 3, 5, 100] {
        let named = named(&scene, limit).await;
        assert_eq!(named.len(), stored.len(), "pages of {limit}");
        let is_named = |key: &String| named.get(key) == Some(&false);
        assert!(stored.iter().all(is_named), "pages of {limit}");
    }
}

#[tokio::test]
async fn an_original_is_lost_when_it_is_to_all_whose_it_is() {
    let scene = Scene::new().await;
    let key = BlobKey::of(&photo(1)).to_string();
    for owner in [1, 2] {
        scene.ready(owner, &photo(1)).await;
    }
    let lose = "UPDATE media SET original_lost = TRUE WHERE owner_id = $1 AND $2 = '' AND $3 = 0";
    for (owner, is_lost) in [(1, false), (2, true)] {
        scene.change(lose, (owner, String::new(), 0)).await;
        let named = named(&scene, 100).await;
        assert_eq!(named.get(&key), Some(&is_lost));
        assert_eq!(named.values().any(|lost| *lost), is_lost);
    }
}

#[tokio::test]
async fn whatever_needs_bytes_of_the_store_has_files() {
    let scene = Scene::new().await;
    let has_blobs = || async { MediaCore::has_blobs(&scene.database).await.unwrap() };
    assert!(!has_blobs().await, "an empty installation");
    scene.upload(&photo(1)).await.unwrap();
    let set = "UPDATE media SET state = $1, original_key = CASE WHEN $3 = 1 THEN $2 ELSE original_key END";
    // MediaState of the contract: it waits, is at work, has failed.
    for state in [1, 4, 3] {
        scene.change(set, (state, String::new(), 0)).await;
        assert!(has_blobs().await, "state {state}");
    }
    // Its original was released.
    scene.change(set, (3, String::new(), 1)).await;
    assert!(!has_blobs().await, "a failed photo without its file");
}
