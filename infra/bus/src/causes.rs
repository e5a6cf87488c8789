//! An error and all its causes as one bounded line.

use std::error::Error;

/// The most bytes of an error that are kept with an event.
pub(crate) const ERROR_BYTES_MAX: usize = 4_096;
/// The most causes that are followed: a chain that bites its own tail ends here.
const CAUSES_MAX: usize = 32;
/// What stands at the end of a text that was cut.
const CUT: &str = " ...";

/// The error and its causes, outermost first.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    for _ in 0..CAUSES_MAX {
        let Some(cause) = next else { break };
        if line.len() > ERROR_BYTES_MAX {
            break;
        }
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    bounded(line)
}

/// The text, cut to [`ERROR_BYTES_MAX`] bytes.
pub(crate) fn bounded(mut text: String) -> String {
    if text.len() > ERROR_BYTES_MAX {
        let mut end = ERROR_BYTES_MAX - CUT.len();
        // `truncate` panics within a character.
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HandlerError;

    #[test]
    fn every_cause_is_named_once() {
        let error = infra_kernel::Error::internal(std::io::Error::other("the disk is gone"));
        let text = chain(&HandlerError::from(error));
        assert!(text.starts_with("not handled this time: "), "{text}");
        assert!(text.ends_with(": the disk is gone"), "{text}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = bounded("é".repeat(ERROR_BYTES_MAX));
        assert!(text.len() <= ERROR_BYTES_MAX);
        assert!(text.ends_with(CUT));
        assert_eq!(bounded("short".to_owned()), "short");
    }
}
