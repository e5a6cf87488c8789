//! The contract of the posts domain: its service, messages and events, generated from `proto/`, and
//! the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of posts is here; how it works is in its
//! core.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;
mod messages;
pub mod text;
mod visibility;

pub use generated::*;

infra_kernel::define_id! {
    /// A post; a comment is a post that replies to another.
    PostId;
    /// One account following one hashtag; pages of followed hashtags are ordered by it.
    TagFollowId;
}

/// The most ids (of posts or of authors' numbers) that one request may name.
pub const IDS_MAX: usize = 500;
/// The most authors whose posts one request may merge.
pub const MERGED_AUTHORS_MAX: usize = 100;
/// The most posts on one page.
pub const PAGE_LIMIT_MAX: u32 = 500;
/// The most hashtags whose use one request may ask for.
pub const TAGS_MAX: usize = 20;
/// The most hashtags that one search returns.
pub const TAGS_FOUND_MAX: u32 = 40;
/// How many days the use of a hashtag goes back, today among them.
pub const TAG_DAYS: usize = 7;
/// The most posts that are on top of an author's page.
pub const PINNED_MAX: u32 = 5;
/// The most changes of one post.
pub const EDITS_MAX: u32 = 100;
/// The most accounts whose reshares one event about a change names.
pub const RESHARED_BY_MAX: u32 = 100;
/// The most posts upwards that a conversation holds.
pub const ANCESTORS_MAX: u32 = 100;
/// The most posts downwards that a conversation holds.
pub const DESCENDANTS_MAX: u32 = 500;

/// The topics of this domain's events.
pub mod topics {
    /// A post was published: [`PostPublished`](super::PostPublished). Its key is the post.
    pub const PUBLISHED: &str = "posts.published";
    /// A post was deleted: [`PostDeleted`](super::PostDeleted). Its key is the post.
    pub const DELETED: &str = "posts.deleted";
    /// A post says or shows something else: [`PostEdited`](super::PostEdited). Its key is the post.
    pub const EDITED: &str = "posts.edited";
}
