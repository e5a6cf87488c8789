//! Compares the database with the blobs, and repairs what can be repaired.
//!
//! It may run beside a serving process, from that process or another: a finding is reported only
//! when the item was the same after its bytes were looked at as before. Repairing goes by the
//! discipline described in `blobs.rs` with one thing left out: nothing is deleted here, only
//! queued, because deleting belongs to one process. Each step of repairing is one transaction, so a
//! check that is cut short can be begun again.

mod check;
mod orphans;
mod outcome;
mod parts;
mod repair;
mod scan;

use std::sync::Arc;

use business_media_gateway::{CheckMediaRequest, CheckProgress};
use futures::stream;
use infra_kernel::Context;
use infra_rpc::Messages;
use tokio::sync::mpsc;

use crate::error::MediaError;
use crate::integrity::Integrity;
use crate::integrity::check_media::check::Check;
use crate::integrity::check_media::outcome::RepairOutcome;
use crate::integrity::check_media::scan::ScanResult;
use crate::store::inspection::{self, Inspected};

/// Steps reported that nobody has taken yet; the check waits behind them.
const UNTAKEN_MAX: usize = 16;
/// Items looked at between two summaries.
const PAGE_ITEMS: i64 = 50;
/// How often an item that changes under the check is looked at again. One that changes so much is
/// being worked on; the next check sees how it came out.
const LOOKS_MAX: usize = 5;

/// The check runs for as long as somebody reads what it reports.
pub(crate) fn check_media(
    integrity: &Arc<Integrity>,
    context: &Context,
    request: &CheckMediaRequest,
) -> Messages<CheckProgress> {
    let (progress, steps) = mpsc::channel(UNTAKEN_MAX);
    let mut check = Check::new(integrity, context, request, progress);
    // A task of its own: the caller has the stream at once, and a channel that is full holds the
    // check up.
    tokio::spawn(async move {
        if let Err(error) = check.run().await {
            // Nobody may be listening; then that is why it stopped.
            let _ = check.progress.send(Err(error.into())).await;
        }
    });
    let steps = stream::unfold(steps, |mut steps| async move {
        steps.recv().await.map(|step| (step, steps))
    });
    Box::pin(steps)
}

impl Check {
    async fn run(&mut self) -> Result<(), MediaError> {
        self.check_items().await?;
        self.check_parts().await?;
        self.check_store().await?;
        self.summary.done = true;
        self.report_summary().await
    }

    async fn check_items(&mut self) -> Result<(), MediaError> {
        let mut after = 0;
        loop {
            let ids = inspection::ids_after(&self.integrity.database, after, PAGE_ITEMS).await?;
            let Some(last) = ids.last() else {
                return Ok(());
            };
            after = *last;
            for id in ids {
                self.check_item(id).await?;
                self.summary.items += 1;
            }
            self.report_summary().await?;
        }
    }

    async fn check_item(&mut self, id: i64) -> Result<(), MediaError> {
        for _ in 0..LOOKS_MAX {
            let Some(item) = inspection::read(&self.integrity.database, id).await? else {
                return Ok(());
            };
            let scan = self.scan(&item).await?;
            if scan.is_fine() {
                return Ok(());
            }
            if inspection::is_unchanged(&self.integrity.database, &item.item).await? {
                return self.settle(item, scan).await;
            }
        }
        Ok(())
    }

    async fn settle(&mut self, item: Inspected, scan: ScanResult) -> Result<(), MediaError> {
        let repaired_item = if self.repair {
            self.repair(&item, &scan).await?
        } else {
            RepairOutcome::default()
        };
        for finding in scan.findings(&item, &repaired_item) {
            self.report(finding).await?;
        }
        Ok(())
    }
}
