//! A check under way, and what it reports.

use std::sync::Arc;

use business_media_gateway::{
    CheckFinding, CheckMediaRequest, CheckProgress, CheckSummary, check_progress::Step,
};
use infra_kernel::{Context, Error, ErrorCode};
use tokio::sync::mpsc;

use crate::error::MediaError;
use crate::integrity::Integrity;

/// What a repair does with files that nothing names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unnamed {
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
pub(super) struct Check {
    pub(super) integrity: Arc<Integrity>,
    pub(super) context: Context,
    pub(super) repair: bool,
    pub(super) read_bytes: bool,
    pub(super) unnamed: Unnamed,
    pub(super) progress: mpsc::Sender<infra_kernel::Result<CheckProgress>>,
    pub(super) summary: CheckSummary,
}

impl Check {
    pub(super) fn new(
        integrity: &Arc<Integrity>,
        context: &Context,
        request: &CheckMediaRequest,
        progress: mpsc::Sender<infra_kernel::Result<CheckProgress>>,
    ) -> Self {
        Self {
            integrity: Arc::clone(integrity),
            context: context.clone(),
            repair: request.repair,
            read_bytes: request.read_bytes,
            unnamed: Unnamed::of(request),
            progress,
            summary: CheckSummary::default(),
        }
    }

    pub(super) async fn report(&mut self, finding: CheckFinding) -> Result<(), MediaError> {
        self.summary.findings += 1;
        self.summary.repaired += u64::from(finding.repaired);
        self.send(Step::Finding(finding)).await
    }

    pub(super) async fn report_summary(&mut self) -> Result<(), MediaError> {
        self.send(Step::Summary(self.summary)).await
    }

    async fn send(&mut self, step: Step) -> Result<(), MediaError> {
        let step = CheckProgress { step: Some(step) };
        // The receiver is dropped with the caller's stream; this error ends the check.
        let gone = || Error::new(ErrorCode::Unavailable, "Nobody waits for this check.");
        self.progress
            .send(Ok(step))
            .await
            .map_err(|_| gone().into())
    }
}
