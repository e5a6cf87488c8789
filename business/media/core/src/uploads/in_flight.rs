//! Whose files are arriving just now in one piece, in this process: a file counts towards its
//! account's quota only when it is here, and until then it takes room on the disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_kernel::{AccountId, Error, ErrorCode, Result};

/// When to retry: a file of an ordinary phone has arrived by then.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The files on their way. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct InFlightUploads {
    by_account: Arc<Mutex<HashMap<AccountId, u32>>>,
}

/// A file on its way; when this is dropped, it is not any more.
pub(crate) struct Arrival {
    in_flight_uploads: InFlightUploads,
    owner: AccountId,
}

impl InFlightUploads {
    /// Lets another file of this account in, unless as many are on their way as may be.
    pub(crate) fn begin(&self, owner: AccountId, in_flight_uploads_max: u32) -> Result<Arrival> {
        let mut all = self.lock();
        let arriving = all.entry(owner).or_default();
        if *arriving >= in_flight_uploads_max {
            let text = format!(
                "As many files of yours are arriving as may at the same time ({in_flight_uploads_max}). Send the next when one of them is \
                 here."
            );
            return Err(Error::new(ErrorCode::RateLimited, text).to_retry_after(RETRY_AFTER));
        }
        *arriving += 1;
        drop(all);
        Ok(Arrival {
            in_flight_uploads: self.clone(),
            owner,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, u32>> {
        // Nothing panics while it is held.
        self.by_account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut all = self.in_flight_uploads.lock();
        let arriving = all.entry(self.owner).or_default();
        *arriving = arriving.saturating_sub(1);
        if *arriving == 0 {
            all.remove(&self.owner);
        }
    }
}
