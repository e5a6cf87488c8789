//! What a push subscription is told of.

use crate::{Kind, PushPolicy};

/// The most pushes that are claimed at once.
pub const PUSHES_LIMIT_MAX: u32 = 100;

/// What a subscription can be told of. Of some of it nobody is told yet: clients name them all, and
/// find again what they said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// A post mentions the account, or replies to a post of it.
    Mention,
    /// Somebody posts whom the account follows to be told of it.
    Status,
    /// Somebody reshares a post of the account.
    Reblog,
    /// Somebody follows the account.
    Follow,
    /// Somebody asks to follow the account.
    FollowRequest,
    /// Somebody likes a post of the account.
    Favourite,
    /// A poll has ended.
    Poll,
    /// A post that the account reshared was changed.
    Update,
    /// Somebody signed up.
    AdminSignUp,
    /// Somebody reported something.
    AdminReport,
}

impl Alert {
    /// All that there is. Kept as bits in this order: a new one goes to the end.
    pub const ALL: [Self; 10] = [
        Self::Mention,
        Self::Status,
        Self::Reblog,
        Self::Follow,
        Self::FollowRequest,
        Self::Favourite,
        Self::Poll,
        Self::Update,
        Self::AdminSignUp,
        Self::AdminReport,
    ];

    /// Its name in Mastodon's API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Status => "status",
            Self::Reblog => "reblog",
            Self::Follow => "follow",
            Self::FollowRequest => "follow_request",
            Self::Favourite => "favourite",
            Self::Poll => "poll",
            Self::Update => "update",
            Self::AdminSignUp => "admin.sign_up",
            Self::AdminReport => "admin.report",
        }
    }

    /// That with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alert| alert.name() == name)
    }

    /// What somebody wants who wants to be told of this kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Unspecified => None,
            Kind::Favourite => Some(Self::Favourite),
            Kind::Mention => Some(Self::Mention),
            Kind::Follow => Some(Self::Follow),
            Kind::Reshare => Some(Self::Reblog),
            Kind::FollowRequest => Some(Self::FollowRequest),
            Kind::NewPost => Some(Self::Status),
            Kind::Edit => Some(Self::Update),
        }
    }
}

impl PushPolicy {
    /// Its name in Mastodon's API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified | Self::All => "all",
            Self::Followed => "followed",
            Self::Follower => "follower",
            Self::None => "none",
        }
    }

    /// That with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::All, Self::Followed, Self::Follower, Self::None]
            .into_iter()
            .find(|policy| policy.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        for alert in Alert::ALL {
            assert_eq!(Alert::named(alert.name()), Some(alert));
        }
        assert_eq!(Alert::named("emoji"), None);
        for policy in ["all", "followed", "follower", "none"] {
            assert_eq!(
                PushPolicy::named(policy).map(PushPolicy::name),
                Some(policy)
            );
        }
        assert_eq!(PushPolicy::named("some"), None);
    }

    #[test]
    fn each_kind_can_be_wanted() {
        for kind in Kind::ALL {
            assert!(Alert::of(kind).is_some(), "{kind:?}");
        }
    }
}
