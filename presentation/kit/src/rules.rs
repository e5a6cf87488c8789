//! Who may see what. The only place where that is decided: every surface, list and single thing goes through here.
//!
//! The rules are asked again at every read, cached or not, with the viewer's relationships as they are now.

use business_graph_gateway::Relationship;
use business_posts_gateway::{PostHead, Visibility};
use infra_kernel::AccountId;

/// How someone who looks stands to an author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not signed in.
    Visitor,
    /// Signed in, and does not follow the author.
    Stranger,
    /// Follows the author.
    Follower,
    /// Is the author.
    Author,
}

impl Standing {
    /// How a viewer stands to an author; `relationship` is the viewer's to that author.
    #[must_use]
    pub fn of(
        viewer: Option<AccountId>,
        author: AccountId,
        relationship: Option<&Relationship>,
    ) -> Self {
        match viewer {
            None => Self::Visitor,
            Some(viewer) if viewer == author => Self::Author,
            Some(_) if relationship.is_some_and(|relationship| relationship.following) => {
                Self::Follower
            }
            Some(_) => Self::Stranger,
        }
    }
}

/// Whether a post may be seen. A visibility that this program does not know is seen by its author alone.
#[must_use]
pub fn may_see(viewer: Option<AccountId>, standing: Standing, post: &PostHead) -> bool {
    let mentioned = viewer.is_some_and(|viewer| post.mentioned_ids.contains(&viewer.get()));
    match post.visibility() {
        Visibility::Public | Visibility::Unlisted => true,
        Visibility::Private => {
            matches!(standing, Standing::Author | Standing::Follower) || mentioned
        }
        Visibility::Direct => standing == Standing::Author || mentioned,
        Visibility::Unspecified => standing == Standing::Author,
    }
}

/// The visibilities to ask for when an author's posts are listed for someone who stands so, beside the posts that mention
/// them; all when there are none. [`may_see`] still decides about each post. But where a page goes on is told by what was
/// asked for: asking for more would tell of posts that are not shown.
#[must_use]
pub const fn visibilities_to_list(standing: Standing) -> &'static [Visibility] {
    match standing {
        Standing::Visitor | Standing::Stranger => &[Visibility::Public, Visibility::Unlisted],
        Standing::Follower => &[
            Visibility::Public,
            Visibility::Unlisted,
            Visibility::Private,
        ],
        Standing::Author => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHOR: AccountId = AccountId::new(1);
    const READER: AccountId = AccountId::new(2);

    fn seen_by(
        visibility: Visibility,
        viewer: Option<AccountId>,
        following: bool,
        mentioned: bool,
    ) -> bool {
        let post = PostHead {
            author_id: AUTHOR.get(),
            visibility: visibility.into(),
            mentioned_ids: if mentioned {
                vec![READER.get()]
            } else {
                vec![]
            },
            ..PostHead::default()
        };
        let relationship = Relationship {
            target_id: AUTHOR.get(),
            following,
            ..Relationship::default()
        };
        may_see(
            viewer,
            Standing::of(viewer, AUTHOR, Some(&relationship)),
            &post,
        )
    }

    #[test]
    fn every_visibility_for_every_viewer() {
        use Visibility::{Direct, Private, Public, Unlisted, Unspecified};
        // Columns: visitor, stranger, follower, mentioned stranger, author.
        for (visibility, expected) in [
            (Public, [true, true, true, true, true]),
            (Unlisted, [true, true, true, true, true]),
            (Private, [false, false, true, true, true]),
            (Direct, [false, false, false, true, true]),
            (Unspecified, [false, false, false, false, true]),
        ] {
            let seen = [
                seen_by(visibility, None, true, false),
                seen_by(visibility, Some(READER), false, false),
                seen_by(visibility, Some(READER), true, false),
                seen_by(visibility, Some(READER), false, true),
                seen_by(visibility, Some(AUTHOR), false, false),
            ];
            assert_eq!(seen, expected, "{visibility:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_what_may_be_seen_and_no_more() {
        for standing in [
            Standing::Visitor,
            Standing::Stranger,
            Standing::Follower,
            Standing::Author,
        ] {
            let asked = visibilities_to_list(standing);
            for visibility in Visibility::ALL {
                let post = PostHead {
                    visibility: visibility.into(),
                    ..PostHead::default()
                };
                let is_asked_for = asked.is_empty() || asked.contains(&visibility);
                let is_seen = may_see(None, standing, &post);
                assert_eq!(is_asked_for, is_seen, "{standing:?} {visibility:?}");
            }
        }
    }
}
