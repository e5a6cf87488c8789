//! What encoders of alternates take, and what they may.

use business_media_codec::{EncoderMemory, Encoding};

use crate::processing::Processing;
use crate::store::alternates::ClaimedJob;

/// Leaves out the forms whose encoders need more memory than they ever get. Returns why there
/// will be none of them, if there are such. Nothing here changes that; an operator with more
/// memory has them retried.
pub(super) fn drop_what_lacks_memory(
    processing: &Processing,
    job: &ClaimedJob,
    encodings: &mut Vec<Encoding>,
) -> Option<String> {
    let bytes_max = processing.budget.encoders_bytes_max();
    let (mut lacking, mut bytes_needed) = (Vec::new(), 0);
    encodings.retain(|encoding| {
        let bytes = alternates_memory_bytes(processing, job, &[*encoding]);
        if bytes <= bytes_max {
            return true;
        }
        lacking.push(*encoding);
        bytes_needed = bytes.max(bytes_needed);
        false
    });
    if lacking.is_empty() {
        return None;
    }
    let cause = format!(
        "{} MiB of memory are needed, and of `media.memory_bytes_max` encoders have {}",
        bytes_needed.div_ceil(1 << 20),
        bytes_max >> 20
    );
    tracing::info!(media = %job.id(), ?lacking, cause, "forms are done without");
    Some(cause)
}

/// What an attempt takes, in this process and in that of the encoders.
pub(super) fn alternates_memory_bytes(
    processing: &Processing,
    job: &ClaimedJob,
    encodings: &[Encoding],
) -> u64 {
    business_media_codec::alternates_memory_bytes(
        job.memory_bytes.cast_unsigned(),
        job.original_bytes.cast_unsigned(),
        job.size(),
        &processing.codecs.ladder,
        encodings,
        encoder_memory(processing, job),
    )
}

/// What photographs take is given first, so that uploads find memory beside it. What an encoder
/// did not get by with, it may have more for when it is retried, but never so much that a photo
/// of 12 megapixels would wait for it.
pub(super) fn encoder_memory(processing: &Processing, job: &ClaimedJob) -> EncoderMemory {
    if job.attempts > 1 {
        EncoderMemory::Most {
            bytes_max: processing.budget.bytes_max() / 8 * 5,
        }
    } else {
        EncoderMemory::Usual
    }
}
