//! A person.

use business_graph_gateway::Relationship;
use infra_kernel::AccountId;
use presentation_kit::{Person, Site, text};

use crate::view::{Count, PhotoView};

/// A person as templates show them.
#[derive(Debug, Clone)]
pub(crate) struct PersonView {
    pub(crate) username: String,
    /// The name to show; the handle's when there is none.
    pub(crate) name: String,
    /// "@ada"
    pub(crate) handle: String,
    pub(crate) path: String,
    pub(crate) avatar: Option<PhotoView>,
    /// What stands where a picture would.
    pub(crate) initial: String,
    /// The profile's text as it was written, to be escaped.
    pub(crate) note: String,
    pub(crate) note_html: String,
    pub(crate) posts: Count,
    pub(crate) followers: Count,
    pub(crate) followed: Count,
    pub(crate) is_viewer: bool,
    pub(crate) can_follow: bool,
    pub(crate) following: bool,
    /// The viewer has asked to follow them.
    pub(crate) requested: bool,
    pub(crate) follows_viewer: bool,
}

impl PersonView {
    /// As everyone sees them.
    pub(crate) fn of(site: &Site, person: &Person) -> Self {
        let account = &person.account;
        let shown = account.display_name.trim();
        let name = if shown.is_empty() {
            account.username.clone()
        } else {
            shown.to_owned()
        };
        Self {
            handle: format!("@{}", account.username),
            path: format!("/@{}", account.username),
            avatar: person
                .avatar
                .as_ref()
                .and_then(|item| PhotoView::of(site, item)),
            initial: name
                .chars()
                .find(|letter| letter.is_alphanumeric())
                .map_or_else(
                    || "·".to_owned(),
                    |letter| letter.to_uppercase().to_string(),
                ),
            name,
            note: account.note.clone(),
            note_html: text::to_html(site, &account.note, &[]),
            // Without replies, which a profile does not list.
            posts: Count::of(person.posts.top_level_posts),
            followers: Count::of(person.graph.followers),
            followed: Count::of(person.graph.following),
            is_viewer: false,
            can_follow: false,
            following: false,
            requested: false,
            follows_viewer: false,
            username: account.username.clone(),
        }
    }

    /// As a viewer sees them, whose relationship to them this is.
    pub(crate) fn seen_by(
        site: &Site,
        person: &Person,
        viewer: Option<AccountId>,
        relationship: Option<&Relationship>,
    ) -> Self {
        let is_viewer = viewer.is_some_and(|viewer| viewer.get() == person.account.id);
        Self {
            is_viewer,
            can_follow: viewer.is_some() && !is_viewer,
            following: relationship.is_some_and(|relationship| relationship.following),
            requested: relationship.is_some_and(|relationship| relationship.requested),
            follows_viewer: relationship.is_some_and(|relationship| relationship.followed_by),
            ..Self::of(site, person)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_person_without_a_name_goes_by_the_handle() {
        let mut person = samples::person(1, "ada", "  ");
        let view = PersonView::of(&samples::site(), &person);
        assert_eq!(
            (
                view.name.as_str(),
                view.handle.as_str(),
                view.initial.as_str()
            ),
            ("ada", "@ada", "A")
        );
        person.account.display_name = "✨ élodie".into();
        assert_eq!(PersonView::of(&samples::site(), &person).initial, "É");
    }

    #[test]
    fn nobody_is_offered_to_follow_themselves() {
        let person = samples::person(1, "ada", "Ada");
        let seen_by = |viewer: Option<u64>| {
            PersonView::seen_by(&samples::site(), &person, viewer.map(AccountId::new), None)
        };
        assert!(!seen_by(Some(1)).can_follow && seen_by(Some(1)).is_viewer);
        assert!(seen_by(Some(2)).can_follow && !seen_by(Some(2)).is_viewer);
        assert!(!seen_by(None).can_follow);
    }
}
