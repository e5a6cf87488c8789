//! Posts that are made, one for each key.

use business_posts_gateway::*;
use infra_kernel::{Error, ErrorCode, Result};

use super::{ADA, Fakes};

/// The text of a post that is one too many.
pub(crate) const TOO_MUCH: &str = "one more";
/// The first post that is made.
const FIRST: u64 = 900;

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    pub(super) async fn on_create_post(
        &self,
        request: CreatePostRequest,
    ) -> Result<CreatePostReply> {
        if request.text == TOO_MUCH {
            let text = "That is all for today.";
            let wait = std::time::Duration::from_secs(60);
            return Err(Error::new(ErrorCode::RateLimited, text).to_retry_after(wait));
        }
        let mut made = self.made.lock().unwrap();
        let key = &request.idempotency_key;
        if let Some((_, post)) = made.iter().find(|(met, _)| !key.is_empty() && met == key) {
            return Ok(CreatePostReply {
                post: Some(post.clone()),
                created: false,
            });
        }
        let shown = |id| made.iter().any(|(_, post)| post.media_ids.contains(id));
        if request.media_ids.iter().any(shown) {
            return Err(Error::invalid("media_ids", "A photo is in use already."));
        }
        self.note(format!(
            "post {:?} media={:?} visibility={}",
            request.text, request.media_ids, request.visibility
        ));
        if request.originals_shared || request.camera_shown {
            self.note(format!(
                "shares originals={} camera={}",
                request.originals_shared, request.camera_shown
            ));
        }
        let post = Post {
            id: FIRST + made.len() as u64,
            author_id: ADA,
            text: request.text,
            media_ids: request.media_ids,
            visibility: request.visibility,
            sensitive: request.sensitive,
            in_reply_to_id: request.in_reply_to_id,
            originals_shared: request.originals_shared,
            camera_shown: request.camera_shown,
            ..Post::default()
        };
        made.push((request.idempotency_key, post.clone()));
        Ok(CreatePostReply {
            post: Some(post),
            created: true,
        })
    }

    pub(super) async fn on_get_reshared(&self, _: GetResharedRequest) -> Result<GetResharedReply> {
        Ok(GetResharedReply::default())
    }

    /// Whether a post shows this photo.
    pub(super) fn is_shown(&self, id: u64) -> bool {
        let made = self.made.lock().unwrap();
        made.iter().any(|(_, post)| post.media_ids.contains(&id))
    }
}
