//! The key by which push services know this server.

use infra_webpush::ServerKey;

use crate::error::NotificationsError;
use crate::state::State;
use crate::store::push_key;

/// The key by which push services know this server. It is made when it is first wanted.
pub(super) async fn get(state: &State) -> Result<&ServerKey, NotificationsError> {
    let read = || async {
        let kept = match push_key::get(&state.database).await? {
            Some(kept) => kept,
            None => make(state).await?,
        };
        Ok(ServerKey::read(&kept)?)
    };
    state.push_key.get_or_try_init(read).await
}

async fn make(state: &State) -> Result<Vec<u8>, NotificationsError> {
    let (made, now) = (ServerKey::make()?, state.clock.now());
    let kept = state
        .database
        .write(move |connection| Box::pin(push_key::keep(connection, made, now)));
    Ok(kept.await?)
}
