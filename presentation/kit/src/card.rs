//! Cards: posts and people with all that is needed to show them, the same for every viewer and shared between them.

mod renderings;

use std::sync::Arc;

use business_accounts_gateway::Account;
use business_graph_gateway::GraphStats;
use business_media_gateway::MediaItem;
use business_posts_gateway::{AuthorStats, Post, PostHead};

pub use renderings::Renderings;

/// An account with its pictures and counts. The counts may be half a minute old in a card.
#[derive(Debug)]
pub struct Person {
    /// The account.
    pub account: Account,
    /// Its picture, when it has one that is ready.
    pub avatar: Option<MediaItem>,
    /// Its header, when it has one that is ready.
    pub header: Option<MediaItem>,
    /// Followers and following.
    pub graph: GraphStats,
    /// Posts, and when the last one.
    pub posts: AuthorStats,
}

/// A post with its author and pictures.
#[derive(Debug)]
pub struct Card {
    /// What the rules looked at.
    pub head: PostHead,
    /// The post.
    pub post: Post,
    /// Who posted it.
    pub author: Arc<Person>,
    /// Its pictures that are ready or have failed, in order; a failed one has nothing to show but its description.
    pub media: Vec<MediaItem>,
    /// The application it was posted with; empty for the web page.
    pub application: Option<(String, String)>,
    /// What surfaces have made of it, kept with it.
    pub renderings: Renderings,
}
