//! How long to wait after a failure.

use std::time::Duration;

/// The pause after the failure number `failures` (1 for the first): it doubles with each one and
/// never leaves `pause_min..=pause_max`. `jitter` (0 to 1) picks a point in the upper half of what
/// the number of failures allows, so that what failed together does not come back together.
#[must_use]
pub fn pause_after(
    failures: u32,
    pause_min: Duration,
    pause_max: Duration,
    jitter: f64,
) -> Duration {
    let pause_max = pause_max.max(pause_min);
    // 2^31 times any pause worth setting is beyond any pause_max.
    let longest = pause_min
        .saturating_mul(1 << failures.min(31))
        .min(pause_max);
    let shortest = (longest / 2).max(pause_min);
    shortest + (longest - shortest).mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pause_stays_in_its_bounds_and_never_shrinks_by_another_failure(
            failures in 1_u32..100,
            pause_min_ms in 0_u64..10_000,
            more_ms in 0_u64..1_000_000,
            jitter in 0.0_f64..=1.0,
        ) {
            let pause_min = Duration::from_millis(pause_min_ms);
            let pause_max = pause_min + Duration::from_millis(more_ms);
            let pause = pause_after(failures, pause_min, pause_max, jitter);
            prop_assert!(pause >= pause_min && pause <= pause_max);
            prop_assert!(pause_after(failures + 1, pause_min, pause_max, jitter) >= pause);
        }
    }

    #[test]
    fn pauses_double_until_the_longest() {
        let seconds = |failures, jitter| {
            pause_after(
                failures,
                Duration::from_secs(1),
                Duration::from_secs(120),
                jitter,
            )
            .as_secs_f64()
        };
        assert_eq!([seconds(1, 0.0), seconds(1, 1.0)], [1.0, 2.0]);
        assert_eq!([seconds(4, 0.0), seconds(4, 1.0)], [8.0, 16.0]);
        assert_eq!([seconds(40, 0.0), seconds(40, 1.0)], [60.0, 120.0]);
    }

    #[test]
    fn a_longest_pause_below_the_shortest_is_the_shortest() {
        let pause = pause_after(3, Duration::from_secs(5), Duration::from_secs(1), 0.5);
        assert_eq!(pause, Duration::from_secs(5));
    }
}
