//! The codecs that are written in C, in a process of their own.
//!
//! [`CodecWorkers`] implements the codec's trait: it hands files and pixels to worker processes of
//! the same program ([`infra_sandbox`]) and believes nothing of what comes back that it can check.
//! [`serve_worker`] is the worker's side: HEIC and AVIF by `libheif`, which is looked for at run
//! time, and WebP by `libwebp`, which is built in.
//!
//! What is not found is not offered: [`CodecWorkers::report`] says what works here and what stands
//! in the way.
//!
//! It knows nothing of uploads or renditions, and keeps no state but its workers.

mod external_codecs;
mod protocol;
mod settings;
mod worker;

pub use business_media_codec::{Encoding, Format};
pub use external_codecs::{CodecWorkers, Report};
pub use infra_sandbox::{Landlock, Program};
pub use settings::Settings;
pub use worker::serve_worker;
