//! Who may see what. The only place where that is decided: every surface, list and single thing
//! goes through here.
//!
//! The rules are asked again at every read, cached or not, with the viewer's relationships as they
//! are now.

use business_graph_gateway::Relationship;
use business_posts_gateway::{PostHead, Visibility};
use infra_kernel::AccountId;

/// How the one who looks stands to an author, as it is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own, and any may go with any other.
pub struct ViewerRelation {
    /// Who looks; none for a visitor, who is not signed in.
    viewer: Option<AccountId>,
    is_author: bool,
    follows: bool,
    /// The viewer does not want to see the author.
    blocks: bool,
    /// The author does not want to be seen by the viewer.
    is_blocked: bool,
    /// The viewer wants to see the author only where they look for them.
    mutes: bool,
    /// The viewer does not want to be told of what the author does.
    mutes_notifications: bool,
    /// The viewer follows the author for what is the author's own.
    hides_reshares: bool,
    /// The viewer reads the author's posts in a list of theirs instead of at home.
    keeps_out_of_home: bool,
}

/// Where a post is about to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The home timeline, from which the viewer may have kept some authors out.
    Home,
    /// Elsewhere where posts of many come by themselves: lists, public lists, a hashtag.
    Timeline,
    /// Round a post that the viewer opened.
    Thread,
    /// Among the posts of an author whom the viewer looked for.
    Profile,
    /// By itself, to someone who has its id or address.
    Direct,
    /// With the case that it is evidence of: to a moderator, for whom it need not be. Only the
    /// domain that keeps the cases knows who is one, and hands a case to nobody else.
    Case,
}

impl Place {
    /// Where a post is shown that somebody reshares in this place. The viewer looked for that
    /// account, or for that reshare, and not for the author of the post.
    #[must_use]
    pub const fn of_reshared(self) -> Self {
        match self {
            Self::Home | Self::Timeline | Self::Thread | Self::Profile => Self::Timeline,
            // What is evidence is the reshare: what it shows is for whom it is for.
            Self::Direct | Self::Case => Self::Direct,
        }
    }

    /// Whether posts of many come by themselves here.
    #[must_use]
    pub const fn is_timeline(self) -> bool {
        matches!(self, Self::Home | Self::Timeline)
    }
}

impl ViewerRelation {
    /// How somebody who is not signed in stands to everyone.
    pub const VISITOR: Self = Self {
        viewer: None,
        is_author: false,
        follows: false,
        blocks: false,
        is_blocked: false,
        mutes: false,
        mutes_notifications: false,
        hides_reshares: false,
        keeps_out_of_home: false,
    };

    /// How a viewer stands to an author; `relationship` is the viewer's to that author.
    #[must_use]
    pub fn of(
        viewer: Option<AccountId>,
        author: AccountId,
        relationship: Option<&Relationship>,
    ) -> Self {
        let Some(viewer) = viewer else {
            return Self::VISITOR;
        };
        Self {
            viewer: Some(viewer),
            is_author: viewer == author,
            follows: relationship.is_some_and(|relationship| relationship.following),
            blocks: relationship.is_some_and(|relationship| relationship.blocking),
            is_blocked: relationship.is_some_and(|relationship| relationship.blocked_by),
            mutes: relationship.is_some_and(|relationship| relationship.muting),
            mutes_notifications: relationship
                .is_some_and(|relationship| relationship.muting_notifications),
            hides_reshares: relationship
                .is_some_and(|relationship| relationship.following && !relationship.show_reblogs),
            keeps_out_of_home: relationship
                .is_some_and(|relationship| relationship.kept_out_of_home),
        }
    }

    /// Whether the one who looks is not signed in.
    #[must_use]
    pub const fn is_visitor(&self) -> bool {
        self.viewer.is_none()
    }

    /// Whether the one who looks is the author.
    #[must_use]
    pub const fn is_author(&self) -> bool {
        self.is_author
    }

    /// Whether the one who looks blocks the author: then they do not reach them either.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        self.blocks
    }

    /// Whether the author blocks the one who looks.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// Whether this account may stand in a list of accounts that is not about it.
    #[must_use]
    pub const fn is_listed(&self) -> bool {
        self.is_author || self.is_welcome(Place::Thread)
    }

    /// Whether the author's posts belong in this place at all for this viewer.
    const fn is_welcome(&self, place: Place) -> bool {
        if self.is_blocked {
            return false;
        }
        match place {
            Place::Home => !self.blocks && !self.mutes && !self.keeps_out_of_home,
            Place::Timeline | Place::Thread => !self.blocks && !self.mutes,
            Place::Profile | Place::Direct | Place::Case => true,
        }
    }

    /// Whether posts of this visibility are addressed to this viewer. One that this program does
    /// not know is seen by its author alone.
    fn is_addressed(&self, visibility: Visibility, is_mentioned: bool) -> bool {
        match visibility {
            open if open.is_open() => true,
            Visibility::Private => self.follows || is_mentioned,
            Visibility::Direct => is_mentioned,
            _ => false,
        }
    }
}

/// Whether a post may be shown in this place.
#[must_use]
pub fn may_see(relation: &ViewerRelation, place: Place, post: &PostHead) -> bool {
    // First: neither a block nor a visibility that is not known here hides one's own posts.
    if relation.is_author {
        return true;
    }
    // Whatever the two are to each other: who is reported may well block a moderator.
    if place == Place::Case {
        return !relation.is_visitor();
    }
    let is_mentioned = relation
        .viewer
        .is_some_and(|viewer| post.mentioned_ids.contains(&viewer.get()));
    let is_unwanted = place.is_timeline() && post.reshare_of().is_some() && relation.hides_reshares;
    !is_unwanted
        && relation.is_welcome(place)
        && relation.is_addressed(post.visibility(), is_mentioned)
}

/// Whether a viewer may be told of what somebody did to whom they stand so: a mute says by itself
/// whether it is about notifications, too. The post that one is about is decided by [`may_see`], as
/// if the viewer had looked for it.
#[must_use]
pub const fn may_be_told_of(relation: &ViewerRelation) -> bool {
    !relation.is_blocked && !relation.blocks && !relation.mutes_notifications
}

/// The visibilities to ask for when an author's posts are listed for someone who stands so, beside
/// the posts that mention them; none when nothing of the author's may be listed, and an empty list
/// when all of it may. [`may_see`] still decides about each post. But where a page continues is
/// decided by what was asked for: asking for more would reveal posts that are not shown.
#[must_use]
pub fn visibilities_to_list(relation: &ViewerRelation) -> Option<Vec<Visibility>> {
    if relation.is_author {
        return Some(Vec::new());
    }
    let is_listed = |visibility: &Visibility| relation.is_addressed(*visibility, false);
    relation
        .is_welcome(Place::Profile)
        .then(|| Visibility::ALL.into_iter().filter(is_listed).collect())
}

#[cfg(test)]
mod tests;
