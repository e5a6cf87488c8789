//! What one writes down about an account.

use http::Method;
use serde_json::json;

use crate::world::{BOB, World};

#[tokio::test]
async fn a_note_stands_in_every_relationship_and_nothing_said_removes_it() {
    let client = World::new().client();
    let path = format!("/api/v1/accounts/{BOB}/note");
    let noted = client.post_form("ada", &path, "comment=a%20cousin").await;
    assert_eq!(noted.expect(200)["note"], "a cousin");
    let follow = format!("/api/v1/accounts/{BOB}/follow");
    let followed = client.post_form("ada", &follow, "").await.expect(200);
    assert_eq!(followed["note"], "a cousin");
    let relationships = format!("/api/v1/accounts/relationships?id[]={BOB}");
    let listed = client.get("ada", &relationships).await.expect(200);
    assert_eq!(listed[0]["note"], "a cousin");
    for nothing in [json!({"comment": null}), json!({"comment": ""}), json!({})] {
        client.post_form("ada", &path, "comment=again").await;
        let removed = client.json(Method::POST, "ada", &path, &nothing).await;
        assert_eq!(removed.expect(200)["note"], "", "{nothing}");
    }
}
