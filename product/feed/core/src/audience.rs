//! Whose home timeline a post belongs in.
//!
//! The rule is Mastodon's, so that people's apps show what they are used to:
//! - a post is for its author and for those who follow the author;
//! - a direct post is, of these, only for those it mentions;
//! - a reply to someone else is, of these, only for those who also follow the one replied to, and
//!   for the one replied to; a reply to oneself is for all of them.
//!
//! This is about what belongs together on a page, not about who may see what: that is decided by
//! the read pipeline.

use business_posts_gateway::{PostHead, PostId, Visibility};
use infra_kernel::AccountId;

/// A post's place in timelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) post: PostId,
    pub(crate) author: AccountId,
}

/// A post's place, with whom it replies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimelineEntry {
    pub(crate) entry: Entry,
    /// The author it replies to, when that is someone else.
    pub(crate) replied_to: Option<AccountId>,
}

/// Among its author's followers, for whom a post is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    Followers,
    Mentioned(Vec<AccountId>),
    /// Of a kind that this version does not know: shown to nobody rather than to the wrong ones.
    Nobody,
}

/// A post on its way to timelines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) timeline_entry: TimelineEntry,
    pub(crate) reach: Reach,
}

impl Delivery {
    pub(crate) fn of(head: &PostHead) -> Self {
        let author = AccountId::new(head.author_id);
        let replied_to = Some(AccountId::new(head.in_reply_to_author_id))
            .filter(|replied_to| replied_to.get() != 0 && *replied_to != author);
        let reach = match head.visibility() {
            Visibility::Public | Visibility::Unlisted | Visibility::Private => Reach::Followers,
            Visibility::Direct => Reach::Mentioned(
                head.mentioned_ids
                    .iter()
                    .copied()
                    .map(AccountId::new)
                    .collect(),
            ),
            Visibility::Unspecified => Reach::Nobody,
        };
        let post = PostId::new(head.id);
        Self {
            timeline_entry: TimelineEntry {
                entry: Entry { post, author },
                replied_to,
            },
            reach,
        }
    }

    /// Whether the post is for this reader, who is its author or follows its author.
    pub(crate) fn is_for(
        &self,
        reader: AccountId,
        follows: impl FnOnce(AccountId) -> bool,
    ) -> bool {
        if reader == self.timeline_entry.entry.author {
            return true;
        }
        let reached = match &self.reach {
            Reach::Followers => true,
            Reach::Mentioned(mentioned) => mentioned.contains(&reader),
            Reach::Nobody => false,
        };
        reached
            && self
                .timeline_entry
                .replied_to
                .is_none_or(|replied_to| replied_to == reader || follows(replied_to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHOR: AccountId = AccountId::new(1);
    const READER: AccountId = AccountId::new(2);
    const OTHER: AccountId = AccountId::new(3);

    fn delivery(visibility: Visibility, mentioned: &[AccountId], replied_to: u64) -> Delivery {
        Delivery::of(&PostHead {
            id: 9,
            author_id: AUTHOR.get(),
            visibility: visibility.into(),
            mentioned_ids: mentioned.iter().map(|id| id.get()).collect(),
            in_reply_to_author_id: replied_to,
            ..PostHead::default()
        })
    }

    #[test]
    fn visibility_decides_among_followers() {
        use Visibility::{Direct, Private, Public, Unlisted, Unspecified};
        for (visibility, mentioned, expected) in [
            (Public, &[][..], true),
            (Unlisted, &[], true),
            (Private, &[], true),
            (Direct, &[], false),
            (Direct, &[OTHER], false),
            (Direct, &[OTHER, READER], true),
            (Unspecified, &[READER], false),
        ] {
            let delivery = delivery(visibility, mentioned, 0);
            assert_eq!(
                delivery.is_for(READER, |_| false),
                expected,
                "{visibility:?} {mentioned:?}"
            );
            assert!(
                delivery.is_for(AUTHOR, |_| false),
                "an author has their own posts"
            );
        }
    }

    #[test]
    fn a_reply_is_for_those_who_follow_both() {
        let public = |replied_to: AccountId| delivery(Visibility::Public, &[], replied_to.get());
        assert!(!public(OTHER).is_for(READER, |_| false));
        assert!(public(OTHER).is_for(READER, |whom| whom == OTHER));
        assert!(
            public(READER).is_for(READER, |_| false),
            "a reply to the reader"
        );
        assert!(
            public(AUTHOR).is_for(READER, |_| false),
            "a reply to oneself"
        );
    }
}
