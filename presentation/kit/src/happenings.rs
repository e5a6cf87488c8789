//! What happens on this server, as it happens: for surfaces that tell those who listen. The
//! composition hands it to them, because no surface knows the bus.
//!
//! It is about what may be worth telling somebody, and says nothing of who may see it: that is
//! asked of [`crate::Reader`] at that moment.

use async_trait::async_trait;
use business_posts_gateway::PostHead;
use infra_kernel::{AccountId, Context, Result, Timestamp};
use product_notifications_gateway::NotificationId;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A post or a reshare is there.
    Published(PostHead),
    /// A post says or shows something else.
    Edited {
        /// As it is since.
        head: PostHead,
        /// Whom it mentions since then.
        newly_mentioned_ids: Vec<u64>,
    },
    /// A post or a reshare has gone.
    Deleted {
        /// As it was.
        head: PostHead,
        /// The hashtags in whose lists it stood.
        tag_names: Vec<String>,
    },
    /// An account was told something, and finds it.
    Told(AccountId, NotificationId),
    /// Sessions of an account have ended.
    SignedOut(AccountId),
}

/// Something that happened, as it is heard of.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The server's own, by the name of the operation that caused it: to find out who may be
    /// concerned.
    pub context: Context,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub happening: Happening,
}

/// Where surfaces hear of what happens.
#[async_trait]
pub trait Happenings: Send + Sync + 'static {
    /// Begins to watch: all that happens after this returned is seen, unless there is too much of
    /// it.
    ///
    /// # Errors
    /// When what happens cannot be seen now.
    async fn watch(&self) -> Result<Box<dyn Watch>>;
}

/// What happens from a moment on.
#[async_trait]
pub trait Watch: Send {
    /// Waits for what happens next, and returns it in order.
    ///
    /// # Errors
    /// When it cannot be seen now; the next call may succeed.
    async fn next(&mut self) -> Result<Vec<Heard>>;
}
