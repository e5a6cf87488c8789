//! Blobs that nothing names.

use business_media_gateway::CheckFinding;
use infra_blob::{BlobKey, Stored};

use crate::blobs::NOTE_LIFETIME;
use crate::error::MediaError;
use crate::integrity::check_media::check::{Check, Unnamed};
use crate::store::inspection;

/// Blobs compared with the database at once.
const PAGE_BLOBS: usize = 500;

impl Check {
    pub(super) async fn check_store(&mut self) -> Result<(), MediaError> {
        let mut after = None;
        let deletes = self.repair && self.deletes_unnamed().await?;
        loop {
            let page = self.integrity.blobs.store().list(after, PAGE_BLOBS).await?;
            for name in &page.foreign_files {
                self.report(foreign_file(name)).await?;
            }
            for orphan in self.orphans(&page.blobs).await? {
                let repaired = deletes && self.queue(orphan.key).await?;
                let is_kept = self.repair && !deletes;
                self.report(orphan_finding(orphan, repaired, is_kept))
                    .await?;
            }
            self.summary.blobs += page.blobs.len() as u64;
            self.report_summary().await?;
            match page.blobs.last() {
                Some(last) if page.blobs.len() == PAGE_BLOBS => after = Some(last.key),
                _ => return Ok(()),
            }
        }
    }

    async fn deletes_unnamed(&self) -> Result<bool, MediaError> {
        Ok(match self.unnamed {
            Unnamed::Keep => false,
            Unnamed::Delete => true,
            Unnamed::DeleteWhereOthersAreNamed => {
                inspection::names_any(&self.integrity.database).await?
            }
        })
    }

    /// Those of the listed blobs that nothing names. The writer of a blob records it first, so one
    /// that is listed and not named has either lost its last user or been deleted since; and one
    /// that is there after that was put back since, or is an orphan. Only the last is unnamed
    /// still.
    async fn orphans(&self, blobs: &[Stored]) -> Result<Vec<Stored>, MediaError> {
        let mut there = Vec::new();
        for blob in self.unnamed(blobs).await? {
            if self.integrity.blobs.store().exists(blob.key).await? {
                there.push(blob);
            }
        }
        self.unnamed(&there).await
    }

    async fn unnamed(&self, blobs: &[Stored]) -> Result<Vec<Stored>, MediaError> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        // A key is hexadecimal: nothing in it has to be escaped.
        let keys: Vec<String> = blobs
            .iter()
            .map(|blob| format!("\"{}\"", blob.key))
            .collect();
        let listed = format!("[{}]", keys.join(","));
        // An older note is the sweeper's, and protects nothing.
        let recorded_since = self.integrity.clock.now().minus(NOTE_LIFETIME);
        let mut connection = self.integrity.database.reader().acquire().await?;
        let unnamed = inspection::unnamed(&mut connection, &listed, recorded_since).await?;
        let is_unnamed = |blob: &&Stored| unnamed.contains(&blob.key.to_string());
        Ok(blobs.iter().filter(is_unnamed).copied().collect())
    }

    async fn queue(&self, key: BlobKey) -> Result<bool, MediaError> {
        let now = self.integrity.clock.now();
        self.integrity
            .database
            .write(move |connection| {
                Box::pin(async move {
                    let recorded_since = now.minus(NOTE_LIFETIME);
                    inspection::queue_unnamed(connection, key, recorded_since, now).await
                })
            })
            .await
    }
}

fn orphan_finding(orphan: Stored, repaired: bool, is_kept: bool) -> CheckFinding {
    let outcome = match (repaired, is_kept) {
        (true, _) => " They will be deleted.",
        (false, true) => {
            " They may be photos whose database was lost, and stay; --repair --delete-unnamed deletes them."
        }
        (false, false) => "",
    };
    CheckFinding {
        kind: "orphan_blob".to_owned(),
        key: orphan.key.to_string(),
        what: format!(
            "{} bytes are kept that no photo uses.{outcome}",
            orphan.bytes
        ),
        repaired,
        ..CheckFinding::default()
    }
}

fn foreign_file(name: &str) -> CheckFinding {
    CheckFinding {
        kind: "foreign_file".to_owned(),
        key: name.to_owned(),
        what: format!(
            "`{name}` lies among the photos and was not put there by Heliograph. Move it elsewhere; nothing here uses it."
        ),
        ..CheckFinding::default()
    }
}
