//! Cards: posts and people with all that is needed to show them, the same for every viewer and
//! shared between them; and what is shown of them, with what is a viewer's own or moves by itself.

mod renderings;

use std::ops::Deref;
use std::sync::Arc;

use business_accounts_gateway::Account;
use business_graph_gateway::{AccountFilter, GraphStats};
use business_media_gateway::MediaItem;
use business_posts_gateway::{AuthorStats, Post, PostHead};

use crate::rules::ViewerRelation;

pub use renderings::Renderings;

/// An account with its pictures and counts. The counts may be half a minute old in a card.
#[derive(Debug)]
pub struct Person {
    /// The account, as the accounts domain has it.
    pub account: Account,
    /// Its picture, when it has one that is ready.
    pub avatar: Option<MediaItem>,
    /// Its header, when it has one that is ready.
    pub header: Option<MediaItem>,
    /// How many follow them, and how many they follow.
    pub graph: GraphStats,
    /// Posts, and when the last one.
    pub posts: AuthorStats,
}

/// A post as one viewer is shown it: the card that all viewers share, and beside it what is not in
/// it.
///
/// A card with its renderings is kept; the rest is asked for at each read. So a reply or a like
/// leaves the card as it is, and is seen at once.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is the same for every viewer.
    pub card: Arc<Card>,
    /// How many replied and so on, as it is now.
    pub counts: Counts,
    /// How the viewer stands to the author.
    pub relation: ViewerRelation,
    /// What the viewer has done with the post; none for a visitor.
    pub marks: Option<Marks>,
    /// The viewer's filters that match it; none match what the viewer has written.
    pub filtered: Vec<FilterMatch>,
    /// Of a reshare, what it shows again: then counts and marks are of that.
    pub reshared: Option<Box<Self>>,
}

/// Numbers of a post that move while the post stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Replies that everyone may see.
    pub replies: u64,
    /// Likes, of all who like it.
    pub likes: u64,
    /// Reshares that everyone may see.
    pub reshares: u64,
}

/// What a viewer has done with a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Whether the viewer likes it.
    pub liked: bool,
    /// Whether the viewer wants to find it again.
    pub bookmarked: bool,
    /// Whether the viewer has shown it again.
    pub reshared: bool,
    /// Whether the viewer has it on top of their page.
    pub pinned: bool,
}

/// A filter of a viewer's that matches a post.
#[derive(Debug, Clone)]
pub struct FilterMatch {
    /// The filter, without its keywords and posts.
    pub filter: Arc<AccountFilter>,
    /// The first of its keywords that is in the post, as the viewer has written it.
    pub keyword: Option<String>,
    /// Of the post and what it shows again, what the filter names.
    pub posts: Vec<u64>,
}

impl Shown {
    /// A post as a viewer is shown it who stands so to its author and has marked it so; `head` is
    /// the post's as it is now, and so many like it.
    #[must_use]
    pub fn new(
        card: Arc<Card>,
        head: &PostHead,
        relation: ViewerRelation,
        likes: u64,
        marks: Marks,
    ) -> Self {
        let marks = Marks {
            // Of a reshare the head is that of what it shows again, which others may have pinned.
            pinned: head.id == card.head.id && head.pinned && relation.is_author(),
            ..marks
        };
        Self {
            card,
            counts: Counts {
                replies: head.replies_count,
                likes,
                reshares: head.reshares_count,
            },
            relation,
            marks: (!relation.is_visitor()).then_some(marks),
            filtered: Vec::new(),
            reshared: None,
        }
    }

    /// The post itself: what a reshare shows again, or this.
    #[must_use]
    pub fn original(self) -> Self {
        match self.reshared {
            Some(reshared) => *reshared,
            None => self,
        }
    }
}

impl Deref for Shown {
    type Target = Card;

    fn deref(&self) -> &Card {
        &self.card
    }
}

/// A post with its author and pictures.
#[derive(Debug)]
pub struct Card {
    /// What the rules looked at when it was made.
    pub head: PostHead,
    /// The post. Its counts are as old as the card: [`Shown::counts`] are current.
    pub post: Post,
    /// Who posted it: with another revision of theirs the card is out of date.
    pub author: Arc<Person>,
    /// Its pictures that are ready or have failed, in order; a failed one has nothing to show but
    /// its description.
    pub media: Vec<MediaItem>,
    /// The application it was posted with; empty for the web page.
    pub application: Option<(String, String)>,
    /// What surfaces have made of it, kept with it.
    pub renderings: Renderings,
}
