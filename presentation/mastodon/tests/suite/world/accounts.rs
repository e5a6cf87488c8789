use async_trait::async_trait;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::*;
use infra_kernel::{Context, Error, ErrorCode, Result};
use testing_stubs::StubAccounts;

use super::{ADA, BOB, NOON_US, World};

#[async_trait]
impl StubAccounts for World {
    async fn authenticate(&self, _: &Context, request: AuthenticateRequest) -> Result<Grant> {
        let (account_id, scopes) = match request.secret.as_str() {
            "ada" => (ADA, "read write follow"),
            "bob" => (BOB, "read write follow"),
            "ada-reads" => (ADA, "read"),
            "ada-uploads" => (ADA, "profile write:media"),
            "ada-writes" => (ADA, "write"),
            "ada-likes" => (ADA, "read:favourites write:favourites"),
            "ada-is-told" => (ADA, "read:notifications write:notifications"),
            "ada-moderates" => (ADA, "read admin:read:reports admin:write:reports"),
            "bob-moderates" => (BOB, "admin:read admin:write"),
            "app" => (0, "read write"),
            "app-moderates" => (0, "admin:read admin:write"),
            _ => {
                let text = "The access token is invalid.";
                return Err(Error::new(ErrorCode::Unauthenticated, text));
            }
        };
        Ok(Grant {
            account_id,
            application_id: 3,
            session_id: 5,
            scopes: scopes.into(),
            ..Grant::default()
        })
    }

    async fn register(&self, _: &Context, request: RegisterRequest) -> Result<RegisterReply> {
        if !request.agreement {
            return Err(Error::invalid("agreement", "`agreement` must be true."));
        }
        let account = Account {
            id: self.next_id(),
            username: request.username,
            ..Account::default()
        };
        self.accounts.lock().unwrap().push(account.clone());
        Ok(RegisterReply {
            account: Some(account),
            ..RegisterReply::default()
        })
    }

    async fn get_accounts(
        &self,
        _: &Context,
        request: GetAccountsRequest,
    ) -> Result<GetAccountsReply> {
        let mut accounts = self.accounts.lock().unwrap().clone();
        accounts.retain(|account| request.ids.contains(&account.id));
        Ok(GetAccountsReply { accounts })
    }

    async fn get_account_heads(
        &self,
        _: &Context,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        let accounts = self.accounts.lock().unwrap();
        let heads = accounts
            .iter()
            .filter(|account| request.ids.contains(&account.id))
            .map(|account| AccountHead {
                id: account.id,
                revision: account.revision,
                locked: account.locked,
            });
        Ok(GetAccountHeadsReply {
            heads: heads.collect(),
        })
    }

    async fn find_local_accounts(
        &self,
        _: &Context,
        request: FindLocalAccountsRequest,
    ) -> Result<GetAccountsReply> {
        let mut accounts = self.accounts.lock().unwrap().clone();
        accounts.retain(|account| {
            let is = |name: &String| name.eq_ignore_ascii_case(&account.username);
            request.usernames.iter().any(is)
        });
        Ok(GetAccountsReply { accounts })
    }

    async fn update_profile(&self, _: &Context, request: UpdateProfileRequest) -> Result<Account> {
        if request.display_name.as_deref() == Some("too long") {
            return Err(Error::invalid("display_name", "The name is too long."));
        }
        let mut accounts = self.accounts.lock().unwrap();
        let account = accounts
            .iter_mut()
            .find(|account| account.id == request.account_id)
            .unwrap();
        account.revision += 1;
        account.display_name = request.display_name.unwrap_or_default();
        account.avatar_media_id = request.avatar_media_id.unwrap_or(account.avatar_media_id);
        account.header_media_id = request.header_media_id.unwrap_or(account.header_media_id);
        if request.replace_fields {
            account.fields = request.fields;
        }
        account.locked = request.locked.unwrap_or(account.locked);
        if let Some(visibility) = request.default_visibility {
            account.default_visibility = visibility;
        }
        account.default_originals_shared = request
            .default_originals_shared
            .unwrap_or(account.default_originals_shared);
        account.default_camera_shown = request
            .default_camera_shown
            .unwrap_or(account.default_camera_shown);
        account.indexable = request.indexable.unwrap_or(account.indexable);
        if request.replace_attribution_domains {
            account.attribution_domains = request.attribution_domains;
        }
        if account.display_name == "answer lost" {
            return Err(Error::new(ErrorCode::Unavailable, "Try again."));
        }
        Ok(account.clone())
    }

    async fn count_accounts(
        &self,
        _: &Context,
        _: CountAccountsRequest,
    ) -> Result<CountAccountsReply> {
        Ok(CountAccountsReply { accounts: 2 })
    }

    async fn create_application(
        &self,
        _: &Context,
        request: CreateApplicationRequest,
    ) -> Result<CreateApplicationReply> {
        Ok(CreateApplicationReply {
            application: Some(Application {
                id: 3,
                client_id: "client".into(),
                name: request.name,
                website: request.website,
                redirect_uris: request.redirect_uris,
                scopes: request.scopes,
                public_client: request.public_client,
            }),
            client_secret: "secret".into(),
        })
    }

    async fn get_application(
        &self,
        _: &Context,
        request: GetApplicationRequest,
    ) -> Result<Application> {
        if request.application_id != 3 {
            return Err(Error::not_found("application"));
        }
        Ok(Application {
            id: 3,
            name: "Toot".into(),
            ..Application::default()
        })
    }

    async fn issue_token(
        &self,
        _: &Context,
        request: IssueTokenRequest,
    ) -> Result<IssueTokenReply> {
        let known = request.client_id == "client" && request.client_secret == "secret";
        let scopes = match request.proof.unwrap() {
            Proof::NewAccount(account) => {
                format!("{} for account {}", account.scopes, account.account_id)
            }
            _ if !known => {
                let text = "This application is not known here.";
                return Err(
                    Error::new(ErrorCode::Unauthenticated, text).for_field(fields::CLIENT_ID)
                );
            }
            Proof::ClientCredentials(own) => own.scopes,
            Proof::AuthorizationCode(code) if code.code == "good" => "read write".to_owned(),
            Proof::AuthorizationCode(_) => {
                let text = "The code is not valid any more.";
                return Err(Error::invalid(fields::CODE, text));
            }
        };
        Ok(IssueTokenReply {
            access_token: "fresh".into(),
            scopes,
            created_at_us: NOON_US,
        })
    }

    async fn revoke_token(
        &self,
        _: &Context,
        request: RevokeTokenRequest,
    ) -> Result<RevokeTokenReply> {
        if request.token == "of another" {
            let text = "This token is another application's.";
            return Err(Error::new(ErrorCode::Forbidden, text));
        }
        self.note(format!(
            "revoked {} by {}",
            request.token, request.client_id
        ));
        Ok(RevokeTokenReply {})
    }

    async fn search_accounts(
        &self,
        _: &Context,
        request: SearchAccountsRequest,
    ) -> Result<GetAccountsReply> {
        let mut accounts = self.accounts.lock().unwrap().clone();
        accounts.retain(|account| {
            let name = account.username.to_lowercase();
            !request.query.is_empty() && name.starts_with(&request.query.to_lowercase())
        });
        let found = accounts.into_iter().skip(request.offset as usize);
        Ok(GetAccountsReply {
            accounts: found.take(request.limit as usize).collect(),
        })
    }
}
