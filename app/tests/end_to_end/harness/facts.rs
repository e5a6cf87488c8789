//! One of each of the other things that a server may not lose.

use serde_json::json;

use super::caller::text;
use super::person::Person;
use super::server::Server;
use super::web::WebSession;

/// Who they happened to, and what has to be found of them.
pub(crate) struct Facts {
    ada: Person,
    bob: Person,
    carol: WebSession,
    kept: String,
    gone: String,
}

impl Facts {
    /// A follow, a post, a deletion, a changed profile and a session in a browser, each
    /// acknowledged.
    pub(crate) async fn make(server: &Server) -> Self {
        let (ada, bob) = (server.person("ada").await, server.person("bob").await);
        let carol = server.web();
        carol.sign_up("carol").await;
        bob.follow(&ada).await;
        let kept = text(&ada.say("kept").await, "/id");
        let gone = text(&ada.say("gone").await, "/id");
        ada.delete(&format!("/api/v1/statuses/{gone}"))
            .await
            .expect(200);
        let profile = json!({"display_name": "Ada"});
        ada.patch("/api/v1/accounts/update_credentials", &profile)
            .await
            .expect(200);
        Self {
            ada,
            bob,
            carol,
            kept,
            gone,
        }
    }

    /// Each of them is as it was acknowledged.
    pub(crate) async fn check(&self) {
        let Self { ada, bob, .. } = self;
        bob.finds_at_home(&self.kept).await;
        bob.misses_at_home(&self.gone).await;
        bob.get(&format!("/api/v1/statuses/{}", self.gone))
            .await
            .refused(404);
        let account = bob
            .get(&format!("/api/v1/accounts/{}", ada.id))
            .await
            .expect(200);
        assert_eq!(account["display_name"], "Ada");
        assert!(self.carol.is_signed_in().await);
    }
}
