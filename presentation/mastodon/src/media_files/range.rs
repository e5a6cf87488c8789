//! The `Range` header (RFC 9110, section 14): one range of bytes. Several at once, another unit and
//! what cannot be read are served whole, which the standard allows.

/// What a `Range` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// All bytes: no range was asked for that is served.
    Whole,
    /// So many bytes from the first on; never none.
    Part { first: u64, length: u64 },
    /// Nothing that there is.
    Unsatisfiable,
}

/// What the header asks for of so many bytes.
pub(super) fn parse(header: &str, total: u64) -> Range {
    let range = header
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'));
    let Some((first, last)) = range else {
        return Range::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => between(first, last, total),
        (Some(first), None) if last.is_empty() => between(first, u64::MAX, total),
        // `bytes=-0`: the last no bytes are none that there are.
        (None, Some(0)) if first.is_empty() => Range::Unsatisfiable,
        (None, Some(length)) if first.is_empty() => {
            between(total.saturating_sub(length), u64::MAX, total)
        }
        _ => Range::Whole,
    }
}

fn between(first: u64, last: u64, total: u64) -> Range {
    if first >= total {
        return Range::Unsatisfiable;
    }
    let length = last.min(total - 1) - first + 1;
    Range::Part { first, length }
}

/// A number of plain digits.
fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Range) {
        assert_eq!(parse(header, 100), expected, "{header}");
    }

    const fn part(first: u64, length: u64) -> Range {
        Range::Part { first, length }
    }

    #[test]
    fn one_range_is_cut_to_what_there_is() {
        check("bytes=0-9", part(0, 10));
        check("bytes=90-", part(90, 10));
        check("bytes=90-1000", part(90, 10));
        check("bytes=-10", part(90, 10));
        check("bytes=-1000", part(0, 100));
        check("bytes=99-99", part(99, 1));
    }

    #[test]
    fn what_is_beyond_the_end_is_refused() {
        check("bytes=100-", Range::Unsatisfiable);
        check("bytes=100-200", Range::Unsatisfiable);
        check("bytes=-0", Range::Unsatisfiable);
        assert_eq!(parse("bytes=0-0", 0), Range::Unsatisfiable);
        assert_eq!(parse("bytes=-5", 0), Range::Unsatisfiable);
    }

    #[test]
    fn everything_else_is_the_whole() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=9-5",
            "items=0-9",
            "bytes=0-1,5-6",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
        ] {
            check(header, Range::Whole);
        }
    }
}
