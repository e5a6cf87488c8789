//! The member's profile, and who holds its pictures.

use std::sync::atomic::Ordering;

use business_accounts_gateway::{Account, UpdateProfileRequest};
use business_media_gateway::{AttachReply, AttachRequest, ReleaseReply, ReleaseRequest};
use infra_kernel::{Error, ErrorCode, Result};

use super::{ADA, Fakes};

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    pub(super) fn account(&self, id: u64) -> Account {
        let (username, avatar) = if id == ADA {
            ("ada", self.avatar.load(Ordering::Relaxed))
        } else {
            ("bob", 0)
        };
        Account {
            id,
            revision: 1 + avatar + self.defaults.load(Ordering::Relaxed),
            username: username.into(),
            avatar_media_id: avatar,
            default_visibility: if id == ADA && self.defaults.load(Ordering::Relaxed) & 4 != 0 {
                "private".into()
            } else {
                String::new()
            },
            default_originals_shared: id == ADA && self.defaults.load(Ordering::Relaxed) & 1 != 0,
            default_camera_shown: id == ADA && self.defaults.load(Ordering::Relaxed) & 2 != 0,
            ..Account::default()
        }
    }

    /// The member's posts are for followers, unless they say otherwise.
    pub(crate) fn prefer_followers(&self) {
        self.defaults.fetch_or(4, Ordering::Relaxed);
    }

    pub(super) async fn on_update_profile(&self, request: UpdateProfileRequest) -> Result<Account> {
        let name = request.display_name.unwrap_or_default();
        if name == "too long" {
            return Err(Error::invalid("display_name", "The name is too long."));
        }
        self.note(format!(
            "profile {name:?} avatar={:?}",
            request.avatar_media_id
        ));
        if let Some(avatar) = request.avatar_media_id {
            self.avatar.store(avatar, Ordering::Relaxed);
        }
        for (default, bit) in [
            (request.default_originals_shared, 1),
            (request.default_camera_shown, 2),
        ] {
            match default {
                Some(true) => self.defaults.fetch_or(bit, Ordering::Relaxed),
                Some(false) => self.defaults.fetch_and(!bit, Ordering::Relaxed),
                None => 0,
            };
        }
        if name == "answer lost" {
            return Err(Error::new(ErrorCode::Unavailable, "Try again."));
        }
        Ok(self.account(ADA))
    }

    pub(super) async fn on_attach(&self, request: AttachRequest) -> Result<AttachReply> {
        assert_eq!(request.owner_id, ADA);
        self.note(format!("attach {:?} {}", request.ids, request.holder));
        Ok(AttachReply {})
    }

    pub(super) async fn on_release(&self, request: ReleaseRequest) -> Result<ReleaseReply> {
        self.note(format!("release {}", request.holder));
        Ok(ReleaseReply { deleted: 1 })
    }
}
