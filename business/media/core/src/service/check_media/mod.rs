//! Compares the database with the blobs, and repairs what can be repaired.
//!
//! It may run beside a serving process, from that process or another: a finding is reported only
//! when the item was the same after its bytes were looked at as before. Repairing goes by the
//! discipline described in `blobs.rs` with one thing left out: nothing is deleted here, only
//! queued, because deleting belongs to one process. Each step of repairing is one transaction, so a
//! check that is cut short can be begun again.

mod orphans;
mod parts;
mod repair;
mod scan;

use std::sync::Arc;

use business_media_gateway::{
    CheckFinding, CheckMediaRequest, CheckProgress, CheckSummary, check_progress::Step,
};
use futures::stream;
use infra_kernel::{Context, Error, ErrorCode};
use infra_rpc::Messages;
use tokio::sync::mpsc;

use crate::Core;
use crate::error::MediaError;
use crate::store::inspection::{self, Inspected};
use scan::ScanResult;

/// Steps reported that nobody has taken yet; the check waits behind them.
const UNTAKEN_MAX: usize = 16;
/// Items looked at between two summaries.
const PAGE_ITEMS: i64 = 50;
/// How often an item that changes under the check is looked at again. One that changes so much is
/// being worked on; the next check sees how it came out.
const LOOKS_MAX: usize = 5;

impl Core {
    /// The check runs for as long as somebody reads what it reports.
    pub(crate) async fn check_media(
        self: &Arc<Self>,
        context: &Context,
        request: CheckMediaRequest,
    ) -> Result<Messages<CheckProgress>, MediaError> {
        let (progress, orphan_finding) = mpsc::channel(UNTAKEN_MAX);
        let mut check = Check {
            core: Arc::clone(self),
            context: context.clone(),
            repair: request.repair,
            read_bytes: request.read_bytes,
            unnamed: Unnamed::of(&request),
            progress,
            summary: CheckSummary::default(),
        };
        tokio::spawn(async move {
            if let Err(error) = check.run().await {
                // Nobody may be listening; then that is why it stopped.
                let _ = check.progress.send(Err(error.into())).await;
            }
        });
        let steps = stream::unfold(orphan_finding, |mut orphan_finding| async move {
            orphan_finding
                .recv()
                .await
                .map(|step| (step, orphan_finding))
        });
        Ok(Box::pin(steps))
    }
}

/// What a repair does with files that nothing names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    Keep,
    /// Unless the database names no file at all: then it is the database that was lost.
    DeleteWhereOthersAreNamed,
    Delete,
}

impl Unnamed {
    const fn of(request: &CheckMediaRequest) -> Self {
        match (request.delete_unnamed, request.keep_unnamed) {
            (true, _) => Self::Delete,
            (false, true) => Self::Keep,
            (false, false) => Self::DeleteWhereOthersAreNamed,
        }
    }
}

/// A check under way.
struct Check {
    core: Arc<Core>,
    context: Context,
    repair: bool,
    read_bytes: bool,
    unnamed: Unnamed,
    progress: mpsc::Sender<infra_kernel::Result<CheckProgress>>,
    summary: CheckSummary,
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
            let ids = inspection::ids_after(&self.core.database, after, PAGE_ITEMS).await?;
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
            let Some(item) = inspection::read(&self.core.database, id).await? else {
                return Ok(());
            };
            let scan = self.scan(&item).await?;
            if scan.is_fine() {
                return Ok(());
            }
            if inspection::is_unchanged(&self.core.database, &item.item).await? {
                return self.settle(item, scan).await;
            }
        }
        Ok(())
    }

    async fn settle(&mut self, item: Inspected, scan: ScanResult) -> Result<(), MediaError> {
        let repaired_item = if self.repair {
            self.repair(&item, &scan).await?
        } else {
            repair::RepairOutcome::default()
        };
        for finding in scan.findings(&item, &repaired_item) {
            self.report(finding).await?;
        }
        Ok(())
    }

    async fn report(&mut self, finding: CheckFinding) -> Result<(), MediaError> {
        self.summary.findings += 1;
        self.summary.repaired += u64::from(finding.repaired);
        self.send(Step::Finding(finding)).await
    }

    async fn report_summary(&mut self) -> Result<(), MediaError> {
        self.send(Step::Summary(self.summary)).await
    }

    async fn send(&mut self, step: Step) -> Result<(), MediaError> {
        let step = CheckProgress { step: Some(step) };
        let gone = || Error::new(ErrorCode::Unavailable, "Nobody waits for this check.");
        self.progress
            .send(Ok(step))
            .await
            .map_err(|_| gone().into())
    }
}
