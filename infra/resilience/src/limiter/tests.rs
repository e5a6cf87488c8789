use super::*;

fn at(seconds: i64) -> Uptime {
    Uptime::from_microseconds(seconds * 1_000_000)
}

fn key(number: u8) -> BucketKey {
    BucketKey::of(&[&[number]])
}

fn buckets<'l>(limits: &[&'l Limit]) -> Vec<Bucket<'l>> {
    let bucket = |limit: &&'l Limit| Bucket { limit, key: key(1) };
    limits.iter().map(bucket).collect()
}

/// How long to wait for one, if that is needed.
fn wait(limit: &Limit, number: u8, now: Uptime) -> Option<Duration> {
    let bucket = Bucket {
        limit,
        key: key(number),
    };
    let taken = LocalLimiter::default().take_where(&[bucket], now, |_| true);
    taken.err().map(|reached| reached.wait)
}

#[test]
fn so_many_at_once_then_one_after_each_period() {
    let limit = Limit::new("tests", 3, 30);
    for _ in 0..3 {
        assert_eq!(wait(&limit, 1, at(0)), None);
    }
    assert_eq!(wait(&limit, 1, at(0)), Some(Duration::from_secs(10)));
    assert_eq!(wait(&limit, 2, at(0)), None, "another key has its own");
    assert_eq!(wait(&limit, 1, at(9)), Some(Duration::from_secs(1)));
    assert_eq!(wait(&limit, 1, at(10)), None);
    assert!(wait(&limit, 1, at(10)).is_some());
}

#[tokio::test]
async fn what_is_released_can_be_taken_again() {
    let (limit, limiter) = (Limit::new("tests", 1, 60), LocalLimiter::default());
    let buckets = buckets(&[&limit]);
    for _ in 0..5 {
        let grant = limiter.take(&buckets, at(0)).await.unwrap();
        assert!(limiter.take(&buckets, at(0)).await.is_err());
        limiter.release(grant, &buckets, at(0)).await;
    }
}

#[tokio::test]
async fn what_is_left_is_what_can_be_taken() {
    let (limit, limiter) = (Limit::new("tests", 3, 30), LocalLimiter::default());
    let buckets = buckets(&[&limit]);
    for left in [2, 1, 0] {
        let level = limiter.take(&buckets, at(0)).await.unwrap().level.unwrap();
        assert_eq!((level.count, level.remaining), (3, left));
        let full_in = Duration::from_secs(10 * (3 - u64::from(left)));
        assert_eq!(level.full_in, full_in);
    }
    let refused = limiter.take(&buckets, at(0)).await.unwrap_err();
    assert_eq!(refused.level.remaining, 0);
    assert_eq!(refused.level.full_in, Duration::from_secs(30));
    let level = limiter
        .take(&buckets, at(1_000))
        .await
        .unwrap()
        .level
        .unwrap();
    assert_eq!(level.full_in, Duration::from_secs(10));
}

#[tokio::test]
async fn of_several_buckets_all_are_taken_from_or_none_and_the_least_is_reported() {
    let (wide, narrow) = (Limit::new("wide", 9, 90), Limit::new("narrow", 2, 60));
    let limiter = LocalLimiter::default();
    let both = buckets(&[&wide, &narrow]);
    for left in [1, 0] {
        let level = limiter.take(&both, at(0)).await.unwrap().level.unwrap();
        assert_eq!((level.count, level.remaining), (2, left));
    }
    for _ in 0..20 {
        let refused = limiter.take(&both, at(0)).await.unwrap_err();
        assert_eq!((refused.bucket, refused.level.count), (1, 2));
        assert_eq!(refused.wait, Duration::from_secs(30));
    }
    let level = limiter
        .take(&both[..1], at(0))
        .await
        .unwrap()
        .level
        .unwrap();
    assert_eq!(level.remaining, 6, "what was refused took nothing");
}

#[tokio::test]
async fn where_there_is_no_limit_none_is_reported() {
    let (unlimited, limiter) = (Limit::new("tests", 0, 60), LocalLimiter::default());
    for _ in 0..5 {
        let grant = limiter.take(&buckets(&[&unlimited]), at(0)).await.unwrap();
        assert_eq!(grant.level, None);
    }
    assert!(limiter.take(&[], at(0)).await.is_ok());
}

#[test]
fn processes_share_a_limit_and_each_has_at_least_one() {
    let allowed = |count, processes| {
        let limit = Limit::new("tests", count, 60);
        let limiter = LocalLimiter::one_of(NonZeroU32::new(processes).unwrap());
        let take = |_: &i32| {
            limiter
                .take_where(&buckets(&[&limit]), at(0), |_| true)
                .is_ok()
        };
        (0..100).filter(take).count()
    };
    assert_eq!(allowed(12, 1), 12);
    assert_eq!(allowed(12, 3), 4);
    assert_eq!(allowed(2, 8), 1);
}
