//! Codecs of another process that do as a test tells them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use business_media_codec::{
    CodecError, EncoderMemory, Encoding, ExternalCodecs, Format, Frame, Pixels, StoppedBy,
};

/// Writes small files that stand for forms of a picture: each holds what the form is of.
#[derive(Default)]
pub(crate) struct Forms {
    /// How many more encodings are stopped before one works.
    pub(crate) crashes: AtomicI64,
    /// The form that is refused, whatever the picture.
    pub(crate) refuses: Mutex<Option<Encoding>>,
    /// The memory that each encoding was given.
    pub(crate) given: Mutex<Vec<EncoderMemory>>,
    pub(crate) asked: AtomicUsize,
    /// An encoding waits here, for longer than it may, until the other end is dropped.
    hold: Mutex<Option<Receiver<()>>>,
}

impl Forms {
    /// The next encoding hangs until the response is dropped.
    pub(crate) fn hang(&self) -> Sender<()> {
        let (sender, receiver) = channel();
        *self.hold.lock().unwrap() = Some(receiver);
        sender
    }
}

impl ExternalCodecs for Forms {
    fn reads(&self) -> Vec<Format> {
        Vec::new()
    }

    fn writes(&self) -> Vec<Encoding> {
        vec![Encoding::WebP, Encoding::Avif]
    }

    fn decode(&self, _: Format, _: &[u8], _: u64, _: Instant) -> Result<Pixels, CodecError> {
        Err(stopped(StoppedBy::Absence))
    }

    fn encode(
        &self,
        pixels: &Pixels,
        encoding: Encoding,
        _: u8,
        memory: EncoderMemory,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        self.given.lock().unwrap().push(memory);
        self.asked.fetch_add(1, Ordering::SeqCst);
        let hold = self.hold.lock().unwrap().take();
        if let Some(hold) = hold {
            // Ends when the sender is dropped.
            let _ = hold.recv();
        }
        if self.crashes.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Err(stopped(StoppedBy::Crash));
        }
        if *self.refuses.lock().unwrap() == Some(encoding) {
            return Err(stopped(StoppedBy::Refusal));
        }
        let sum = pixels
            .bytes
            .iter()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
        let text = format!(
            "{} {}x{} {sum:x}",
            encoding.content_type(),
            pixels.width,
            pixels.height
        );
        Ok(text.into_bytes())
    }

    fn encode_animation(
        &self,
        _: (u32, u32),
        _: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        _: u16,
        _: u8,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        Err(stopped(StoppedBy::Absence))
    }
}

fn stopped(by: StoppedBy) -> CodecError {
    CodecError::Stopped {
        by,
        cause: "as the test wants it".to_owned(),
    }
}
