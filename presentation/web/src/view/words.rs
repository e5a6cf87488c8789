//! Times, numbers and choices in words.

use infra_kernel::{Clock as _, SystemClock, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The moment a page is made.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// A moment as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct When {
    /// For machines: RFC 3339.
    pub(crate) iso: String,
    /// How long ago, or the day.
    pub(crate) short: String,
    /// The day and the time, in UTC.
    pub(crate) full: String,
}

impl When {
    pub(crate) fn of(moment_us: i64, now: Timestamp) -> Self {
        let moment =
            jiff::Timestamp::from_microsecond(moment_us).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let day = moment.strftime("%-d %b").to_string();
        let year = moment.strftime("%Y").to_string();
        let this_year = jiff::Timestamp::from_microsecond(now.microseconds())
            .is_ok_and(|now| now.strftime("%Y").to_string() == year);
        let seconds = (now.microseconds() - moment_us) / 1_000_000;
        let short = match seconds {
            ..MINUTE => "now".to_owned(),
            MINUTE..HOUR => format!("{} min", seconds / MINUTE),
            HOUR..DAY => format!("{} h", seconds / HOUR),
            _ if seconds < 7 * DAY => format!("{} d", seconds / DAY),
            _ if this_year => day,
            _ => format!("{day} {year}"),
        };
        Self {
            iso: moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            short,
            full: moment.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        }
    }
}

/// A span of time, in the largest unit it fills: "a day", "36 hours".
pub(crate) fn span(seconds: u64) -> String {
    let units = [
        (DAY, "a day", "days"),
        (HOUR, "an hour", "hours"),
        (MINUTE, "a minute", "minutes"),
        (1, "a second", "seconds"),
    ];
    // Nothing fits every unit, and is counted in the smallest.
    let fits = |unit: i64| seconds > 0 && seconds.is_multiple_of(unit.unsigned_abs());
    let unit = units.into_iter().find(|(unit, ..)| fits(*unit));
    let (unit, one, several) = unit.unwrap_or((1, "a second", "seconds"));
    match seconds / unit.unsigned_abs() {
        1 => one.to_owned(),
        count => format!("{count} {several}"),
    }
}

/// How many, as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Count {
    pub(crate) short: String,
    pub(crate) is_one: bool,
}

impl Count {
    pub(crate) fn of(number: u64) -> Self {
        let tenths = |unit: u64| format!("{}.{}", number / unit, number % unit * 10 / unit);
        let short = match number {
            0..1_000 => number.to_string(),
            1_000..10_000 => format!("{},{:03}", number / 1_000, number % 1_000),
            10_000..1_000_000 => format!("{}k", tenths(1_000)),
            _ => format!("{}M", tenths(1_000_000)),
        };
        Self {
            short,
            is_one: number == 1,
        }
    }
}

/// Who may see a post: its name in the contract, which is the name of its icon too, and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    pub(crate) meaning: &'static str,
}

/// What a post made here can be. Posts for single people come with conversations.
pub(crate) const CHOICES: [Choice; 3] = [
    Choice {
        name: "public",
        words: "Everyone",
        meaning: "And in the list of latest photos",
    },
    Choice {
        name: "unlisted",
        words: "Everyone, quietly",
        meaning: "On your page and in feeds, in no public list",
    },
    Choice {
        name: "private",
        words: "Followers",
        meaning: "Only those who follow you. In the settings you decide who can",
    },
];

/// For posts that came by an app.
pub(crate) const DIRECT: Choice = Choice {
    name: "direct",
    words: "Those mentioned",
    meaning: "Only those it mentions",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds_ago: i64, expected: &str) {
        // 2026-06-15T12:00:00Z
        let now = Timestamp::from_milliseconds(1_781_524_800_000);
        let when = When::of(now.microseconds() - seconds_ago * 1_000_000, now);
        assert_eq!(when.short, expected);
    }

    #[test]
    fn spans_are_shown_in_the_largest_unit_they_fill() {
        let told = [86_400, 172_800, 129_600, 3_600, 90 * 60, 60, 61, 1, 0].map(span);
        let expected = [
            "a day",
            "2 days",
            "36 hours",
            "an hour",
            "90 minutes",
            "a minute",
            "61 seconds",
            "a second",
            "0 seconds",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn moments_are_shown_as_people_say_them() {
        check(-5, "now");
        check(59, "now");
        check(60, "1 min");
        check(3 * HOUR + 5, "3 h");
        check(6 * DAY, "6 d");
        check(7 * DAY, "8 Jun");
        check(400 * DAY, "11 May 2025");
    }

    #[test]
    fn numbers_stay_short() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_204, "1,204"),
            (12_340, "12.3k"),
            (2_500_000, "2.5M"),
        ] {
            assert_eq!(Count::of(number).short, expected);
        }
        assert!(Count::of(1).is_one && !Count::of(0).is_one);
    }
}
