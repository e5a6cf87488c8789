//! Parts of uploads that are under way.

use business_media_gateway::CheckFinding;

use crate::error::MediaError;
use crate::integrity::check_media::check::Check;
use crate::integrity::check_media::scan::Condition;
use crate::store::blob_rows;
use crate::store::inspection::{self, PartRow};

/// Parts looked at between two summaries.
const PAGE_PARTS: i64 = 50;

impl Check {
    pub(super) async fn check_parts(&mut self) -> Result<(), MediaError> {
        // Before the first of all: a part's place is its first byte, from 0 on.
        let mut after = (0, -1);
        loop {
            let parts =
                inspection::parts_after(&self.integrity.database, after, PAGE_PARTS).await?;
            let Some(last) = parts.last() else {
                return Ok(());
            };
            after = (last.upload_id, last.position);
            for part in parts {
                self.check_part(&part).await?;
            }
            self.report_summary().await?;
        }
    }

    async fn check_part(&mut self, part: &PartRow) -> Result<(), MediaError> {
        let condition = self.condition(&part.key, part.bytes).await?;
        // A part goes when its upload is whole, or is given up.
        if condition == Condition::Whole
            || !inspection::has_part(&self.integrity.database, part).await?
        {
            return Ok(());
        }
        let repaired = self.repair;
        // The parts are one run of bytes: without one of them the others are of no use.
        if repaired {
            self.give_up_upload(part.upload_id).await?;
        }
        let (state, outcome) = match (condition, repaired) {
            (Condition::Missing, true) => (
                "missing",
                " The upload is given up; its sender begins again.",
            ),
            (Condition::Missing, false) => ("missing", ""),
            (_, true) => (
                "damaged",
                " The upload is given up; its sender begins again.",
            ),
            (_, false) => ("damaged", ""),
        };
        self.report(CheckFinding {
            kind: format!("{state}_part"),
            key: part.key.clone(),
            what: format!(
                "The part at byte {} of the unfinished upload {} is {state}.{outcome}",
                part.position, part.upload_id
            ),
            repaired,
            ..CheckFinding::default()
        })
        .await
    }

    async fn give_up_upload(&self, upload_id: i64) -> Result<(), MediaError> {
        let now = self.integrity.clock.now();
        self.integrity
            .database
            .write(move |connection| {
                Box::pin(async move {
                    let keys = inspection::remove_upload(connection, upload_id).await?;
                    blob_rows::queue_deletions(connection, &keys, now).await
                })
            })
            .await
    }
}
