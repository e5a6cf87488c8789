//! Changes alt text and focal point.

use std::sync::Arc;

use business_media_gateway::{MediaId, MediaItem, UpdateMediaRequest};
use infra_kernel::{AccountId, Error, ErrorCode};

use crate::error::MediaError;
use crate::library::Library;
use crate::rules::requests;
use crate::store::items;

pub(crate) async fn update(
    library: &Arc<Library>,
    mut request: UpdateMediaRequest,
) -> Result<MediaItem, MediaError> {
    if let Some(description) = &mut request.description {
        *description = requests::description(description)?;
    }
    requests::focus([request.focus_x, request.focus_y])?;
    let id = MediaId::new(request.id);
    let owner = AccountId::new(request.owner_id);
    let focus = (request.focus_x, request.focus_y);
    library
        .write_then(
            move |connection| {
                Box::pin(async move {
                    // Asked in the transaction: a post may be taking it just now.
                    if items::load_own(connection, id, owner).await?.attached {
                        return Err(in_use().into());
                    }
                    items::describe(connection, id, request.description, focus).await?;
                    let item = items::load(connection, &[id]).await?.pop();
                    Ok(item.ok_or_else(|| Error::not_found("photo"))?)
                })
            },
            move |library, _| library.invalidate(&[id], &[]),
        )
        .await
}

fn in_use() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "This photo is already in use; its description can be changed only before it is posted.",
    )
}
