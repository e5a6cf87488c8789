//! What is kept at hand: items, what is known of renditions, and the bytes of those that are asked for.
//!
//! It is exact. Whoever changes rows forgets what they held once the change is committed and before the change is
//! answered. Whoever fills the cache says since when it has been reading; what was forgotten in between is not put back,
//! so a slow reader cannot bring a deleted photo back.

use std::sync::{Arc, PoisonError, RwLock};

use business_media_gateway::MediaItem;
use bytes::Bytes;
use infra_blob::BlobKey;
use infra_cache::{Cache, WeightBound};
use infra_kernel::MediaId;

/// Items kept, at about a kilobyte each.
const ITEMS_MAX: u64 = 20_000;
/// Renditions whose type, length and other forms are kept, at about two hundred bytes each.
const HEADS_MAX: u64 = 50_000;
/// The largest rendition whose bytes are kept: it is handed on in one message, which between processes may have 4 MiB.
pub(crate) const BODY_BYTES_MAX: u64 = 3 * 1024 * 1024;

/// What a rendition mostly is: the middle one of three.
const BODY_BYTES_TYPICAL: u64 = 100 * 1024;

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
    /// The rendition itself.
    pub(crate) itself: Form,
    /// Whether an item that everyone may see has it.
    pub(crate) open: bool,
    /// Its other forms.
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

/// Changes seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since(u64);

pub(crate) struct Caches {
    changes: RwLock<u64>,
    items: Cache<MediaId, Arc<MediaItem>>,
    heads: Cache<BlobKey, Head>,
    bodies: Cache<BlobKey, Bytes>,
}

impl Caches {
    pub(crate) fn new(bodies_bytes_max: u64) -> Self {
        Self {
            changes: RwLock::new(0),
            items: Cache::bounded(ITEMS_MAX),
            heads: Cache::bounded(HEADS_MAX),
            bodies: Cache::weighted(&WeightBound {
                total_max: bodies_bytes_max,
                entry_max: BODY_BYTES_MAX,
                entry_typical: BODY_BYTES_TYPICAL,
                weigh: |_, bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            }),
        }
    }

    /// To be asked before the database is, and handed in with what the database answered.
    pub(crate) fn since(&self) -> Since {
        Since(*self.changes.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn item(&self, id: MediaId) -> Option<Arc<MediaItem>> {
        self.items.get(&id)
    }

    pub(crate) fn head(&self, key: BlobKey) -> Option<Head> {
        self.heads.get(&key)
    }

    pub(crate) fn body(&self, key: BlobKey) -> Option<Bytes> {
        self.bodies.get(&key)
    }

    pub(crate) fn keep_item(&self, since: Since, item: Arc<MediaItem>) {
        self.keep(since, || self.items.insert(item.media(), item));
    }

    pub(crate) fn keep_head(&self, since: Since, key: BlobKey, head: Head) {
        self.keep(since, || self.heads.insert(key, head));
    }

    pub(crate) fn keep_body(&self, since: Since, key: BlobKey, bytes: Bytes) {
        self.keep(since, || self.bodies.insert(key, bytes));
    }

    /// Forgets items whose rows changed, and renditions that lost or got a row, got another form, or are open now or no
    /// longer.
    pub(crate) fn forget(&self, items: &[MediaId], renditions: &[BlobKey]) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        for id in items {
            self.items.invalidate(id);
        }
        for key in renditions {
            self.heads.invalidate(key);
            self.bodies.invalidate(key);
        }
    }

    /// Puts unless something was forgotten since. The lock is held meanwhile, so nothing is forgotten in between either.
    fn keep(&self, since: Since, put: impl FnOnce()) {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        if *changes == since.0 {
            put();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let caches = Caches::new(1_000);
        let key = BlobKey::of(b"photo");
        let since = caches.since();
        caches.forget(&[], &[key]);
        caches.keep_body(since, key, Bytes::from_static(b"photo"));
        assert_eq!(caches.body(key), None);
        caches.keep_body(caches.since(), key, Bytes::from_static(b"photo"));
        assert_eq!(caches.body(key), Some(Bytes::from_static(b"photo")));
    }
}
