//! Changing a profile.

use business_accounts_gateway::{Account, ProfileChanged, UpdateProfileRequest, topics};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, IdGenerator};

use crate::error::AccountsError;
use crate::rules::{profile, words};
use crate::state::State;
use crate::store::{account_words, accounts};

pub(super) async fn update_profile(
    state: &State,
    context: &Context,
    request: UpdateProfileRequest,
) -> Result<Account, AccountsError> {
    let id = AccountId::new(request.account_id);
    let (context, ids) = (context.clone(), state.ids.clone());
    state
        .change(
            move |connection| {
                Box::pin(async move {
                    let before = accounts::by_id_for_update(connection, id).await?;
                    let before = before.ok_or(AccountsError::NotFound("account"))?;
                    let changed = profile::apply(&before, request)?;
                    write_change(connection, &context, &ids, &before, changed).await
                })
            },
            move |caches, _| caches.accounts.invalidate(&id),
        )
        .await
}

/// Writes a changed account with its next revision, and the event that announces it; one that is
/// the same as before is left as it is.
pub(super) async fn write_change(
    connection: &mut Connection,
    context: &Context,
    ids: &IdGenerator,
    before: &Account,
    mut changed: Account,
) -> Result<Account, AccountsError> {
    if changed == *before {
        return Ok(changed);
    }
    changed.revision = before.revision + 1;
    let message = ProfileChanged {
        account_id: changed.id,
        revision: changed.revision,
    };
    accounts::update(connection, &changed).await?;
    // The other source of words, the username, never changes.
    if changed.display_name != before.display_name {
        account_words::replace(connection, changed.id(), &words::of_account(&changed)).await?;
    }
    let event = Event::new(context, ids, topics::PROFILE_CHANGED, changed.id, &message);
    outbox::append(connection, &event).await?;
    Ok(changed)
}
