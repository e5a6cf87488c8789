//! What unknown clients try must not lock anyone out of their account, nor reveal anything of it.

use business_accounts::Settings;
use business_accounts_gateway::{ResetPasswordRequest, SignInReply, SignInRequest};
use infra_kernel::{ErrorCode, Result};

use crate::support::{Domain, PASSWORD, assert_refused, cheap, refusal};

const DAY: u64 = 86_400;

async fn sign_in_with(
    domain: &Domain,
    name: &str,
    password: &str,
    browser_secret: &str,
) -> Result<SignInReply> {
    let request = SignInRequest {
        username_or_email: name.to_owned(),
        password: password.to_owned(),
        remote_address: "203.0.113.9".to_owned(),
        user_agent: "Lynx/2.9".to_owned(),
        browser_secret: browser_secret.to_owned(),
    };
    domain.gateway.sign_in(&domain.context, request).await
}

/// A browser that ada has signed in with.
async fn known_browser(domain: &Domain) -> String {
    let reply = sign_in_with(domain, "ada", PASSWORD, "").await;
    reply.unwrap().browser_secret
}

/// Tries wrong passwords from so many addresses, as often as each may.
async fn guess_from(domain: &Domain, name: &str, addresses: u32) {
    for address in 0..addresses {
        for _ in 0..10 {
            let _ = domain
                .try_sign_in_from(name, "wrong", &format!("198.51.100.{address}"))
                .await
                .unwrap_err();
        }
    }
}

#[tokio::test]
async fn anyone_who_guesses_locks_out_nobody_but_their_own_address() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let guess = |address| domain.try_sign_in_from("ada", "wrong", address);
    for _ in 0..10 {
        assert_refused(guess("198.51.100.1").await, ErrorCode::Unauthenticated, "");
    }
    let error = refusal(guess("198.51.100.1").await);
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(error.retry_after().is_some());
    for address in ["198.51.100.2", "2001:db8::1"] {
        let result = domain.try_sign_in_from("ada", PASSWORD, address).await;
        assert!(result.is_ok(), "{address}");
    }
    domain.advance(90);
    let result = domain.try_sign_in_from("ada", PASSWORD, "198.51.100.1");
    assert!(result.await.is_ok());
}

#[tokio::test]
async fn a_subscriber_with_many_ipv6_addresses_is_one() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    for number in 0..10 {
        let address = format!("2001:db8:5:{number:x}::1");
        let result = domain.try_sign_in_from("ada", "wrong", &address).await;
        assert_refused(result, ErrorCode::Unauthenticated, "");
    }
    let from = |address| domain.try_sign_in_from("ada", PASSWORD, address);
    assert_refused(from("2001:db8:5:ff::1").await, ErrorCode::RateLimited, "");
    assert!(from("2001:db8:5:100::1").await.is_ok());
}

#[tokio::test]
async fn a_site_with_many_ipv6_networks_has_four_times_the_guesses_of_one() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let known = known_browser(&domain).await;
    let mut checked = 0;
    for network in 0..8 {
        for _ in 0..10 {
            let address = format!("2001:db8:5:{network}00::1");
            let refused = refusal(domain.try_sign_in_from("ada", "wrong", &address).await);
            checked += u32::from(refused.code() == ErrorCode::Unauthenticated);
        }
    }
    assert_eq!(checked, 40);
    let from = |address| domain.try_sign_in_from("ada", PASSWORD, address);
    let error = refusal(from("2001:db8:5:ff00::1").await);
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(error.public().contains("network"), "{error}");
    let request = SignInRequest {
        username_or_email: "ada".to_owned(),
        password: PASSWORD.to_owned(),
        remote_address: "2001:db8:5:ff00::1".to_owned(),
        browser_secret: known,
        ..SignInRequest::default()
    };
    let reply = domain.gateway.sign_in(&domain.context, request).await;
    assert!(reply.is_ok(), "a browser that is known was held up");
    for elsewhere in ["2001:db8:6::1", "198.51.100.1"] {
        assert!(from(elsewhere).await.is_ok(), "{elsewhere}");
    }
    // What was refused was not counted: the site has its next guess when one of forty is there
    // again.
    domain.advance(23);
    assert!(from("2001:db8:5:ff00::1").await.is_ok());
}

#[tokio::test]
async fn a_right_password_costs_a_site_none_of_its_guesses() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    for network in 0..50 {
        let address = format!("2001:db8:5:{network:x}00::1");
        let result = domain.try_sign_in_from("ada", PASSWORD, &address).await;
        assert!(result.is_ok(), "{network}");
    }
}

#[tokio::test]
async fn guesses_from_everywhere_have_a_ceiling_that_holds_up_no_known_browser() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let known = known_browser(&domain).await;
    guess_from(&domain, "ada", 10).await;
    let error = refusal(
        domain
            .try_sign_in_from("ada", PASSWORD, "203.0.113.1")
            .await,
    );
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(error.public().contains("browser"), "{error}");
    let reply = sign_in_with(&domain, "ada", PASSWORD, &known).await;
    assert!(reply.is_ok(), "a browser that is known was held up");
    domain.advance(36);
    let result = domain.try_sign_in_from("ada", PASSWORD, "203.0.113.1");
    assert!(result.await.is_ok());
}

#[tokio::test]
async fn a_known_browser_has_its_own_limit_and_then_that_of_a_stranger() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let (one, other) = (known_browser(&domain).await, known_browser(&domain).await);
    // Its own tries, and then those of an unknown client at its address.
    for _ in 0..20 {
        let result = sign_in_with(&domain, "ada", "wrong", &one).await;
        assert_refused(result, ErrorCode::Unauthenticated, "");
    }
    for _ in 0..30 {
        let result = sign_in_with(&domain, "ada", PASSWORD, &one).await;
        assert_refused(result, ErrorCode::RateLimited, "");
    }
    // However long somebody continues at one of them, the owner signs in at another.
    assert!(sign_in_with(&domain, "ada", PASSWORD, &other).await.is_ok());
}

#[tokio::test]
async fn only_the_last_secret_of_a_browser_that_signed_in_here_is_known() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    domain.register("eve").await;
    let old = known_browser(&domain).await;
    let new = sign_in_with(&domain, "ada@example.org", PASSWORD, &old).await;
    let new = new.unwrap().browser_secret;
    assert_ne!(old, new);
    let eves = sign_in_with(&domain, "eve", PASSWORD, "").await;
    let eves = eves.unwrap().browser_secret;
    guess_from(&domain, "ada", 10).await;
    let fresh = "A".repeat(43);
    for stranger in ["", "x", old.as_str(), eves.as_str(), fresh.as_str()] {
        let result = sign_in_with(&domain, "ada", PASSWORD, stranger).await;
        assert_refused(result, ErrorCode::RateLimited, "");
    }
    assert!(sign_in_with(&domain, "ada", PASSWORD, &new).await.is_ok());
}

#[tokio::test]
async fn one_browser_may_be_known_to_several_accounts() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    domain.register("bob").await;
    let browser = known_browser(&domain).await;
    let browser = sign_in_with(&domain, "bob", PASSWORD, &browser).await;
    let browser = browser.unwrap().browser_secret;
    guess_from(&domain, "ada", 10).await;
    domain.advance(301);
    guess_from(&domain, "bob", 10).await;
    let browser = sign_in_with(&domain, "bob", PASSWORD, &browser).await;
    let browser = browser.unwrap().browser_secret;
    assert!(
        sign_in_with(&domain, "ada", PASSWORD, &browser)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_browser_is_forgotten_with_the_password_and_after_a_year() {
    let settings = Settings {
        sign_in_failures_max: 1,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    domain.register("ada").await;
    let browser = known_browser(&domain).await;
    domain.advance(364 * DAY);
    let wrong = domain.try_sign_in("ada", "wrong").await;
    assert_refused(wrong, ErrorCode::Unauthenticated, "");
    let reply = sign_in_with(&domain, "ada", PASSWORD, &browser).await;
    let browser = reply.unwrap().browser_secret;
    domain.advance(365 * DAY);
    let wrong = domain.try_sign_in("ada", "wrong").await;
    assert_refused(wrong, ErrorCode::Unauthenticated, "");
    let result = sign_in_with(&domain, "ada", PASSWORD, &browser).await;
    assert_refused(result, ErrorCode::RateLimited, "");
    domain.advance(DAY);
    let browser = known_browser(&domain).await;
    let request = ResetPasswordRequest {
        username: "ada".to_owned(),
        password: PASSWORD.to_owned(),
    };
    let reset = domain.gateway.reset_password(&domain.context, request);
    reset.await.unwrap();
    let wrong = domain.try_sign_in("ada", "wrong").await;
    assert_refused(wrong, ErrorCode::Unauthenticated, "");
    let result = sign_in_with(&domain, "ada", PASSWORD, &browser).await;
    assert_refused(result, ErrorCode::RateLimited, "");
}

#[tokio::test]
async fn what_is_looked_up_for_a_browser_reports_not_whose_an_address_is() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let secret = known_browser(&domain).await;
    // What cannot be looked up fails, so it shows who is looked up.
    domain
        .execute("ALTER TABLE known_browsers RENAME TO elsewhere")
        .await;
    for name in ["ada", "ada@example.org", "nobody", "nobody@example.org"] {
        let result = sign_in_with(&domain, name, "wrong", &secret).await;
        assert_refused(result, ErrorCode::Internal, "");
    }
}

#[tokio::test]
async fn a_password_that_is_too_long_for_any_is_checked_like_another() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let long = "x".repeat(300);
    for name in ["ada", "nobody"] {
        let result = domain.try_sign_in(name, &long).await;
        assert_refused(result, ErrorCode::Unauthenticated, "");
    }
    // A hash that cannot be read fails, so it shows that it is checked.
    domain.store_hash("ada", "no hash").await;
    for password in ["wrong", &long, &"x".repeat(5_000)] {
        let result = domain.try_sign_in("ada", password).await;
        assert_refused(result, ErrorCode::Internal, "");
    }
}

/// Code and sentence of so many wrong tries.
async fn replies(domain: &Domain, name: &str, tries: u32) -> Vec<(ErrorCode, String)> {
    let mut replies = Vec::new();
    for number in 0..tries {
        let address = format!("192.0.2.{}", number / 10);
        let error = refusal(domain.try_sign_in_from(name, "wrong", &address).await);
        replies.push((error.code(), error.public().to_owned()));
    }
    replies
}

#[tokio::test]
async fn limits_reveal_neither_who_is_here_nor_whose_an_address_is() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let names = ["ada", "ADA@example.org", "nobody", "nobody@example.org"];
    let mut all = Vec::new();
    for name in names {
        all.push(replies(&domain, name, 115).await);
        // The limit on tries from an address is another one.
        domain.advance(301);
    }
    let limited = |(code, _): &&(ErrorCode, String)| *code == ErrorCode::RateLimited;
    assert_eq!(all[0].iter().filter(limited).count(), 15);
    for replies in &all[1..] {
        assert_eq!(replies, &all[0]);
    }
}

#[tokio::test]
async fn each_account_knows_a_bounded_number_of_browsers() {
    let settings = Settings {
        sign_in_failures_per_account: 0,
        sign_ins_per_address: 0,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    domain.register("ada").await;
    for _ in 0..60 {
        known_browser(&domain).await;
        domain.advance(1);
    }
    assert_eq!(
        domain.number("SELECT COUNT(*) FROM known_browsers").await,
        50
    );
    let newest = "SELECT COUNT(*) FROM known_browsers WHERE last_sign_in_at > \
        (SELECT MAX(last_sign_in_at) - 50000000 FROM known_browsers)";
    assert_eq!(domain.number(newest).await, 50);
}
