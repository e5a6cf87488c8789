//! What may be a password, and that it is the same on every keyboard.

use business_accounts_gateway::RegisterRequest;
use infra_kernel::ErrorCode;

use crate::support::{Domain, assert_refused, sign_up};

const COMPOSED: &str = "p\u{e4}ssw\u{f6}rd l\u{e4}nger";
const DECOMPOSED: &str = "pa\u{308}sswo\u{308}rd la\u{308}nger";

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let domain = Domain::new().await;
    for (name, set) in [("ada", COMPOSED), ("grace", DECOMPOSED)] {
        let request = RegisterRequest {
            password: set.to_owned(),
            ..sign_up(name)
        };
        domain.try_register(request).await.unwrap();
        // Wide letters and a no-break space are what some keyboards make of the same keys.
        let wide = COMPOSED.replace(' ', "\u{a0}").replace('l', "\u{ff4c}");
        for typed in [COMPOSED, DECOMPOSED, wide.as_str()] {
            assert!(domain.try_sign_in(name, typed).await.is_ok(), "{typed:?}");
        }
        assert!(domain.try_sign_in(name, "passwort langer").await.is_err());
    }
}

#[tokio::test]
async fn a_hash_of_a_password_that_was_not_normalised_is_upgraded_at_the_next_sign_in() {
    use argon2::password_hash::{PasswordHasher as _, SaltString};

    let domain = Domain::new().await;
    domain.register("ada").await;
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let salt = SaltString::encode_b64(&[7; 16]).unwrap();
    let old = argon2.hash_password(DECOMPOSED.as_bytes(), &salt).unwrap();
    domain.store_hash("ada", &old.to_string()).await;
    assert!(
        domain.try_sign_in("ada", COMPOSED).await.is_err(),
        "nobody can know that it was"
    );
    assert!(domain.try_sign_in("ada", DECOMPOSED).await.is_ok());
    for typed in [COMPOSED, DECOMPOSED] {
        assert!(domain.try_sign_in("ada", typed).await.is_ok(), "{typed:?}");
    }
}

#[tokio::test]
async fn what_is_guessed_first_is_no_password() {
    let domain = Domain::new().await;
    for password in [
        "password1",
        "12345678",
        "Qwertyuiop",
        "iloveyou!",
        "ada_lovelace",
        "ADA_lovelace99",
        "ada_lovelace@example.org",
        "cameraobscura",
        "Camera Obscura 2024",
        "photos.example",
        "with\0nul in it",
        "with\ttab in it",
    ] {
        let request = RegisterRequest {
            password: password.to_owned(),
            ..sign_up("ada_lovelace")
        };
        assert_refused(
            domain.try_register(request).await,
            ErrorCode::Invalid,
            "password",
        );
    }
}
