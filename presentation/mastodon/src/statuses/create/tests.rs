use business_accounts_gateway::{Scopes, SessionId};
use infra_kernel::{AccountId, ApplicationId};
use presentation_kit::extract::parse_pairs;

use super::*;

fn request(form: &str, defaults: &Account) -> Result<CreatePostRequest> {
    let viewer = Viewer {
        account_id: AccountId::new(7),
        application_id: ApplicationId::new(3),
        session_id: SessionId::new(5),
        scopes: Scopes::USER,
    };
    let form: StatusForm = parse_pairs(form.as_bytes()).unwrap();
    form.refuse_what_is_not_built()?;
    form.into_request(viewer, defaults)
}

#[test]
fn what_is_not_said_is_the_accounts_default() {
    let defaults = Account {
        default_visibility: "private".into(),
        default_sensitive: true,
        default_language: "de".into(),
        default_originals_shared: true,
        default_camera_shown: true,
        ..Account::default()
    };
    let made = request("status=hi", &defaults).unwrap();
    assert_eq!(made.visibility(), Visibility::Private);
    assert!(made.sensitive);
    assert_eq!(made.language, "de");
    assert!(made.originals_shared && made.camera_shown);
    let said = "status=hi&visibility=unlisted&sensitive=false&language=en&originals_shared=false&camera_shown=0";
    let made = request(said, &defaults).unwrap();
    assert_eq!(made.visibility(), Visibility::Unlisted);
    assert!(!made.sensitive);
    assert_eq!(made.language, "en");
    assert!(!made.originals_shared && !made.camera_shown);
    for (written, language) in [
        ("en_GB.UTF-8", "en-GB"),
        ("iw", "he"),
        ("x y", "de"),
        ("", "de"),
    ] {
        let made = request(&format!("status=hi&language={written}"), &defaults).unwrap();
        assert_eq!(made.language, language, "{written}");
    }
    let made = request("status=hi&camera_shown=true", &Account::default()).unwrap();
    assert_eq!((made.originals_shared, made.camera_shown), (false, true));
}

#[test]
fn words_in_place_of_a_post_make_it_sensitive() {
    let made = request(
        "status=hi&sensitive=false&spoiler_text=spider",
        &Account::default(),
    );
    assert!(made.unwrap().sensitive);
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    for (form, field) in [
        ("status=a&scheduled_at=2027-01-01T00:00:00Z", "scheduled_at"),
        ("status=a&poll[options][]=x&poll[options][]=y", "poll"),
        ("status=a&quoted_status_id=1", "quoted_status_id"),
        ("status=a&quote_id=1", "quote_id"),
        (
            "status=a&quote_approval_policy=public",
            "quote_approval_policy",
        ),
        ("status=a&quote_policy=followers", "quote_policy"),
        ("status=a&visibility=Public", "visibility"),
        ("status=a&visibility=mutuals_only", "visibility"),
        ("status=a&visibility=secret", "visibility"),
        ("status=a&media_ids[]=x", "media_ids"),
    ] {
        let error = request(form, &Account::default()).unwrap_err();
        assert_eq!(error.field(), Some(field), "{form}");
    }
    for taken in [
        "status=a&scheduled_at=&in_reply_to_id=&quote_policy=",
        "status=a&quote_approval_policy=nobody",
        "status=a&poll=",
        "status=a&poll[options][]=",
    ] {
        assert!(request(taken, &Account::default()).is_ok(), "{taken}");
    }
}
