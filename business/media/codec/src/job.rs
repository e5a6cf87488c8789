//! What a file is processed with, and until when.

use std::time::{Duration, Instant};

use crate::error::CodecError;
use crate::external_codecs::{EncoderMemory, ExternalCodecs};
use crate::ladder::Ladder;
use crate::limits::Limits;

/// What a file is processed with.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Bounds beyond which a picture is refused.
    pub limits: &'a Limits,
    /// The sizes that are made.
    pub ladder: &'a Ladder,
    /// The codecs of another process, where there are some.
    pub external_codecs: Option<&'a dyn ExternalCodecs>,
    /// How much memory encoders in another process are given.
    pub encoder_memory: EncoderMemory,
    /// When to give up. It is looked at between steps, each of which the limits bound.
    pub deadline: Instant,
}

impl<'a> Job<'a> {
    /// A job without codecs of another process, that may take a minute.
    #[must_use]
    pub fn new(limits: &'a Limits, ladder: &'a Ladder) -> Self {
        Self {
            limits,
            ladder,
            external_codecs: None,
            encoder_memory: EncoderMemory::Usual,
            deadline: Instant::now() + Duration::from_secs(60),
        }
    }

    /// Stops work whose time is up.
    pub(crate) fn check_deadline(&self) -> Result<(), CodecError> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(CodecError::late())
    }
}
