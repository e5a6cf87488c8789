//! What is cached: items, what is known of renditions, and the bytes of those that are asked for.
//!
//! It is exact: what changes rows invalidates what was cached of them in the hook of its write, and
//! what is read is inserted only if nothing of it was written since, so a slow reader cannot bring
//! a deleted photo back.

use std::sync::Arc;

use business_media_gateway::{MediaId, MediaItem};
use bytes::Bytes;
use infra_blob::BlobKey;
use infra_cache::{VersionedCache, WeightBound};

use crate::forms::Head;

/// Items kept, at about a kilobyte each.
const ITEMS_MAX: u64 = 20_000;
/// Renditions whose type, length and other forms are kept, at about two hundred bytes each.
const HEADS_MAX: u64 = 50_000;
/// The largest rendition whose bytes are kept: it is passed on in one message, which between
/// processes may have 4 MiB.
pub(crate) const BODY_BYTES_MAX: u64 = 3 * 1024 * 1024;

/// What a rendition mostly is: the middle one of three.
const BODY_BYTES_TYPICAL: u64 = 100 * 1024;

pub(crate) struct Caches {
    pub(crate) items: VersionedCache<MediaId, Arc<MediaItem>>,
    pub(crate) heads: VersionedCache<BlobKey, Head>,
    pub(crate) bodies: VersionedCache<BlobKey, Bytes>,
}

impl Caches {
    pub(crate) fn new(bodies_bytes_max: u64) -> Self {
        Self {
            items: VersionedCache::bounded(ITEMS_MAX),
            heads: VersionedCache::bounded(HEADS_MAX),
            bodies: VersionedCache::weighted(&WeightBound {
                total_max: bodies_bytes_max,
                entry_max: BODY_BYTES_MAX,
                entry_typical: BODY_BYTES_TYPICAL,
                weigh: |_, bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            }),
        }
    }

    /// Invalidates items whose rows changed, and renditions that lost or got a row, got another
    /// form, or are open now or no longer.
    pub(crate) fn invalidate(&self, items: &[MediaId], renditions: &[BlobKey]) {
        for id in items {
            self.items.invalidate(id);
        }
        for key in renditions {
            self.heads.invalidate(key);
            self.bodies.invalidate(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let caches = Caches::new(100_000_000);
        let key = BlobKey::of(b"photo");
        let version = caches.bodies.version(&key);
        caches.invalidate(&[], &[key]);
        caches
            .bodies
            .insert(key, version, Bytes::from_static(b"photo"));
        assert_eq!(caches.bodies.get(&key), None);
    }

    #[test]
    fn the_largest_body_is_kept_where_the_bound_leaves_room_for_it() {
        for bodies_bytes_max in [2 * BODY_BYTES_MAX, 64 * 1024 * 1024] {
            let caches = Caches::new(bodies_bytes_max);
            let largest = Bytes::from(vec![0; usize::try_from(BODY_BYTES_MAX).unwrap()]);
            let key = BlobKey::of(b"large");
            caches
                .bodies
                .insert(key, caches.bodies.version(&key), largest);
            assert!(caches.bodies.get(&key).is_some());
        }
    }
}
