//! Checks as an operator makes them, and what they find.

use std::path::PathBuf;

use business_media_gateway::{
    CheckFinding, CheckMediaRequest, CheckSummary, MediaItem, check_progress::Step,
};
use futures::StreamExt as _;
use infra_blob::{BlobKey, Stored};
use infra_kernel::Result;

use crate::scene::{OWNER, Scene, context, noise};

#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) findings: Vec<CheckFinding>,
    pub(crate) summary: CheckSummary,
}

impl Report {
    pub(crate) fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.findings.iter().map(|one| one.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(crate) fn all_repaired(&self) -> bool {
        self.findings.iter().all(|finding| finding.repaired)
    }
}

impl Scene {
    pub(crate) async fn check_with(&self, request: CheckMediaRequest) -> Report {
        self.try_to_check_with(request).await.unwrap()
    }

    pub(crate) async fn try_to_check_with(&self, request: CheckMediaRequest) -> Result<Report> {
        let mut steps = self.media.check_media(&context(), request).await?;
        let (mut findings, mut last) = (Vec::new(), CheckSummary::default());
        while let Some(step) = steps.next().await {
            match step?.step.unwrap() {
                Step::Finding(finding) => findings.push(finding),
                Step::Summary(summary) => last = summary,
            }
        }
        assert!(last.done, "{last:?}");
        assert_eq!(last.findings, findings.len() as u64);
        Ok(Report {
            findings,
            summary: last,
        })
    }

    pub(crate) async fn check(&self) -> Report {
        self.check_with(CheckMediaRequest {
            repair: false,
            read_bytes: true,
            ..CheckMediaRequest::default()
        })
        .await
    }

    pub(crate) async fn repair(&self) -> Report {
        self.check_with(CheckMediaRequest {
            repair: true,
            read_bytes: true,
            ..CheckMediaRequest::default()
        })
        .await
    }

    pub(crate) async fn quick_check(&self) -> Report {
        self.check_with(CheckMediaRequest::default()).await
    }

    /// A photo that a post shows, with renditions that differ.
    pub(crate) async fn shown(&self) -> (MediaItem, Vec<u8>) {
        let bytes = testing_kit::jpeg::encode(&noise(1_500, 1_200), 85);
        let item = self.ready(OWNER, &bytes).await;
        self.attach(OWNER, &[item.id], "post:1").await.unwrap();
        (self.get(item.id).await.unwrap(), bytes)
    }

    pub(crate) fn file(&self, key: &str) -> PathBuf {
        let name = key.strip_suffix(".jpg").unwrap_or(key);
        self.blobs.file(name)
    }

    /// Removes a blob, around the store.
    pub(crate) fn remove(&self, key: &str) {
        self.blobs.remove(&self.file(key));
    }

    pub(crate) fn flip_a_bit(&self, key: &str) {
        let mut bytes = self.blobs.read(&self.file(key));
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        self.blobs.write(&self.file(key), &bytes);
    }

    /// A part of an upload, as one that is under way leaves it.
    pub(crate) async fn begin_upload(&self, upload: i64, part: &Stored) {
        let (key, bytes) = (part.key.to_string(), part.bytes.cast_signed());
        self.change(
            "INSERT INTO upload_sessions (id, owner_id, bytes, position, description, metadata, expires_at, media_id)
             VALUES ($1, 7, 1000, $3, '', '', 9000000000000000, 0)",
            (upload, key.clone(), bytes),
        )
        .await;
        self.change(
            "INSERT INTO upload_parts (upload_id, position, key, bytes) VALUES ($1, 0, $2, $3)",
            (upload, key, bytes),
        )
        .await;
    }

    /// Another form of the grid, as it is when it was made.
    pub(crate) async fn add_alternate(&self, id: u64, stored: &Stored) {
        self.change(
            "INSERT INTO alternates (media_id, name, content_type, key, bytes) VALUES ($1, 'grid', 'image/webp', $2, $3)",
            (id.cast_signed(), stored.key.to_string(), stored.bytes.cast_signed()),
        )
        .await;
    }

    /// The moving picture of an animation, as it is when it was made.
    pub(crate) async fn add_animation(&self, id: u64, stored: &Stored) {
        self.change(
            "INSERT INTO renditions (media_id, name, position, key, content_type, width, height, bytes)
             VALUES ($1, 'animation', 9, $2, 'image/gif', 10, 10, $3)",
            (
                id.cast_signed(),
                stored.key.to_string(),
                stored.bytes.cast_signed(),
            ),
        )
        .await;
    }

    /// Every rendition is served, and is what its name says.
    pub(crate) async fn assert_served(&self, item: &MediaItem) {
        assert!(item.is_ready(), "{item:?}");
        assert_eq!(item.renditions.len(), 3, "{item:?}");
        for rendition in &item.renditions {
            let (_, bytes) = self.read(&rendition.key, 0, 0).await.unwrap();
            assert_eq!(format!("{}.jpg", BlobKey::of(&bytes)), rendition.key);
        }
    }
}

pub(crate) fn key_of(item: &MediaItem, name: &str) -> String {
    item.rendition(name).unwrap().key.clone()
}
