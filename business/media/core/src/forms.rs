//! The forms that a picture is sent in: what the database says of them, and readers choose from.

use std::sync::Arc;

use infra_blob::BlobKey;

/// What a rendition is sent as: itself, or another form of the same picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) key: BlobKey,
    pub(crate) content_type: Arc<str>,
    pub(crate) bytes: u64,
}

/// What is known of a rendition.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// What its address names: sent to readers that prefer none of the others.
    pub(crate) itself: Form,
    /// Whether an item that everyone may see has it.
    pub(crate) open: bool,
    /// The same picture as WebP or AVIF; none while they are not made, or were not worth keeping.
    pub(crate) others: Arc<[Form]>,
    /// Whether an item that has it waits for more of them.
    pub(crate) forms_to_come: bool,
}

impl Head {
    /// The form that a reader with these preferences, best first, is sent.
    pub(crate) fn preferred(&self, types: &[String]) -> &Form {
        let mut preferred = types.iter().filter_map(|wanted| {
            self.others
                .iter()
                .find(|form| *form.content_type == **wanted)
        });
        preferred.next().unwrap_or(&self.itself)
    }
}
