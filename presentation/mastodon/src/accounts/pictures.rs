//! The pictures of a profile: which item shows where is noted with the media domain, so that a picture in use is kept and
//! one that was replaced is deleted.
//!
//! The new picture is noted before the profile names it, the old one released after. A crash in between leaves a picture
//! that is kept though nothing shows it: room is lost, never a picture.

use business_accounts_gateway::Account;
use business_media_gateway::{AttachRequest, MediaItem, ReleaseRequest};
use infra_kernel::{AccountId, Context, Result};
use presentation_kit::Surface;

/// A picture of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    Avatar,
    Header,
}

impl Picture {
    /// The form's field that holds it.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Header => "header",
        }
    }

    /// The item that an account shows there; 0 for none.
    pub(super) const fn of(self, account: &Account) -> u64 {
        match self {
            Self::Avatar => account.avatar_media_id,
            Self::Header => account.header_media_id,
        }
    }

    /// The name under which the media domain keeps an item for this place.
    fn holder(self, account_id: u64, media_id: u64) -> String {
        format!("account:{account_id}:{}:{media_id}", self.field())
    }
}

/// Notes that a profile is about to show this item.
pub(super) async fn hold(
    surface: &Surface,
    context: &Context,
    picture: Picture,
    item: &MediaItem,
) -> Result<()> {
    let request = AttachRequest {
        owner_id: item.owner_id,
        ids: vec![item.id],
        holder: picture.holder(item.owner_id, item.id),
    };
    surface.gateways.media.attach(context, request).await?;
    Ok(())
}

/// Notes that a profile does not show this item; 0 is none. A failure costs only the room of a picture, so it is logged
/// and does not fail the request.
pub(super) async fn release(
    surface: &Surface,
    context: &Context,
    picture: Picture,
    account_id: AccountId,
    media_id: u64,
) {
    if media_id == 0 {
        return;
    }
    let request = ReleaseRequest {
        holder: picture.holder(account_id.get(), media_id),
    };
    if let Err(error) = surface.gateways.media.release(context, request).await {
        tracing::warn!(
            media_id,
            causes = error.causes(),
            "a picture that no profile shows was not released: {error}"
        );
    }
}
