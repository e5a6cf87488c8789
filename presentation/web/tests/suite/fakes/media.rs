//! Photos: how they are taken, and what becomes of them.

use std::sync::atomic::Ordering;

use business_media_gateway::upload_chunk::Part;
use business_media_gateway::*;
use futures::StreamExt as _;
use infra_kernel::{Error, ErrorCode, Result};
use infra_rpc::Messages;

use super::{ADA, Fakes, MEDIA};

fn item(id: u64) -> MediaItem {
    let rendition = Rendition {
        name: "feed".into(),
        key: "abc.jpg".into(),
        width: 30,
        height: 20,
        ..Rendition::default()
    };
    MediaItem {
        id,
        owner_id: ADA,
        revision: 1,
        state: MediaState::Ready.into(),
        open: true,
        width: 30,
        height: 20,
        camera: Some(Camera {
            model: "X100V".into(),
            iso: 160,
            ..Camera::default()
        }),
        renditions: vec![rendition],
        ..MediaItem::default()
    }
}

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    /// A photo as it is now.
    fn item(&self, id: u64) -> MediaItem {
        let mut item = item(id);
        let sizes = self.sizes.lock().unwrap();
        let size = id.checked_sub(MEDIA).and_then(|at| sizes.get(at as usize));
        item.original_bytes = size.copied().unwrap_or_default();
        if self.failing.lock().unwrap().contains(&id) {
            item.state = MediaState::Failed.into();
            item.failure = "It is damaged. Export it again.".into();
            item.failure_code = "broken".into();
            item.renditions.clear();
        }
        if self.slow.lock().unwrap().contains(&id) {
            item.state = MediaState::Processing.into();
            item.renditions.clear();
        }
        item
    }

    /// The photo of every post is lost.
    pub(crate) fn lose_photos(&self) {
        self.failing.lock().unwrap().push(MEDIA);
    }

    /// What took long is done.
    pub(crate) fn finish_slow(&self) {
        self.slow.lock().unwrap().clear();
    }

    pub(super) async fn on_upload(&self, mut chunks: Messages<UploadChunk>) -> Result<MediaItem> {
        let (mut bytes, mut name) = (0, String::new());
        while let Some(chunk) = chunks.next().await {
            match chunk?.part {
                Some(Part::Header(header)) => name = header.file_name,
                Some(Part::Data(data)) => bytes += data.len(),
                Some(Part::End(_)) => {
                    let id = MEDIA + self.count("upload");
                    self.note(format!("upload {name} {bytes}"));
                    self.sizes.lock().unwrap().push(bytes as u64);
                    if name.starts_with("broken") {
                        self.failing.lock().unwrap().push(id);
                    }
                    if name.starts_with("slow") {
                        self.slow.lock().unwrap().push(id);
                    }
                    return Ok(MediaItem {
                        state: MediaState::Uploaded.into(),
                        renditions: Vec::new(),
                        ..item(id)
                    });
                }
                None => {}
            }
            if name.ends_with(".txt") {
                return Err(Error::new(ErrorCode::Unsupported, "This is no photo."));
            }
        }
        Err(Error::invalid("file", "The upload was cut off."))
    }

    pub(super) async fn on_get_media(&self, request: GetMediaRequest) -> Result<GetMediaReply> {
        Ok(GetMediaReply {
            items: request.ids.into_iter().map(|id| self.item(id)).collect(),
        })
    }

    /// What was uploaded and neither shared nor deleted.
    pub(super) async fn on_list_unused(
        &self,
        request: ListUnusedRequest,
    ) -> Result<ListUnusedReply> {
        let uploaded = self.sizes.lock().unwrap().len() as u64;
        let deleted = |id: &u64| self.done().contains(&format!("delete {id}"));
        let unused = (MEDIA..MEDIA + uploaded).rev();
        let unused = unused.filter(|id| !self.is_shown(*id) && !deleted(id));
        Ok(ListUnusedReply {
            items: unused
                .take(request.limit as usize)
                .map(|id| self.item(id))
                .collect(),
            lifetime_s: 86_400,
            failed_lifetime_s: 604_800,
        })
    }

    pub(super) async fn on_delete_media(
        &self,
        request: DeleteMediaRequest,
    ) -> Result<DeleteMediaReply> {
        if request.owner_id != ADA || request.id >= MEDIA + self.sizes.lock().unwrap().len() as u64
        {
            return Err(Error::not_found("photo"));
        }
        self.note(format!("delete {}", request.id));
        Ok(DeleteMediaReply {})
    }

    pub(super) async fn on_wait(&self, request: WaitUntilProcessedRequest) -> Result<MediaItem> {
        self.waited.fetch_add(1, Ordering::Relaxed);
        Ok(self.item(request.id))
    }

    pub(super) async fn on_update_media(&self, request: UpdateMediaRequest) -> Result<MediaItem> {
        if self.is_shown(request.id) {
            return Err(Error::new(
                ErrorCode::Conflict,
                "This photo is already in use.",
            ));
        }
        self.note(format!(
            "alt {} {}",
            request.id,
            request.description.unwrap_or_default()
        ));
        if let (Some(x), Some(y)) = (request.focus_x, request.focus_y) {
            self.note(format!("focus {} {x} {y}", request.id));
        }
        Ok(item(request.id))
    }

    pub(super) async fn on_get_capabilities(
        &self,
        _: GetCapabilitiesRequest,
    ) -> Result<Capabilities> {
        Ok(Capabilities {
            content_types: vec!["image/jpeg".into()],
            upload_bytes_max: 1 << 20,
            pixels_max: 1,
            description_characters_max: 1_500,
            ..Capabilities::default()
        })
    }
}
