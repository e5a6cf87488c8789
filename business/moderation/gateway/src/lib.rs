//! The contract of the moderation domain: its service, messages and events, generated from
//! `proto/`, and the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of moderation is here; how it works is in
//! its core.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;

use infra_kernel::{AccountId, define_id};

define_id! {
    /// A case, and the report that opened it; pages of cases are ordered by it.
    CaseId;
}

/// The most cases on one page.
pub const PAGE_LIMIT_MAX: u32 = 80;
/// The most posts that one report may name.
pub const POSTS_MAX: usize = 40;
/// The longest comment of a report, in characters.
pub const COMMENT_CHARACTERS_MAX: usize = 1_000;
/// The longest note, in characters.
pub const NOTE_CHARACTERS_MAX: usize = 2_000;
/// The most events of one case, but for its end, so that it can always be folded as a whole.
pub const EVENTS_MAX: u64 = 300;

/// The topics of this domain's events.
pub mod topics {
    /// Something happened to a case: [`CaseChanged`](super::CaseChanged). Its key is the case.
    pub const CASE_CHANGED: &str = "moderation.case_changed";
}

impl Category {
    /// Every category that a report can have, in the words of the Mastodon API.
    pub const ALL: [Self; 4] = [Self::Other, Self::Spam, Self::Legal, Self::Violation];

    /// The name on the wire; "other" when it is not set.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified | Self::Other => "other",
            Self::Spam => "spam",
            Self::Legal => "legal",
            Self::Violation => "violation",
        }
    }

    /// The category with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl Case {
    /// The case's id, by which pages of cases are ordered.
    #[must_use]
    pub const fn case(&self) -> CaseId {
        CaseId::new(self.id)
    }

    /// The account that is reported.
    #[must_use]
    pub const fn target(&self) -> AccountId {
        AccountId::new(self.target_id)
    }

    /// Every account that the case names, with repetitions.
    pub fn account_ids(&self) -> impl Iterator<Item = u64> {
        let named = [
            self.reporter_id,
            self.target_id,
            self.assignee_id,
            self.resolver_id,
        ];
        named.into_iter().filter(|id| *id != 0)
    }

    /// The posts that the report names, in its order.
    pub fn post_ids(&self) -> impl Iterator<Item = u64> {
        self.evidence.iter().map(|evidence| evidence.post_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_is_found_by_its_name_and_nothing_else_is() {
        for category in Category::ALL {
            assert_eq!(Category::from_name(category.name()), Some(category));
        }
        for name in ["", "Spam", "nonsense"] {
            assert_eq!(Category::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_case_names_only_accounts_that_there_are() {
        let case = Case {
            reporter_id: 1,
            target_id: 2,
            resolver_id: 3,
            ..Case::default()
        };
        assert!(case.account_ids().eq([1, 2, 3]));
    }
}
