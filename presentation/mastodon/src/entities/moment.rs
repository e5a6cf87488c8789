//! Moments as text: RFC 3339 in UTC with milliseconds, as Mastodon writes them.

fn at(microseconds: i64) -> jiff::Timestamp {
    // Outside the years 1 to 9999 there is no such text; the epoch stands for what cannot be right
    // anyhow.
    jiff::Timestamp::from_microsecond(microseconds).unwrap_or_default()
}

/// "2026-03-01T09:30:00.125Z"
pub(crate) fn date_time(microseconds: i64) -> String {
    format!("{:.3}", at(microseconds))
}

/// The same of what may be none, which is 0.
pub(crate) fn optional(microseconds: i64) -> Option<String> {
    (microseconds != 0).then(|| date_time(microseconds))
}

/// The moment that a text names, with its offset; none when it names none.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    Some(at.as_microsecond())
}

/// "2026-03-01"
pub(crate) fn date(microseconds: i64) -> String {
    at(microseconds).strftime("%Y-%m-%d").to_string()
}

/// "2026-03-01T00:00:00.000Z": the day alone, as Mastodon reports when an account was made.
pub(crate) fn midnight(microseconds: i64) -> String {
    format!("{}T00:00:00.000Z", date(microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        let at = 1_772_357_400_125_000;
        for text in ["2026-03-01T09:30:00.125Z", "2026-03-01T10:30:00.125+01:00"] {
            assert_eq!(parse(text), Some(at), "{text}");
        }
        for text in ["", "yesterday", "2026-03-01", "2026-03-01T09:30:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_have_three_digits_of_milliseconds() {
        assert_eq!(date_time(1_772_357_400_125_900), "2026-03-01T09:30:00.125Z");
        assert_eq!(date_time(1_772_357_400_000_000), "2026-03-01T09:30:00.000Z");
        assert_eq!(midnight(1_772_357_400_125_900), "2026-03-01T00:00:00.000Z");
        assert_eq!(date_time(i64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
