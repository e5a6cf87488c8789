use http::Method;
use infra_kernel::ManualClock;

use super::*;

const ADA: AccountId = AccountId::new(7);
const BOB: AccountId = AccountId::new(8);

fn limits(settings: LimitSettings) -> (RateLimits, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
        1_800_000_000_000,
    )));
    (
        RateLimits::new(settings, Arc::clone(&clock) as Arc<dyn Clock>),
        clock,
    )
}

fn few() -> LimitSettings {
    LimitSettings {
        writes_per_account_max: 3,
        writes_window_s: 30,
        writes_per_account_day_max: 5,
        reads_per_account_max: 2,
        requests_per_address_max: 1,
        reads_window_s: 60,
    }
}

fn remaining(counted: &Counted) -> u32 {
    counted.quota.unwrap().remaining
}

#[tokio::test]
async fn what_is_reported_is_what_is_enforced() {
    let (limits, clock) = limits(few());
    for left in [2, 1, 0] {
        let counted = limits.count_write(ADA).await;
        assert_eq!(
            (counted.quota.unwrap().limit, remaining(&counted)),
            (3, left)
        );
        assert!(counted.outcome().is_ok());
    }
    let refused = limits.count_write(ADA).await;
    assert_eq!(remaining(&refused), 0);
    let reset = refused.quota.unwrap().reset;
    assert_eq!(reset, clock.now().plus(Duration::from_secs(30)));
    let error = refused.outcome().unwrap_err();
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    assert!(error.public().contains("3 things in 30 seconds"), "{error}");
    assert!(
        limits.count_write(BOB).await.outcome().is_ok(),
        "others have their own"
    );
    assert!(
        limits.count_read(ADA).await.outcome().is_ok(),
        "reading goes on"
    );
    clock.advance(Duration::from_secs(10));
    assert!(limits.count_write(ADA).await.outcome().is_ok());
}

#[tokio::test]
async fn a_day_has_a_limit_of_its_own_and_takes_nothing_from_the_other() {
    let (limits, clock) = limits(few());
    for left in [2, 1, 2, 1, 0] {
        let counted = limits.count_write(ADA).await;
        assert_eq!(remaining(&counted), left);
        assert!(counted.outcome().is_ok());
        if left == 1 {
            clock.advance(Duration::from_secs(20));
        }
    }
    clock.advance(Duration::from_secs(60));
    let refused = limits.count_write(ADA).await;
    assert_eq!((refused.quota.unwrap().limit, remaining(&refused)), (5, 0));
    let error = refused.outcome().unwrap_err();
    assert!(error.public().contains("5 things in a day"), "{error}");
    assert!(error.retry_after().unwrap() > Duration::from_secs(4 * 60 * 60));
}

#[tokio::test]
async fn a_household_is_one_address_and_two_are_two() {
    let (limits, _) = limits(few());
    for (address, expected) in [
        ("2001:db8:1:1::1", true),
        ("2001:db8:1:1:ffff::2", false),
        ("2001:db8:1:2::1", true),
        ("192.0.2.1", true),
        ("::ffff:192.0.2.1", false),
        ("192.0.2.2", true),
    ] {
        let counted = limits.count_address(Some(address.parse().unwrap())).await;
        assert_eq!(counted.outcome().is_ok(), expected, "{address}");
    }
    let unknown = limits.count_address(None).await;
    assert!(unknown.quota.is_none() && unknown.outcome().is_ok());
}

#[tokio::test]
async fn a_line_with_many_networks_is_counted_as_a_whole() {
    let (limits, _) = limits(few());
    let allowed = async |networks: Vec<u32>| {
        let mut allowed = 0;
        for network in networks {
            let address = format!("2001:db8:1:{network:x}::1").parse().unwrap();
            allowed += u32::from(limits.count_address(Some(address)).await.outcome().is_ok());
        }
        allowed
    };
    // A /56 has four, and what it is refused takes nothing from the /48 round it, which has 16.
    assert_eq!(allowed((0..40).collect()).await, 4);
    assert_eq!(allowed((1..100).map(|line| line << 8).collect()).await, 12);
    let elsewhere = limits.count_address(Some("2001:db8:2::1".parse().unwrap()));
    assert!(elsewhere.await.outcome().is_ok());
}

#[tokio::test]
async fn where_there_is_no_limit_none_is_reported() {
    let (limits, _) = limits(LimitSettings {
        writes_per_account_max: 0,
        writes_per_account_day_max: 0,
        reads_per_account_max: 0,
        requests_per_address_max: 0,
        ..LimitSettings::default()
    });
    for _ in 0..1_000 {
        let counted = [limits.count_write(ADA).await, limits.count_read(ADA).await];
        for counted in counted {
            assert!(counted.quota.is_none() && counted.outcome().is_ok());
        }
    }
}

#[test]
fn what_goes_on_with_a_change_is_no_other() {
    for (method, goes_on, expected) in [
        (Method::GET, false, false),
        (Method::HEAD, false, false),
        (Method::OPTIONS, false, false),
        (Method::POST, false, true),
        (Method::PUT, false, true),
        (Method::PATCH, false, true),
        (Method::DELETE, false, true),
        (Method::PATCH, true, false),
        (Method::POST, true, false),
        (Method::DELETE, true, false),
    ] {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method.clone();
        if goes_on {
            parts.extensions.insert(GoesOn);
        }
        assert_eq!(is_write(&parts), expected, "{method} {goes_on}");
    }
}

#[tokio::test]
async fn the_defaults_let_albums_through() {
    let (limits, _) = limits(LimitSettings::default());
    // Six albums of twenty photos, each photo uploaded and described, and the posts.
    for _ in 0..6 * 41 {
        assert!(limits.count_write(ADA).await.outcome().is_ok());
    }
    assert_eq!(LimitSettings::default().check(), Ok(()));
    let never = LimitSettings {
        writes_window_s: 0,
        ..LimitSettings::default()
    };
    assert_eq!(never.check().unwrap_err().0, "writes_window_s");
}
