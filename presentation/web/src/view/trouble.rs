//! What was wrong with a form.

use infra_kernel::Error;

/// An error to be shown in the form it came from. Empty when nothing was wrong.
#[derive(Debug, Default)]
pub(crate) struct FormTrouble {
    field: String,
    pub(crate) text: String,
}

impl FormTrouble {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn of(error: &Error) -> Self {
        Self {
            field: error.field().unwrap_or_default().to_owned(),
            text: error.public().to_owned(),
        }
    }

    pub(crate) fn is_any(&self) -> bool {
        !self.text.is_empty()
    }

    pub(crate) fn is_about(&self, field: &str) -> bool {
        self.is_any() && self.field == field
    }

    /// Whether it belongs above the form because none of these fields, separated by spaces, will show it.
    pub(crate) fn is_other_than(&self, fields: &str) -> bool {
        self.is_any() && !fields.split(' ').any(|field| field == self.field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_shown_once_where_it_belongs() {
        let trouble = FormTrouble::of(&Error::invalid("email", "Not an address."));
        assert!(trouble.is_about("email") && !trouble.is_about("username"));
        assert!(!trouble.is_other_than("username email"));
        assert!(trouble.is_other_than("username"));
        assert!(!FormTrouble::none().is_other_than("username"));
        assert!(!FormTrouble::none().is_about(""));
    }
}
