//! The focal point as clients write it: "x,y".

use infra_kernel::{Error, Result};

/// How far beyond its bounds a coordinate may be and is brought back: what arithmetic with rounding
/// makes of 1.
const ROUNDING_MAX: f32 = 0.001;

/// Reads "x,y", each from -1 to 1; an empty text is no focal point.
pub(crate) fn parse(text: &str) -> Result<Option<(f32, f32)>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let point = text.split_once(',').and_then(|(x, y)| {
        let (x, y) = (coordinate(x)?, coordinate(y)?);
        Some((x, y))
    });
    if point.is_none() {
        let text = "`focus` must be two numbers from -1 to 1 with a comma between them: `0.0,0.5`.";
        return Err(Error::invalid("focus", text));
    }
    Ok(point)
}

fn coordinate(text: &str) -> Option<f32> {
    let number: f32 = text.trim().parse().ok()?;
    let bound = 1.0 + ROUNDING_MAX;
    (-bound..=bound)
        .contains(&number)
        .then(|| number.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_between_minus_one_and_one() {
        assert_eq!(parse("0.5,-1").unwrap(), Some((0.5, -1.0)));
        assert_eq!(parse(" -0.25 , 0.75 ").unwrap(), Some((-0.25, 0.75)));
        assert_eq!(parse("").unwrap(), None);
        assert_eq!(parse("1.0000001,-1.0005").unwrap(), Some((1.0, -1.0)));
        assert_eq!(parse("1e0,-0.0").unwrap(), Some((1.0, 0.0)));
        for text in [
            "1", "1,", ",1", "2,0", "0,-1.01", "NaN,0", "inf,0", "a,b", "0,0,0",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.field(), Some("focus"), "{text}");
        }
    }
}
