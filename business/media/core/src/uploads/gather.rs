//! What arrived of a file and is not written yet.

use bytes::BytesMut;
use infra_blob::BlobWriter;

use crate::budget::UploadBuffer;
use crate::error::MediaError;

/// Bytes gathered before they are written: each write costs a hop to a thread that may block.
const WRITE_BYTES: usize = 256 * 1024;

/// Bytes on their way to a blob, counted with those of all other uploads.
pub(crate) struct Gathered {
    bytes: BytesMut,
    counted: UploadBuffer,
    is_enough: bool,
}

impl Gathered {
    pub(crate) fn new(counted: UploadBuffer) -> Self {
        Self {
            bytes: BytesMut::new(),
            counted,
            is_enough: false,
        }
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(data);
        let all_have_enough = self.counted.holds(self.bytes.len());
        self.is_enough = all_have_enough || self.bytes.len() >= WRITE_BYTES;
    }

    /// Whether it is time to write: this upload has gathered much, or all together have.
    pub(crate) const fn is_enough(&self) -> bool {
        self.is_enough
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) async fn write_to(&mut self, writer: &mut dyn BlobWriter) -> Result<(), MediaError> {
        writer.write(self.bytes.split().freeze()).await?;
        self.counted.holds(0);
        self.is_enough = false;
        Ok(())
    }
}
