use std::sync::atomic::Ordering;

use async_trait::async_trait;
use business_media_gateway::rendition_chunk::Part as Read;
use business_media_gateway::upload_chunk::Part;
use business_media_gateway::*;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use infra_kernel::{Context, Error, ErrorCode, Result};
use infra_rpc::Messages;
use testing_stubs::StubMedia;

use super::{Processing, World};

impl World {
    fn item(&self, id: u64) -> Option<MediaItem> {
        let media = self.media.lock().unwrap();
        media.iter().find(|item| item.id == id).cloned()
    }

    /// Puts so many ready photos into a post.
    pub(crate) fn illustrate(&self, post_id: u64, photos: usize) {
        let ids: Vec<u64> = (0..photos).map(|_| self.next_id()).collect();
        for id in &ids {
            let mut item = MediaItem {
                id: *id,
                ..MediaItem::default()
            };
            self.process(&mut item);
            self.media.lock().unwrap().push(item);
        }
        let mut posts = self.posts.lock().unwrap();
        let post = posts.iter_mut().find(|post| post.id == post_id);
        post.unwrap().media_ids = ids;
    }

    /// What a worker would have made of an upload by now.
    fn process(&self, item: &mut MediaItem) {
        match *self.processing.lock().unwrap() {
            Processing::Slow => {}
            Processing::Failing => {
                item.state = MediaState::Failed.into();
                item.failure = "This is not a picture.".into();
                item.failure_code = "broken".into();
            }
            _ => {
                item.state = MediaState::Ready.into();
                item.camera = Some(Camera {
                    model: "X100V".into(),
                    iso: 160,
                    ..Camera::default()
                });
                item.renditions = ["full", "feed", "grid"]
                    .map(|name| Rendition {
                        name: name.into(),
                        key: format!("{name}{}.jpg", item.id),
                        width: 800,
                        height: 400,
                        ..Rendition::default()
                    })
                    .into();
            }
        }
    }
}

#[async_trait]
impl StubMedia for World {
    async fn upload(&self, _: &Context, mut request: Messages<UploadChunk>) -> Result<MediaItem> {
        let mut item = MediaItem {
            id: self.next_id(),
            state: MediaState::Uploaded.into(),
            ..MediaItem::default()
        };
        let mut bytes = Vec::new();
        let mut largest = 0;
        while let Some(chunk) = request.next().await {
            match chunk?.part.unwrap() {
                Part::Header(header) => {
                    item.owner_id = header.owner_id;
                    item.description = header.description;
                    item.focus_x = header.focus_x.unwrap_or_default();
                    item.focus_y = header.focus_y.unwrap_or_default();
                    self.note(format!("upload {}", header.file_name));
                }
                Part::Data(_) if *self.processing.lock().unwrap() == Processing::Refusing => {
                    return Err(Error::new(ErrorCode::TooLarge, "The picture is too large."));
                }
                Part::Data(data) => {
                    largest = largest.max(data.len());
                    bytes.extend_from_slice(&data);
                }
                Part::End(_) => {
                    self.note(format!("in chunks of at most {largest}"));
                    self.uploads.lock().unwrap().push(bytes.into());
                    self.media.lock().unwrap().push(item.clone());
                    return Ok(item);
                }
            }
        }
        Err(Error::new(ErrorCode::Invalid, "The upload was cut off."))
    }

    async fn get_media(&self, _: &Context, request: GetMediaRequest) -> Result<GetMediaReply> {
        if request.ids.len() > IDS_MAX {
            return Err(Error::invalid("ids", "At most 500 photos at once."));
        }
        let items = request.ids.iter().filter_map(|id| self.item(*id));
        Ok(GetMediaReply {
            items: items.collect(),
        })
    }

    async fn wait_until_processed(
        &self,
        _: &Context,
        request: WaitUntilProcessedRequest,
    ) -> Result<MediaItem> {
        let mut item = self.item(request.id).unwrap();
        self.process(&mut item);
        let mut media = self.media.lock().unwrap();
        media.retain(|other| other.id != item.id);
        media.push(item.clone());
        Ok(item)
    }

    async fn update_media(&self, _: &Context, request: UpdateMediaRequest) -> Result<MediaItem> {
        let mut media = self.media.lock().unwrap();
        let item = media
            .iter_mut()
            .find(|item| (item.id, item.owner_id) == (request.id, request.owner_id))
            .ok_or_else(|| Error::not_found("picture"))?;
        item.description = request.description.unwrap_or_default();
        item.focus_x = request.focus_x.unwrap_or(item.focus_x);
        item.focus_y = request.focus_y.unwrap_or(item.focus_y);
        Ok(item.clone())
    }

    async fn delete_media(
        &self,
        _: &Context,
        request: DeleteMediaRequest,
    ) -> Result<DeleteMediaReply> {
        let mut media = self.media.lock().unwrap();
        let place = media
            .iter()
            .position(|item| (item.id, item.owner_id) == (request.id, request.owner_id))
            .ok_or_else(|| Error::not_found("photo"))?;
        if media[place].attached {
            return Err(Error::invalid("id", "This photo is in use."));
        }
        media.remove(place);
        Ok(DeleteMediaReply {})
    }

    async fn attach(&self, _: &Context, request: AttachRequest) -> Result<AttachReply> {
        self.note(format!("attach {}", request.holder));
        let mut media = self.media.lock().unwrap();
        for item in media.iter_mut() {
            item.open |= request.open && request.ids.contains(&item.id);
            item.attached |= request.ids.contains(&item.id);
        }
        Ok(AttachReply {})
    }

    async fn release(&self, _: &Context, request: ReleaseRequest) -> Result<ReleaseReply> {
        self.note(format!("release {}", request.holder));
        Ok(ReleaseReply { deleted: 1 })
    }

    async fn read_rendition(
        &self,
        _: &Context,
        request: ReadRenditionRequest,
    ) -> Result<Messages<RenditionChunk>> {
        self.note(if request.head_only { "head" } else { "read" });
        let files = self.files.lock().unwrap();
        let (hash, ending) = request.key.split_once('.').unwrap();
        let named = |ending: &str| {
            let key = format!("{hash}.{ending}");
            files.iter().find(|(known, _)| *known == key)
        };
        let open = !self.closed.load(Ordering::Relaxed);
        let itself = named(ending).filter(|_| open || request.signed);
        let itself = itself.ok_or_else(|| Error::not_found("picture"))?;
        let others = ["avif", "webp"]
            .into_iter()
            .filter(|other| *other != ending);
        let others: Vec<&str> = others.filter(|other| named(other).is_some()).collect();
        let preferred = request.preferred_types.iter().find_map(|wanted| {
            let ending = wanted.strip_prefix("image/")?;
            others.contains(&ending).then_some(ending)
        });
        let (hash, ending) = match preferred {
            Some(ending) => (format!("{hash}-{ending}"), ending),
            None => (hash.to_owned(), ending),
        };
        let chunks = preferred.map_or(itself, |ending| named(ending).unwrap());
        let chunks = &chunks.1;
        let total: usize = chunks.iter().map(Bytes::len).sum();
        let data: Vec<Bytes> = match (request.head_only, request.length) {
            (true, _) => vec![],
            (false, 0) => chunks.clone(),
            (false, length) => {
                let from = usize::try_from(request.offset).unwrap();
                let length = usize::try_from(length).unwrap();
                vec![Bytes::from(chunks.concat()).slice(from..from + length)]
            }
        };
        let length = data.iter().map(|data| data.len() as u64).sum();
        let header = RenditionHeader {
            content_type: format!("image/{}", ending.replace("jpg", "jpeg")),
            bytes: total as u64,
            length: if request.head_only {
                total as u64
            } else {
                length
            },
            hash,
            varies: !others.is_empty(),
            open,
            forms_to_come: ending == "jpg" && !self.no_forms.load(Ordering::Relaxed),
        };
        let parts = std::iter::once(Read::Header(header)).chain(data.into_iter().map(Read::Data));
        let chunks: Vec<_> = parts
            .map(|part| Ok(RenditionChunk { part: Some(part) }))
            .collect();
        Ok(Box::pin(stream::iter(chunks)))
    }

    async fn get_capabilities(
        &self,
        _: &Context,
        _: GetCapabilitiesRequest,
    ) -> Result<Capabilities> {
        Ok(Capabilities {
            content_types: vec!["image/jpeg".into(), "image/png".into()],
            upload_bytes_max: 16_000_000,
            pixels_max: 50_000_000,
            description_characters_max: 1_500,
            ..Capabilities::default()
        })
    }

    async fn read_original(
        &self,
        _: &Context,
        request: ReadOriginalRequest,
    ) -> Result<Messages<RenditionChunk>> {
        let item = self.item(request.id);
        item.ok_or_else(|| Error::not_found("picture"))?;
        let data = if request.as_owner {
            "exact"
        } else {
            "stripped"
        };
        let header = RenditionHeader {
            content_type: "image/png".into(),
            bytes: data.len() as u64,
            length: data.len() as u64,
            hash: data.into(),
            ..RenditionHeader::default()
        };
        let chunks = [Read::Header(header), Read::Data(data.into())];
        let chunks = chunks.map(|part| Ok(RenditionChunk { part: Some(part) }));
        Ok(Box::pin(stream::iter(chunks)))
    }

    async fn begin_upload(
        &self,
        _: &Context,
        request: BeginUploadRequest,
    ) -> Result<UploadSession> {
        Ok(self.begin_in_parts(request))
    }

    async fn get_upload(&self, _: &Context, request: GetUploadRequest) -> Result<UploadSession> {
        self.look_at(request.owner_id, request.upload_id)
    }

    async fn append_upload(
        &self,
        _: &Context,
        request: Messages<AppendChunk>,
    ) -> Result<UploadSession> {
        self.append_in_parts(request).await
    }

    async fn cancel_upload(
        &self,
        _: &Context,
        request: CancelUploadRequest,
    ) -> Result<CancelUploadReply> {
        let found = self.cancel_in_parts(request.owner_id, request.upload_id);
        Ok(CancelUploadReply { found })
    }
}
