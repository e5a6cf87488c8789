//! What an operator may set.

use std::num::NonZeroUsize;
use std::time::Duration;

use infra_sandbox::Bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a worker may take to load its libraries: some ten milliseconds where nothing else runs.
const START_MAX: Duration = Duration::from_secs(10);
/// Threads that a worker may have: one decoder of AVIF makes as many as there are processors, and
/// libheif's others one.
const THREADS_PER_PROCESSOR: usize = 2;
const OTHER_THREADS: usize = 16;

/// Settings of the processes that read HEIC and AVIF and write WebP and AVIF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Concurrent processes; 0 means one for each processor. Default: 0.
    pub workers: usize,
    /// Memory that one process may take, in bytes; a picture that needs more is refused. Default:
    /// 1073741824 (1 GiB), which a HEIC of 100 megapixels fits in.
    pub memory_bytes_max: u64,
    /// Processor time that one picture may take, in seconds; a picture that takes more is refused.
    /// Default: 30.
    pub processor_s_max: u64,
    /// How long a process is kept that has nothing to do, in seconds. Default: 60.
    pub idle_s_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 0,
            memory_bytes_max: 1024 * 1024 * 1024,
            processor_s_max: 30,
            idle_s_max: 60,
        }
    }
}

impl Settings {
    pub(crate) fn bounds(&self) -> Bounds {
        let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let processors_max = processors();
        Bounds {
            workers_max: NonZeroUsize::new(self.workers).map_or_else(processors, NonZeroUsize::get),
            idle_max: Duration::from_secs(self.idle_s_max.max(1)),
            start_max: START_MAX,
            memory_bytes_max: self.memory_bytes_max,
            processor_max: Duration::from_secs(self.processor_s_max.max(1)),
            threads_max: processors_max * THREADS_PER_PROCESSOR + OTHER_THREADS,
        }
    }
}
