//! What the reader returns beside single things.

use crate::card::Shown;
use crate::paging::Cursors;

/// Things of a page, and where it continues.
#[derive(Debug)]
pub struct Listing<T> {
    /// What may be seen, newest first.
    pub items: Vec<T>,
    /// Where the listing continues.
    pub cursors: Cursors,
}

/// Which of an author's posts are asked for.
#[derive(Debug, Clone, Default)]
pub struct AuthorFilter {
    /// Only posts with pictures.
    pub only_media: bool,
    /// No replies to others.
    pub exclude_replies: bool,
    /// Nothing that is shown again.
    pub exclude_reshares: bool,
    /// Only posts with this hashtag; empty for all.
    pub tag: String,
}

/// A post and the posts round it.
#[derive(Debug)]
pub struct Conversation {
    /// Its ancestors, oldest first.
    pub ancestors: Vec<Shown>,
    /// Its replies, depth first.
    pub descendants: Vec<Shown>,
}

impl<T> Listing<T> {
    /// A page that nothing can be on.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            cursors: Cursors::default(),
        }
    }
}
