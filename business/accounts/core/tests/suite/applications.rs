use business_accounts_gateway::{CreateApplicationRequest, GetApplicationRequest};
use infra_kernel::ErrorCode;

use crate::scene::{BACK, Scene};
use crate::support::{Domain, assert_refused};

#[tokio::test]
async fn an_application_is_found_by_either_id() {
    let scene = Scene::new().await;
    let expected = scene.client.application.clone().unwrap();
    let requests = [
        GetApplicationRequest {
            client_id: expected.client_id.clone(),
            application_id: 0,
        },
        GetApplicationRequest {
            client_id: String::new(),
            application_id: expected.id,
        },
    ];
    for request in requests {
        let found = scene
            .domain
            .gateway
            .get_application(&scene.domain.context, request)
            .await;
        assert_eq!(found.unwrap(), expected);
    }
    let nothing = GetApplicationRequest::default();
    let result = scene
        .domain
        .gateway
        .get_application(&scene.domain.context, nothing)
        .await;
    assert_refused(result, ErrorCode::NotFound, "");
}

#[tokio::test]
async fn what_an_application_registers_is_checked_and_named() {
    let domain = Domain::new().await;
    let right = || CreateApplicationRequest {
        name: "Darkroom".to_owned(),
        redirect_uris: vec![BACK.to_owned()],
        website: "https://darkroom.example".to_owned(),
        ..CreateApplicationRequest::default()
    };
    type Change = fn(&mut CreateApplicationRequest);
    let refused: [(&str, Change); 9] = [
        ("client_name", |r| r.name = " ".to_owned()),
        ("client_name", |r| r.name = "x".repeat(61)),
        ("website", |r| r.website = "javascript:alert(1)".to_owned()),
        ("scope", |r| r.scopes = "read nonsense".to_owned()),
        ("redirect_uri", |r| r.redirect_uris.clear()),
        ("redirect_uri", |r| {
            r.redirect_uris = vec![BACK.to_owned(); 11];
        }),
        ("redirect_uri", |r| {
            r.redirect_uris.push("javascript:alert(1)".to_owned());
        }),
        ("redirect_uri", |r| {
            r.redirect_uris.push("data:text/html,x".to_owned());
        }),
        ("redirect_uri", |r| {
            r.redirect_uris.push("https://a.example/#x".to_owned());
        }),
    ];
    for (field, change) in refused {
        let mut request = right();
        change(&mut request);
        let result = domain
            .gateway
            .create_application(&domain.context, request)
            .await;
        assert_refused(result, ErrorCode::Invalid, field);
    }
    assert_eq!(domain.number("SELECT COUNT(*) FROM applications").await, 0);
    assert!(
        domain
            .gateway
            .create_application(&domain.context, right())
            .await
            .is_ok()
    );
}
