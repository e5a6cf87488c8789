use std::time::Duration;

use super::*;
use crate::clock::{ManualClock, Timestamp};

const SECOND: Duration = Duration::from_secs(1);

fn key(secret: u8) -> (CallerKey, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
        1_790_000_000_000,
    )));
    (
        CallerKey::new(&[secret; SECRET_BYTES], clock.clone()),
        clock,
    )
}

fn ada() -> Identity {
    Identity {
        account_id: Some(AccountId::new(7)),
        application_id: Some(ApplicationId::new(9)),
        scopes: "read write:media".to_owned(),
    }
}

#[test]
fn who_it_is_crosses_processes() {
    let (key, _) = key(1);
    for identity in [
        ada(),
        Identity {
            application_id: None,
            ..ada()
        },
        Identity {
            account_id: None,
            scopes: String::new(),
            ..ada()
        },
    ] {
        let signed = key.sign(&key.mint(identity.clone())).unwrap();
        assert_eq!(key.verify(&signed).unwrap().identity(), Some(&identity));
    }
    let system = key.sign(&Caller::system()).unwrap();
    assert!(key.verify(&system).unwrap().is_system());
    assert_eq!(key.sign(&Caller::anonymous()), None);
}

#[test]
fn a_forged_caller_is_nobody() {
    let (key, _) = key(1);
    let signed = key.sign(&key.mint(ada())).unwrap();
    let (claims, code) = signed.split_once('.').unwrap();
    let other = self::key(2).0.sign(&key.mint(ada())).unwrap();
    let system = self::key(2).0.sign(&Caller::system()).unwrap();
    let (other_claims, _) = system.split_once('.').unwrap();
    for forged in [
        String::new(),
        ".".to_owned(),
        claims.to_owned(),
        format!("{claims}."),
        format!("{other_claims}.{code}"),
        format!("{claims}.{}", &code[..code.len() - 4]),
        format!("{signed}A"),
        format!("{signed}.{code}"),
        other,
        system,
    ] {
        assert_eq!(key.verify(&forged), Err(CallerRefused::Forged), "{forged}");
    }
}

#[test]
fn a_caller_expires_where_it_was_made_and_elsewhere() {
    let (key, clock) = key(1);
    let signed = key.sign(&key.mint_for(ada(), SECOND * 60)).unwrap();
    clock.advance(SECOND * 58);
    assert!(key.verify(&signed).is_ok());
    clock.advance(SECOND * 2);
    assert_eq!(key.verify(&signed), Err(CallerRefused::Expired));

    let caller = key.mint(ada());
    let now = Instant::now();
    assert!(caller.require_current(now).is_ok());
    let refused = caller.require_current(now + CALLER_LIFETIME).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unauthenticated);
    for always in [Caller::system(), Caller::anonymous()] {
        assert!(always.require_current(now + CALLER_LIFETIME * 99).is_ok());
    }
}

#[test]
fn passing_a_caller_on_does_not_make_it_live_longer() {
    let (key, clock) = key(1);
    let signed = key.sign(&key.mint_for(ada(), SECOND * 60)).unwrap();
    clock.advance(SECOND * 50);
    let passed_on = key.sign(&key.verify(&signed).unwrap()).unwrap();
    clock.advance(SECOND * 11);
    assert_eq!(key.verify(&passed_on), Err(CallerRefused::Expired));
}

#[test]
fn an_account_is_required_of_everyone_but_the_server() {
    let (key, _) = key(1);
    let (ada_id, bob_id) = (AccountId::new(7), AccountId::new(8));
    let (app_id, other_id) = (ApplicationId::new(9), ApplicationId::new(10));
    let ada = key.mint(ada());
    let code = |checked: Result<()>| checked.map_err(|error| error.code());
    assert_eq!(code(ada.require_account(ada_id)), Ok(()));
    assert_eq!(code(ada.require_account(bob_id)), Err(ErrorCode::Forbidden));
    assert_eq!(code(ada.require_application(app_id)), Ok(()));
    assert_eq!(
        code(ada.require_application(other_id)),
        Err(ErrorCode::Forbidden)
    );
    assert_eq!(code(ada.require_system()), Err(ErrorCode::Forbidden));
    let nobody = Caller::anonymous();
    let unknown = Err(ErrorCode::Unauthenticated);
    assert_eq!(code(nobody.require_account(ada_id)), unknown);
    assert_eq!(code(nobody.require_application(app_id)), unknown);
    assert_eq!(code(nobody.require_system()), Err(ErrorCode::Forbidden));
    let system = Caller::system();
    assert_eq!(code(system.require_account(bob_id)), Ok(()));
    assert_eq!(code(system.require_application(other_id)), Ok(()));
    assert_eq!(code(system.require_system()), Ok(()));
}

#[test]
fn the_secret_is_in_no_log() {
    assert_eq!(format!("{:?}", key(7).0), "CallerKey { .. }");
}

#[test]
fn a_scope_covers_itself_and_what_goes_on_from_its_name() {
    let (key, _) = key(1);
    let granted = |scopes: &str| {
        key.mint(Identity {
            scopes: scopes.to_owned(),
            ..ada()
        })
    };
    for (scopes, needed, may) in [
        ("write", "write:media", true),
        ("read write:media", "write:media", true),
        ("write:media", "write", false),
        ("write:med", "write:media", false),
        ("read", "write:media", false),
        ("", "write:media", false),
        (":", "write:media", false),
    ] {
        let refused = granted(scopes).require_scope(&[needed]).err();
        let code = refused.map(|error| error.code());
        let expected = (!may).then_some(ErrorCode::Forbidden);
        assert_eq!(code, expected, "{scopes} for {needed}");
    }
    let either = &["write:follows", "follow"];
    assert!(granted("follow").require_scope(either).is_ok());
    let error = granted("read").require_scope(either).unwrap_err();
    let text = error.public();
    assert!(text.contains("write:follows or follow"), "{text}");
    // Nothing is needed where nothing is named, and the server itself needs nothing.
    assert!(Caller::anonymous().require_scope(&[]).is_ok());
    assert!(Caller::system().require_scope(either).is_ok());
    let error = Caller::anonymous().require_scope(either).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}
