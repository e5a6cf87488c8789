//! What requests may say.

use business_media_gateway::{DESCRIPTION_CHARACTERS_MAX, IDS_MAX};
use infra_kernel::{Error, Result};

/// The longest name of a holder, in bytes.
const HOLDER_BYTES_MAX: usize = 100;

pub(crate) fn id_count(count: usize) -> Result<()> {
    if count > IDS_MAX {
        return Err(Error::invalid(
            "ids",
            format!("At most {IDS_MAX} photos can be named at once; these are {count}."),
        ));
    }
    Ok(())
}

/// Alt text as it is kept: a line ends with one character, as it is counted, however the sender's
/// system ends lines. Characters are code points.
pub(crate) fn description(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let may_stand = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if let Some(control) = text.chars().find(|c| !may_stand(*c)) {
        return Err(Error::invalid(
            "description",
            format!(
                "A description may not contain the control character U+{:04X}.",
                u32::from(control)
            ),
        ));
    }
    let characters = text.chars().count();
    if characters > DESCRIPTION_CHARACTERS_MAX {
        return Err(Error::invalid(
            "description",
            format!(
                "A description may have at most {DESCRIPTION_CHARACTERS_MAX} characters; this one has {characters}."
            ),
        ));
    }
    Ok(text)
}

/// Both coordinates lie in -1 to 1; not-a-number does not.
pub(crate) fn focus(coordinates: [Option<f32>; 2]) -> Result<()> {
    let in_bounds = |value: f32| (-1.0..=1.0).contains(&value);
    if coordinates.into_iter().flatten().all(in_bounds) {
        return Ok(());
    }
    Err(Error::invalid(
        "focus",
        "A focal point is two numbers from -1 to 1: across and up from the middle.",
    ))
}

pub(crate) fn holder(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > HOLDER_BYTES_MAX {
        return Err(Error::invalid(
            "holder",
            format!("The name of what shows a photo must have 1 to {HOLDER_BYTES_MAX} bytes."),
        ));
    }
    // Not every database stores U+0000.
    if name.contains('\0') {
        return Err(Error::invalid(
            "holder",
            "The name of what shows a photo holds a character that cannot be stored (U+0000).",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_where_they_are_said_to_be() {
        assert!(description(&"é".repeat(DESCRIPTION_CHARACTERS_MAX)).is_ok());
        assert!(description(&"é".repeat(DESCRIPTION_CHARACTERS_MAX + 1)).is_err());
        // Lines as browsers send them count as they are shown.
        let lines = "é\r\n".repeat(DESCRIPTION_CHARACTERS_MAX / 2);
        assert_eq!(description(&lines).unwrap(), lines.replace('\r', ""));
        assert_eq!(description("one\rtwo\tthree").unwrap(), "one\ntwo\tthree");
        for control in ['\0', '\u{1}', '\u{b}', '\u{1b}', '\u{7f}', '\u{85}'] {
            let refused = description(&format!("a{control}b")).unwrap_err();
            assert_eq!(refused.field(), Some("description"), "{control:?}");
        }
        // What joins emoji and what turns the direction of writing is no control character.
        assert!(description("👩\u{200d}🔬 \u{200f}שלום").is_ok());
        assert!(focus([Some(-1.0), Some(1.0)]).is_ok());
        assert!(focus([None, None]).is_ok());
        for wrong in [1.01, -1.01, f32::NAN, f32::INFINITY] {
            assert!(focus([Some(0.0), Some(wrong)]).is_err(), "{wrong}");
        }
        assert!(holder("post:1").is_ok());
        assert!(holder("").is_err());
        assert!(holder("post:\0").is_err());
        assert!(id_count(IDS_MAX).is_ok());
        assert!(id_count(IDS_MAX + 1).is_err());
    }
}
