//! What an account does with notifications of those whom it may not expect.

use product_notifications_gateway::{
    Action, GetPolicyReply, GetPolicyRequest, Policy, SetPolicyReply, SetPolicyRequest,
};

use crate::error::NotificationsError;
use crate::state::State;
use crate::store::policies;

pub(super) async fn get(
    state: &State,
    request: GetPolicyRequest,
) -> Result<GetPolicyReply, NotificationsError> {
    let own = policies::of_accounts(&state.database, &[request.account_id]).await?;
    let own = own.into_iter().next().map(|(_, policy)| policy);
    let policy = Some(own.unwrap_or_else(Policy::of_everyone));
    Ok(GetPolicyReply { policy })
}

pub(super) async fn set(
    state: &State,
    request: SetPolicyRequest,
) -> Result<SetPolicyReply, NotificationsError> {
    let (account, wanted) = (request.account_id, request.policy.unwrap_or_default());
    let policy = state
        .database
        .write::<_, NotificationsError, _>(move |connection| {
            Box::pin(async move {
                let own = policies::get(connection, account).await?;
                let policy = changed(own.unwrap_or_else(Policy::of_everyone), &wanted);
                policies::set(connection, account, &policy).await?;
                Ok(policy)
            })
        })
        .await?;
    Ok(SetPolicyReply {
        policy: Some(policy),
    })
}

/// A policy with what is wanted in its place.
fn changed(policy: Policy, wanted: &Policy) -> Policy {
    let one = |now: Action, wanted: Action| match wanted {
        Action::Unspecified => now.into(),
        wanted => wanted.into(),
    };
    Policy {
        for_not_following: one(policy.for_not_following(), wanted.for_not_following()),
        for_not_followers: one(policy.for_not_followers(), wanted.for_not_followers()),
        for_new_accounts: one(policy.for_new_accounts(), wanted.for_new_accounts()),
        for_private_mentions: one(policy.for_private_mentions(), wanted.for_private_mentions()),
        for_limited_accounts: one(policy.for_limited_accounts(), wanted.for_limited_accounts()),
    }
}
