//! The pictures of a profile: which item shows where is recorded with the media domain, so that a
//! picture in use is kept and one that was replaced is deleted.
//!
//! The new picture is recorded before the profile names it, the old one released after. A crash in
//! between, or a response that does not say whether the profile changed, leaves a picture that is
//! kept though nothing shows it: room is lost, never a picture.

use std::time::Duration;

use business_accounts_gateway::{Account, GetAccountsRequest, UpdateProfileRequest};
use business_media_gateway::{AttachRequest, MediaItem, ReleaseRequest};
use infra_kernel::{AccountId, Context, Error, Result};
use presentation_kit::Gateways;

/// How long it may take to release the pictures of a profile.
const RELEASE_BUDGET: Duration = Duration::from_secs(10);

/// A picture of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// The small one beside the name.
    Avatar,
    /// The wide one above the profile.
    Header,
}

/// A picture of a profile, uploaded and ready to be shown.
pub type Uploaded = (Picture, MediaItem);

impl Picture {
    /// Every place of a profile that can have a picture.
    pub const ALL: [Self; 2] = [Self::Avatar, Self::Header];

    /// The form's field that holds it.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Header => "header",
        }
    }

    /// The item that an account shows there; 0 for none.
    const fn of(self, account: &Account) -> u64 {
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

/// Changes a profile, and what the media domain keeps for it. The pictures come beside the change,
/// at most one for a place; when the change is refused they go again.
///
/// # Errors
/// The accounts domain's, and the media domain's when it does not keep a picture for this account.
pub async fn update_profile(
    gateways: &Gateways,
    context: &Context,
    mut change: UpdateProfileRequest,
    uploads: &[Uploaded],
) -> Result<()> {
    let accounts = &gateways.accounts;
    if uploads.is_empty() {
        accounts.update_profile(context, change).await?;
        return Ok(());
    }
    let id = AccountId::new(change.account_id);
    let request = GetAccountsRequest::of([id]);
    // Before the change: afterwards nobody knows which pictures it replaced.
    let before = accounts
        .get_accounts(context, request)
        .await?
        .accounts
        .pop();
    let before = before.ok_or_else(|| Error::not_found("account"))?;
    for (picture, item) in uploads {
        match picture {
            Picture::Avatar => change.avatar_media_id = Some(item.id),
            Picture::Header => change.header_media_id = Some(item.id),
        }
    }
    if let Err(error) = hold_all(gateways, context, uploads).await {
        release_all(gateways, context, id, uploads, |_, item| item.id).await;
        return Err(error);
    }
    match accounts.update_profile(context, change).await {
        Ok(_) => {
            let old = |picture: Picture, _: &MediaItem| picture.of(&before);
            release_all(gateways, context, id, uploads, old).await;
            Ok(())
        }
        // The change may have been made though its response was lost: the profile may show the new
        // pictures, or the old.
        Err(error) if error.code().is_server_fault() => Err(error),
        Err(error) => {
            release_all(gateways, context, id, uploads, |_, item| item.id).await;
            Err(error)
        }
    }
}

/// Records that a profile is about to show these items.
async fn hold_all(gateways: &Gateways, context: &Context, uploads: &[Uploaded]) -> Result<()> {
    for (picture, item) in uploads {
        let request = AttachRequest {
            owner_id: item.owner_id,
            ids: vec![item.id],
            holder: picture.holder(item.owner_id, item.id),
            // A profile's pictures are for everyone, as the profile is.
            open: true,
        };
        gateways.media.attach(context, request).await?;
    }
    Ok(())
}

/// Notes for the place of each upload that a profile does not show this item there; 0 is none. A
/// failure costs only the room of a picture, so it is logged and does not fail the request. The
/// request's own time may be over.
async fn release_all(
    gateways: &Gateways,
    context: &Context,
    account_id: AccountId,
    uploads: &[Uploaded],
    stale: impl Fn(Picture, &MediaItem) -> u64,
) {
    let context = &context.with_budget(RELEASE_BUDGET);
    for (picture, item) in uploads {
        let media_id = stale(*picture, item);
        if media_id == 0 {
            continue;
        }
        let request = ReleaseRequest {
            owner_id: account_id.get(),
            holder: picture.holder(account_id.get(), media_id),
            ids: Vec::new(),
        };
        if let Err(error) = gateways.media.release(context, request).await {
            tracing::warn!(
                media_id,
                causes = error.causes(),
                "a picture that no profile shows was not released: {error}"
            );
        }
    }
}
