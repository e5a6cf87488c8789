//! An account, and an application that it may allow something.

use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    AuthorizationCode, AuthorizeRequest, CreateApplicationReply, IssueTokenReply,
    IssueTokenRequest, RevokeTokenRequest,
};
use infra_kernel::Result;

use crate::support::Domain;

pub(crate) const BACK: &str = "darkroom://back";

/// A domain with an account and an application that it may allow something.
pub(crate) struct Scene {
    pub(crate) domain: Domain,
    pub(crate) account_id: u64,
    pub(crate) client: CreateApplicationReply,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let domain = Domain::new().await;
        let account_id = domain.register("ada").await.id;
        let client = domain.application("read write push", BACK).await;
        Self {
            domain,
            account_id,
            client,
        }
    }

    pub(crate) fn asking(&self) -> AuthorizeRequest {
        AuthorizeRequest {
            account_id: self.account_id,
            client_id: client_id(&self.client),
            redirect_uri: BACK.to_owned(),
            scopes: "read write:media".to_owned(),
            ..AuthorizeRequest::default()
        }
    }

    pub(crate) async fn authorize(&self, request: AuthorizeRequest) -> Result<String> {
        let reply = self
            .domain
            .gateway
            .authorize(&self.domain.context, request)
            .await?;
        Ok(reply.code)
    }

    pub(crate) fn proof(code: &str) -> AuthorizationCode {
        AuthorizationCode {
            code: code.to_owned(),
            redirect_uri: BACK.to_owned(),
            code_verifier: String::new(),
        }
    }

    pub(crate) async fn redeem(&self, proof: AuthorizationCode) -> Result<IssueTokenReply> {
        self.issue(&self.client, Proof::AuthorizationCode(proof))
            .await
    }

    pub(crate) async fn issue(
        &self,
        client: &CreateApplicationReply,
        proof: Proof,
    ) -> Result<IssueTokenReply> {
        let request = IssueTokenRequest {
            client_id: client_id(client),
            client_secret: client.client_secret.clone(),
            proof: Some(proof),
        };
        self.domain
            .gateway
            .issue_token(&self.domain.context, request)
            .await
    }

    pub(crate) async fn token(&self) -> String {
        let code = self.authorize(self.asking()).await.unwrap();
        self.redeem(Self::proof(&code)).await.unwrap().access_token
    }

    pub(crate) async fn revoke(&self, client: &CreateApplicationReply, token: &str) -> Result<()> {
        let request = RevokeTokenRequest {
            client_id: client_id(client),
            client_secret: client.client_secret.clone(),
            token: token.to_owned(),
        };
        self.domain
            .gateway
            .revoke_token(&self.domain.context, request)
            .await?;
        Ok(())
    }
}

pub(crate) fn client_id(client: &CreateApplicationReply) -> String {
    client.application.as_ref().unwrap().client_id.clone()
}

pub(crate) fn application_id(client: &CreateApplicationReply) -> u64 {
    client.application.as_ref().unwrap().id
}
