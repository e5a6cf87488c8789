use business_media_gateway::append_chunk::Part;
use business_media_gateway::*;
use futures::StreamExt as _;
use infra_kernel::{Error, ErrorCode, Result};
use infra_rpc::Messages;

use super::{Processing, World};

/// An upload in parts.
pub(crate) struct InParts {
    owner_id: u64,
    session: UploadSession,
    sent: Vec<u8>,
}

impl World {
    pub(super) fn begin_in_parts(&self, request: BeginUploadRequest) -> UploadSession {
        let session = UploadSession {
            upload_id: self.next_id(),
            bytes: request.bytes,
            metadata: request.metadata,
            ..UploadSession::default()
        };
        self.in_parts.lock().unwrap().push(InParts {
            owner_id: request.header.unwrap().owner_id,
            session: session.clone(),
            sent: Vec::new(),
        });
        session
    }

    /// What is whole and was not taken is taken now, as the domain does.
    pub(super) fn look_at(&self, owner_id: u64, upload_id: u64) -> Result<UploadSession> {
        let mut session =
            self.in_upload(owner_id, upload_id, |upload| self.take_if_whole(upload))??;
        if let Some(item) = &mut session.item {
            let media = self.media.lock().unwrap();
            *item = media.iter().find(|now| now.id == item.id).unwrap().clone();
        }
        Ok(session)
    }

    pub(super) async fn append_in_parts(
        &self,
        mut request: Messages<AppendChunk>,
    ) -> Result<UploadSession> {
        let Some(Part::Header(header)) = request.next().await.unwrap()?.part else {
            panic!("a part begins with its header");
        };
        let (owner, id) = (header.owner_id, header.upload_id);
        while let Some(chunk) = request.next().await {
            match chunk?.part.unwrap() {
                Part::Data(data) if data.starts_with(b"<html") => {
                    self.cancel_in_parts(owner, id);
                    return Err(Error::new(ErrorCode::Unsupported, "This is no picture."));
                }
                Part::Data(data) => self.in_upload(owner, id, |upload| {
                    upload.sent.extend_from_slice(&data);
                    upload.session.offset = upload.sent.len() as u64;
                })?,
                Part::End(_) => {
                    return self.in_upload(owner, id, |upload| self.take_if_whole(upload))?;
                }
                Part::Header(_) => panic!("a part has one header"),
            }
        }
        Err(Error::invalid("file", "The part was cut off."))
    }

    pub(super) fn cancel_in_parts(&self, owner_id: u64, upload_id: u64) -> bool {
        let mut uploads = self.in_parts.lock().unwrap();
        let before = uploads.len();
        uploads
            .retain(|upload| (upload.owner_id, upload.session.upload_id) != (owner_id, upload_id));
        uploads.len() < before
    }

    fn in_upload<T>(
        &self,
        owner_id: u64,
        upload_id: u64,
        act: impl FnOnce(&mut InParts) -> T,
    ) -> Result<T> {
        let mut uploads = self.in_parts.lock().unwrap();
        let upload = uploads
            .iter_mut()
            .find(|upload| (upload.owner_id, upload.session.upload_id) == (owner_id, upload_id));
        Ok(act(upload.ok_or_else(|| Error::not_found("upload"))?))
    }

    fn take_if_whole(&self, upload: &mut InParts) -> Result<UploadSession> {
        let is_whole = upload.session.offset == upload.session.bytes;
        if !is_whole || upload.session.item.is_some() {
            return Ok(upload.session.clone());
        }
        if *self.processing.lock().unwrap() == Processing::Refusing {
            let text = "There is no room for more photos just now.";
            return Err(Error::new(ErrorCode::RateLimited, text));
        }
        let item = MediaItem {
            id: self.next_id(),
            owner_id: upload.owner_id,
            state: MediaState::Uploaded.into(),
            ..MediaItem::default()
        };
        self.media.lock().unwrap().push(item.clone());
        upload.session.item = Some(item);
        Ok(upload.session.clone())
    }
}
