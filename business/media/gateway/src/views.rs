//! Typed views of the generated messages.

use infra_kernel::{AccountId, Timestamp};

use crate::MediaId;
use crate::{
    AppendChunk, AppendHeader, MediaDeleted, MediaFailed, MediaItem, MediaReady, MediaState,
    MediaUploaded, Rendition, RenditionChunk, UploadChunk, UploadEnd, UploadHeader, UploadSession,
    append_chunk, rendition_chunk, upload_chunk,
};

impl MediaItem {
    /// The photo's id, by which other domains name it.
    #[must_use]
    pub const fn media(&self) -> MediaId {
        MediaId::new(self.id)
    }

    /// The account that owns it.
    #[must_use]
    pub const fn owner(&self) -> AccountId {
        AccountId::new(self.owner_id)
    }

    /// When it was uploaded.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.created_at_us)
    }

    /// Whether every rendition is there.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state() == MediaState::Ready
    }

    /// Whether it will not become ready, unless somebody repairs it.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.state() == MediaState::Failed
    }

    /// Whether it is ready or has failed: nothing more will come.
    #[must_use]
    pub fn is_processed(&self) -> bool {
        self.is_ready() || self.has_failed()
    }

    /// The rendition of this name; [`crate::renditions`] has the names.
    #[must_use]
    pub fn rendition(&self, name: &str) -> Option<&Rendition> {
        self.renditions
            .iter()
            .find(|rendition| rendition.name == name)
    }
}

impl UploadChunk {
    /// The first message of an upload.
    #[must_use]
    pub const fn header(header: UploadHeader) -> Self {
        Self {
            part: Some(upload_chunk::Part::Header(header)),
        }
    }

    /// Bytes of the file, at most some hundred KiB.
    #[must_use]
    pub fn data(bytes: impl Into<bytes::Bytes>) -> Self {
        Self {
            part: Some(upload_chunk::Part::Data(bytes.into())),
        }
    }

    /// The last message of an upload that is whole.
    #[must_use]
    pub const fn end() -> Self {
        Self {
            part: Some(upload_chunk::Part::End(UploadEnd {})),
        }
    }
}

impl AppendChunk {
    /// The first message of a part.
    #[must_use]
    pub const fn header(header: AppendHeader) -> Self {
        Self {
            part: Some(append_chunk::Part::Header(header)),
        }
    }

    /// Bytes of the part, at most some hundred KiB.
    #[must_use]
    pub fn data(bytes: impl Into<bytes::Bytes>) -> Self {
        Self {
            part: Some(append_chunk::Part::Data(bytes.into())),
        }
    }

    /// The last message of a part that is whole.
    #[must_use]
    pub const fn end() -> Self {
        Self {
            part: Some(append_chunk::Part::End(UploadEnd {})),
        }
    }
}

impl UploadSession {
    /// When it is forgotten.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.expires_at_us)
    }
}

impl RenditionChunk {
    /// Bytes of the rendition.
    #[must_use]
    pub const fn data(bytes: bytes::Bytes) -> Self {
        Self {
            part: Some(rendition_chunk::Part::Data(bytes)),
        }
    }
}

macro_rules! typed_event {
    ($($message:ident),*) => {$(
        impl $message {
            /// The id of the item.
            #[must_use]
            pub const fn media(&self) -> MediaId {
                MediaId::new(self.media_id)
            }

            /// The account that owns it.
            #[must_use]
            pub const fn owner(&self) -> AccountId {
                AccountId::new(self.owner_id)
            }
        }
    )*};
}

typed_event!(MediaUploaded, MediaReady, MediaFailed, MediaDeleted);
