//! What an operator may set.

use std::num::NonZeroUsize;
use std::time::Duration;

use business_media_codec::{Encoding, Limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::budget::{with_shares, without_shares};
use crate::ladder::LadderSettings;

const MIB: u64 = 1024 * 1024;

/// A form in which renditions are offered beside JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlternateForm {
    /// Lossy WebP.
    Webp,
    /// AVIF.
    Avif,
}

impl From<AlternateForm> for Encoding {
    fn from(form: AlternateForm) -> Self {
        match form {
            AlternateForm::Webp => Self::WebP,
            AlternateForm::Avif => Self::Avif,
        }
    }
}

/// Settings of uploads and of the pictures made from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The largest file that is taken, in bytes. Default: 41943040 (40 MiB).
    pub upload_bytes_max: u64,
    /// The most pixels a picture may have, width times height. Default: 100000000.
    pub pixels_max: u64,
    /// The longest side a picture may have, in pixels. Default: 65535, so that `pixels_max` is the
    /// bound that counts.
    pub side_max: u32,
    /// Memory that all pictures being processed may take together, in bytes; a picture that would
    /// need more alone is refused. An eighth of it comes on top: what arrives, and files of which
    /// only the header is read. Default: 536870912 (512 MiB).
    pub memory_bytes_max: u64,
    /// Pictures processed concurrently; 0 means one for each processor. Default: 0.
    pub workers: usize,
    /// Memory that caches renditions, in bytes. Default: 67108864 (64 MiB).
    pub rendition_cache_bytes: u64,
    /// Photos that one account may have uploaded and not yet used. Default: 100.
    pub unattached_items_max: u32,
    /// How long a photo that nothing uses is kept, in seconds. Default: 86400 (a day).
    pub unattached_lifetime_s: u64,
    /// How long an upload that is sent in parts may take, in seconds, and how long a finished one
    /// can be asked about. Default: 86400 (a day).
    pub upload_session_lifetime_s: u64,
    /// Files that one account may send concurrently, each in one request. Default: 20.
    pub uploads_at_once_max: u32,
    /// Uploads in parts that one account may have under way. Default: 20.
    pub upload_sessions_max: u32,
    /// Bytes that the files may have together whose uploads in parts one account has under way.
    /// Default: 419430400 (400 MiB).
    pub upload_sessions_bytes_max: u64,
    /// How often what was left behind is looked for, in seconds. Default: 60.
    pub sweep_interval_s: u64,
    /// How long a photo that could not be processed is kept with its file, for an operator to
    /// retry, in seconds. Default: 604800 (a week).
    pub failed_lifetime_s: u64,
    /// How long processing one picture may take, in seconds, not counting the wait for a worker.
    /// Default: 60.
    pub job_s_max: u64,
    /// Forms in which renditions are offered beside JPEG to browsers that take them, made later at
    /// low priority: "webp", "avif", or none. A form that cannot be written on this machine is left
    /// out. Default: both.
    pub alternates: Vec<AlternateForm>,
    /// Bytes that the originals of one account may take; the same file twice counts once; 0 means
    /// no bound. Default: 21474836480 (20 GiB, some 5000 photos of a telephone: one account cannot
    /// fill a small disk).
    pub account_bytes_max: u64,
    /// Photos that one account may have; 0 means no bound. Default: 20000.
    pub account_photos_max: u64,
    /// Photos that one account may upload within an hour; 0 means no bound. Default: 300.
    pub uploads_per_hour_max: u32,
    /// Bytes that one account may upload within a day, whatever becomes of the photos; 0 means no
    /// bound. Default: 5368709120 (5 GiB, some 1200 photos of a telephone).
    pub upload_bytes_per_day_max: u64,
    /// Processor time that work on one account's photos may take within an hour, in seconds; what
    /// it sends beyond that waits until no photo of another account does, and is not lost; 0 means
    /// no bound. Default: 900 (a quarter of an hour: some 5000 photos of a telephone, or 500
    /// HEICs).
    pub processor_s_per_hour_max: u64,
    /// The sizes and qualities that pictures are served in.
    pub ladder: LadderSettings,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            upload_bytes_max: 40 * MIB,
            pixels_max: limits.pixels_max,
            side_max: limits.side_max,
            memory_bytes_max: limits.memory_bytes_max,
            workers: 0,
            rendition_cache_bytes: 64 * MIB,
            unattached_items_max: 100,
            unattached_lifetime_s: 24 * 60 * 60,
            upload_session_lifetime_s: 24 * 60 * 60,
            uploads_at_once_max: 20,
            upload_sessions_max: 20,
            upload_sessions_bytes_max: 400 * MIB,
            sweep_interval_s: 60,
            failed_lifetime_s: 7 * 24 * 60 * 60,
            job_s_max: 60,
            alternates: vec![AlternateForm::Webp, AlternateForm::Avif],
            account_bytes_max: 20 * 1024 * MIB,
            account_photos_max: 20_000,
            uploads_per_hour_max: 300,
            upload_bytes_per_day_max: 5 * 1024 * MIB,
            processor_s_per_hour_max: 900,
            ladder: LadderSettings::default(),
        }
    }
}

impl Settings {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The setting that is wrong, below this section, and what is wrong with it.
    pub fn check(&self) -> Result<(), (String, String)> {
        match self.ladder.problem() {
            Some((setting, problem)) => Err((format!("ladder.{setting}"), problem)),
            None => Ok(()),
        }
    }

    /// What all pictures may take together with what comes on top of `memory_bytes_max`, in bytes:
    /// what arrives and is not written yet, and files of which only the header is read.
    #[must_use]
    pub const fn memory_in_all(&self) -> u64 {
        with_shares(self.memory_bytes_max)
    }

    /// The most that `memory_bytes_max` may be so that [`Self::memory_in_all`] is no more than
    /// this, in bytes.
    #[must_use]
    pub const fn memory_within(bytes: u64) -> u64 {
        without_shares(bytes)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            pixels_max: self.pixels_max,
            side_max: self.side_max,
            memory_bytes_max: self.memory_bytes_max,
            ..Limits::default()
        }
        .for_ladder(&self.ladder.ladder())
    }

    pub(crate) fn worker_count(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        NonZeroUsize::new(self.workers).map_or_else(processors, NonZeroUsize::get)
    }

    pub(crate) const fn unattached_lifetime(&self) -> Duration {
        Duration::from_secs(self.unattached_lifetime_s)
    }

    pub(crate) const fn upload_session_lifetime(&self) -> Duration {
        Duration::from_secs(self.upload_session_lifetime_s)
    }

    pub(crate) fn sweep_interval(&self) -> Duration {
        // With 0 one round would follow the other without a pause.
        Duration::from_secs(self.sweep_interval_s.max(1))
    }

    pub(crate) const fn failed_lifetime(&self) -> Duration {
        Duration::from_secs(self.failed_lifetime_s)
    }

    /// Nothing when there is no bound.
    pub(crate) fn processor_time_max(&self) -> Option<Duration> {
        let seconds = self.processor_s_per_hour_max;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    pub(crate) fn job_time_max(&self) -> Duration {
        // With no time at all every picture would fail.
        Duration::from_secs(self.job_s_max.max(1))
    }
}
