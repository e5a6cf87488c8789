//! Changes alt texts and focal points on behalf of what shows the items.

use std::sync::Arc;

use business_media_gateway::{DescribeMediaRequest, MediaChange, MediaId, MediaItem};
use infra_db::Connection;
use infra_kernel::{AccountId, Error, ErrorCode};

use crate::error::MediaError;
use crate::library::Library;
use crate::rules::requests;
use crate::store::{holders, items};

/// On behalf of what, and of whom.
struct Holder {
    name: String,
    owner: AccountId,
}

/// All of it or nothing. Returns whether anything was changed.
pub(crate) async fn describe(
    library: &Arc<Library>,
    request: DescribeMediaRequest,
) -> Result<bool, MediaError> {
    requests::holder(&request.holder)?;
    requests::id_count(request.changes.len())?;
    let mut changes = request.changes;
    for change in &mut changes {
        if let Some(description) = &mut change.description {
            *description = requests::description(description)?;
        }
        requests::focus([change.focus_x, change.focus_y])?;
    }
    if changes.is_empty() {
        return Ok(false);
    }
    let holder = Holder {
        name: request.holder,
        owner: AccountId::new(request.owner_id),
    };
    let changed = library.write_then(
        move |connection| Box::pin(write(connection, holder, changes)),
        |library, changed: &Vec<MediaId>| library.invalidate(changed, &[]),
    );
    Ok(!changed.await?.is_empty())
}

/// Returns the items that were changed.
async fn write(
    connection: &mut Connection,
    holder: Holder,
    changes: Vec<MediaChange>,
) -> Result<Vec<MediaId>, MediaError> {
    let mut changed = Vec::new();
    for change in changes {
        let id = MediaId::new(change.id);
        let Some(item) = items::load(connection, &[id]).await?.pop() else {
            continue;
        };
        check(connection, &holder, id, &item).await?;
        if differs(&item, &change) {
            let focus = (change.focus_x, change.focus_y);
            items::describe(connection, id, change.description, focus).await?;
            changed.push(id);
        }
    }
    Ok(changed)
}

/// Whether this holder may change the item: one that it shows, or that nothing does.
async fn check(
    connection: &mut Connection,
    holder: &Holder,
    id: MediaId,
    item: &MediaItem,
) -> Result<(), MediaError> {
    // Another's photo is as good as none: nobody learns which ids there are.
    if item.owner() != holder.owner {
        return Err(Error::not_found("photo").into());
    }
    if item.attached && !holders::holds(connection, &holder.name, id).await? {
        let sentence = "This photo is in use elsewhere.";
        return Err(Error::new(ErrorCode::Conflict, sentence).into());
    }
    Ok(())
}

#[allow(clippy::float_cmp)] // The same number, or another one: nothing is computed.
fn differs(item: &MediaItem, change: &MediaChange) -> bool {
    let description = change.description.as_ref();
    description.is_some_and(|text| *text != item.description)
        || change.focus_x.is_some_and(|x| x != item.focus_x)
        || change.focus_y.is_some_and(|y| y != item.focus_y)
}
