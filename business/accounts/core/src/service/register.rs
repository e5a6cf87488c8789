//! Making an account: by signing up, by the setup link, or by the operator.

use business_accounts_gateway::{
    Account, AccountRegistered, RegisterReply, RegisterRequest, Role, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{Context, Timestamp};

use super::Service;
use crate::error::AccountsError;
use crate::limits::Address;
use crate::rules::profile::is_language;
use crate::rules::registration::{
    Maker, check_agreement, check_email, check_password, check_username,
};
use crate::secret::{Secret, SecretHash};
use crate::store::{accounts, credentials, setup_tokens};

const USERNAME_TAKEN: AccountsError = AccountsError::Taken {
    field: "username",
    sentence: "This username is taken. Please choose another.",
};
const EMAIL_TAKEN: AccountsError = AccountsError::Taken {
    field: "email",
    sentence: "There is an account with this e-mail address already. Sign in instead, or use another address.",
};

/// An account to be written.
pub(super) struct NewAccount {
    pub(super) username: String,
    /// Empty for none, which only the operator may choose.
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) role: Role,
    pub(super) language: String,
    /// The setup token that it is made with.
    pub(super) setup_token: Option<SecretHash>,
}

impl Service {
    pub(super) async fn register(
        &self,
        context: &Context,
        request: RegisterRequest,
    ) -> Result<RegisterReply, AccountsError> {
        let setup_token = Some(request.setup_token.clone()).filter(|token| !token.is_empty());
        let setup_token = setup_token.map(|token| Secret::given(token).hash());
        let maker = setup_token.map_or(Maker::Anyone, |_| Maker::Setup);
        if maker == Maker::Anyone && !self.settings.registrations_open {
            return Err(AccountsError::RegistrationClosed);
        }
        check_sign_up(&request, maker)?;
        let address = Address::parse(&request.remote_address);
        self.limits
            .registrations
            .take(address, self.clock.uptime())?;
        self.check_setup_token(setup_token).await?;
        self.check_free(&request.username, &request.email).await?;
        let password_hash = self
            .passwords
            .hash(context, Secret::given(request.password))
            .await?;
        let account = NewAccount {
            username: request.username,
            email: request.email,
            password_hash,
            role: if maker == Maker::Setup {
                Role::Admin
            } else {
                Role::Member
            },
            language: Some(request.locale)
                .filter(|text| is_language(text))
                .unwrap_or_default(),
            setup_token,
        };
        let account = self.write_account(context, account).await?;
        Ok(RegisterReply {
            account: Some(account),
            generated_password: String::new(),
        })
    }

    /// Spares the work of a hash for what cannot succeed; the same is checked again in the transaction that counts.
    pub(super) async fn check_free(
        &self,
        username: &str,
        email: &str,
    ) -> Result<(), AccountsError> {
        if credentials::is_name_taken(self.database.reader(), username).await? {
            return Err(USERNAME_TAKEN);
        }
        if !email.is_empty() && credentials::is_email_taken(self.database.reader(), email).await? {
            return Err(EMAIL_TAKEN);
        }
        Ok(())
    }

    async fn check_setup_token(&self, token: Option<SecretHash>) -> Result<(), AccountsError> {
        match token {
            Some(token) if !setup_tokens::is_valid(self.database.reader(), token).await? => {
                Err(AccountsError::SetupToken)
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn write_account(
        &self,
        context: &Context,
        new: NewAccount,
    ) -> Result<Account, AccountsError> {
        let id = self.ids.account();
        let now = self.clock.now();
        let registered = AccountRegistered {
            account_id: id.get(),
        };
        let event = Event::new(
            context,
            &self.ids,
            topics::REGISTERED,
            id.get(),
            &registered,
        );
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let account = accounts::blank(
                        id,
                        new.username.clone(),
                        new.role,
                        new.language.clone(),
                        now,
                    );
                    insert(connection, &account, &new, now).await?;
                    outbox::append(connection, &event).await?;
                    Ok(account)
                })
            })
            .await
    }
}

fn check_sign_up(request: &RegisterRequest, maker: Maker) -> Result<(), AccountsError> {
    check_username(&request.username, maker)?;
    check_email(&request.email)?;
    check_password(&request.password)?;
    check_agreement(request.agreement)
}

async fn insert(
    connection: &mut Connection,
    account: &Account,
    new: &NewAccount,
    now: Timestamp,
) -> Result<(), AccountsError> {
    if let Some(token) = new.setup_token
        && !setup_tokens::is_valid_for_update(connection, token).await?
    {
        return Err(AccountsError::SetupToken);
    }
    if !accounts::insert(connection, account).await? {
        return Err(USERNAME_TAKEN);
    }
    let hash = &new.password_hash;
    if !credentials::insert(connection, account.id(), &new.email, hash, now).await? {
        return Err(EMAIL_TAKEN);
    }
    setup_tokens::remove_expired(connection).await?;
    Ok(())
}

/// The checks that hold for an account of the operator's too.
pub(super) fn check_operators_account(username: &str, email: &str) -> Result<(), AccountsError> {
    check_username(username, Maker::Operator)?;
    if email.is_empty() {
        return Ok(());
    }
    check_email(email)
}
