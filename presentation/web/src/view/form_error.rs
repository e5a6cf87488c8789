//! What was wrong with a form.

use infra_kernel::Error;

/// An error to be shown in the form it came from. Empty when nothing was wrong.
#[derive(Debug, Default)]
pub(crate) struct FormError {
    /// Each field that was wrong, and its sentence.
    fields: Vec<(String, String)>,
    /// All of it in one text.
    pub(crate) text: String,
}

impl FormError {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn of(error: &Error) -> Self {
        let text = error.public().to_owned();
        let problems = error.field_problems().iter();
        let mut fields: Vec<_> = problems
            .map(|problem| (problem.field().to_owned(), problem.public().to_owned()))
            .collect();
        if fields.is_empty() {
            fields.push((error.field().unwrap_or_default().to_owned(), text.clone()));
        }
        Self { fields, text }
    }

    pub(crate) fn is_any(&self) -> bool {
        !self.text.is_empty()
    }

    pub(crate) fn is_about(&self, field: &str) -> bool {
        !self.text_about(field).is_empty()
    }

    /// Whether it begins with this field, which is where a person continues.
    pub(crate) fn is_first_about(&self, field: &str) -> bool {
        self.is_any() && self.fields.first().is_some_and(|(first, _)| first == field)
    }

    /// What was wrong with a field; empty when nothing was.
    pub(crate) fn text_about(&self, field: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == field);
        found.filter(|_| self.is_any()).map_or("", |(_, text)| text)
    }

    /// Whether it belongs above the form because none of these fields, separated by spaces, will
    /// show it.
    pub(crate) fn is_other_than(&self, fields: &str) -> bool {
        let shown = |field: &String| fields.split(' ').any(|shown| shown == field);
        self.is_any() && !self.fields.iter().all(|(field, _)| shown(field))
    }
}

#[cfg(test)]
mod tests {
    use infra_kernel::{FieldProblem, FieldReason};

    use super::*;

    #[test]
    fn trouble_is_shown_once_where_it_belongs() {
        let form_error = FormError::of(&Error::invalid("email", "Not an address."));
        assert!(form_error.is_about("email") && !form_error.is_about("username"));
        assert!(!form_error.is_other_than("username email"));
        assert!(form_error.is_other_than("username"));
        assert!(!FormError::none().is_other_than("username"));
        assert!(!FormError::none().is_about(""));
    }

    #[test]
    fn each_field_shows_what_is_wrong_with_it() {
        let form_error = FormError::of(&Error::invalid_fields(vec![
            FieldProblem::new("username", FieldReason::Taken, "It is taken."),
            FieldProblem::new("password", FieldReason::TooShort, "It is short."),
        ]));
        assert_eq!(form_error.text_about("username"), "It is taken.");
        assert_eq!(form_error.text_about("password"), "It is short.");
        assert!(!form_error.is_about("email"));
        assert!(form_error.is_first_about("username") && !form_error.is_first_about("password"));
        assert!(!form_error.is_other_than("username email password"));
        assert!(form_error.is_other_than("username email"));
    }
}
