//! Who may see a post, by the names that the Mastodon API and the accounts domain use.

use crate::Visibility;

impl Visibility {
    /// Every visibility that a post can have.
    pub const ALL: [Self; 4] = [Self::Public, Self::Unlisted, Self::Private, Self::Direct];
    /// Those whose posts are open to everyone.
    pub const OPEN: [Self; 2] = [Self::Public, Self::Unlisted];

    /// Its name: "public", "unlisted", "private" or "direct". No stored post is unspecified; should
    /// one turn up all the same, it is named as the narrowest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
            Self::Direct | Self::Unspecified => "direct",
        }
    }

    /// Whether posts of this visibility are open to everyone, and so may be counted where everyone
    /// reads the count.
    #[must_use]
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }

    /// The visibility with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|visibility| visibility.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_are_public_and_unlisted_posts() {
        let open = Visibility::ALL.map(Visibility::is_open);
        assert_eq!(open, [true, true, false, false]);
        assert!(!Visibility::Unspecified.is_open());
    }

    #[test]
    fn names_lead_back_to_their_visibility() {
        for visibility in Visibility::ALL {
            assert_eq!(Visibility::from_name(visibility.name()), Some(visibility));
        }
        for name in ["", "Public", "unspecified", "followers"] {
            assert_eq!(Visibility::from_name(name), None, "`{name}`");
        }
    }
}
