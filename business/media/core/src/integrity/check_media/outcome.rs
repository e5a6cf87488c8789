//! What a repair did, and how that is said.

use crate::store::renditions;

/// What was done about an item.
#[derive(Debug, Default)]
pub(super) struct RepairOutcome {
    /// Nothing was left of it.
    pub(super) gave_up: bool,
    /// The loss of its original was recorded, or its return.
    pub(super) original: bool,
    /// The names of renditions that were made again, and of an animation that is done without.
    pub(super) renditions: Vec<String>,
    /// Other forms of renditions were released.
    pub(super) alternates: bool,
}

impl RepairOutcome {
    pub(super) const fn about_original(&self) -> &'static str {
        match (self.gave_up, self.original) {
            (true, _) => " Nothing is left of it; it is marked as lost.",
            (_, true) => " Its renditions are served as before.",
            _ => "",
        }
    }

    /// Whether something was done about a rendition, and what.
    pub(super) fn about_rendition(&self, name: &str) -> (bool, &'static str) {
        let repaired_item = self
            .renditions
            .iter()
            .any(|repaired_item| repaired_item == name);
        match (self.gave_up, repaired_item) {
            (true, _) => (true, " Nothing is left of the photo; it is marked as lost."),
            (_, true) if name == renditions::ANIMATION => {
                (true, " It was made again, or is done without.")
            }
            (_, true) => (true, " It was made again."),
            _ => (false, ""),
        }
    }

    pub(super) const fn about_alternate(&self) -> (bool, &'static str) {
        if self.gave_up || self.alternates {
            return (true, " It is made again when nothing else waits.");
        }
        (false, "")
    }
}
