//! The messages as typed values: ids, moments and scopes in place of raw numbers and texts.
//!
//! A method has the name of the field it reads, as prost's own accessors do.

use business_media_gateway::MediaId;
use infra_kernel::{AccountId, ApplicationId, Identity, Timestamp};

use crate::SessionId;
use crate::{
    Account, AccountHead, AccountRegistered, Application, FindLocalAccountsRequest,
    GetAccountHeadsRequest, GetAccountsRequest, Grant, ProfileChanged, Scopes, SessionsRevoked,
    SignInReply,
};

impl Account {
    /// Which account it is.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        AccountId::new(self.id)
    }

    /// When it was made.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.created_at_us)
    }

    /// Its picture, if it has one.
    #[must_use]
    pub fn avatar_media_id(&self) -> Option<MediaId> {
        some_id(self.avatar_media_id).map(MediaId::new)
    }

    /// The picture across its page, if it has one.
    #[must_use]
    pub fn header_media_id(&self) -> Option<MediaId> {
        some_id(self.header_media_id).map(MediaId::new)
    }

    /// What to call it: its display name, or its username when it has none.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        if self.display_name.trim().is_empty() {
            &self.username
        } else {
            &self.display_name
        }
    }
}

impl AccountHead {
    /// Which account it is.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        AccountId::new(self.id)
    }
}

impl Grant {
    /// On whose behalf a call is made that was authenticated by the secret.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            account_id: self.account_id(),
            application_id: self.application_id(),
            scopes: self.scopes.clone(),
        }
    }

    /// Whom the secret stands for; nobody when it stands for an application alone.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        some_id(self.account_id).map(AccountId::new)
    }

    /// Which application it was issued to; none for a browser session.
    #[must_use]
    pub fn application_id(&self) -> Option<ApplicationId> {
        some_id(self.application_id).map(ApplicationId::new)
    }

    /// Which session or token it is.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        SessionId::new(self.session_id)
    }

    /// What it may be used for. A text that cannot be read allows nothing.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scopes).unwrap_or(Scopes::NONE)
    }
}

impl SignInReply {
    /// The account that signed in.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        AccountId::new(self.account_id)
    }

    /// When the session ends if it is not used before.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.expires_at_us)
    }
}

impl Application {
    /// Which application it is.
    #[must_use]
    pub const fn id(&self) -> ApplicationId {
        ApplicationId::new(self.id)
    }

    /// The most it may ask for. A text that cannot be read allows nothing.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scopes).unwrap_or(Scopes::NONE)
    }
}

impl GetAccountsRequest {
    /// Asks for these accounts.
    #[must_use]
    pub fn of(ids: impl IntoIterator<Item = AccountId>) -> Self {
        let ids = ids.into_iter().map(AccountId::get).collect();
        Self { ids }
    }
}

impl GetAccountHeadsRequest {
    /// Asks for the heads of these accounts.
    #[must_use]
    pub fn of(ids: impl IntoIterator<Item = AccountId>) -> Self {
        let ids = ids.into_iter().map(AccountId::get).collect();
        Self { ids }
    }
}

impl FindLocalAccountsRequest {
    /// Asks for the accounts of this server with these names.
    #[must_use]
    pub fn of<T: Into<String>>(usernames: impl IntoIterator<Item = T>) -> Self {
        let usernames = usernames.into_iter().map(Into::into).collect();
        Self { usernames }
    }
}

impl AccountRegistered {
    /// Which account was made.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl ProfileChanged {
    /// The account whose profile changed.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl SessionsRevoked {
    /// Whose sessions and tokens ended.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

/// On the wire 0 means none.
fn some_id(id: u64) -> Option<u64> {
    (id != 0).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_no_id() {
        let grant = Grant {
            application_id: 7,
            scopes: "read".to_owned(),
            ..Grant::default()
        };
        assert_eq!(grant.account_id(), None);
        assert_eq!(grant.application_id(), Some(ApplicationId::new(7)));
    }

    #[test]
    fn unreadable_scopes_allow_nothing() {
        let grant = Grant {
            scopes: "read root".to_owned(),
            ..Grant::default()
        };
        assert!(grant.scopes().is_empty());
    }

    #[test]
    fn an_account_without_a_display_name_is_called_by_its_username() {
        let mut account = Account {
            username: "ada".to_owned(),
            display_name: " ".to_owned(),
            ..Account::default()
        };
        assert_eq!(account.shown_name(), "ada");
        account.display_name = "Ada L.".to_owned();
        assert_eq!(account.shown_name(), "Ada L.");
    }
}
