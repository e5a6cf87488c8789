//! Takes one file. What is refused leaves nothing: no row, no blob, no half-written file.

use std::sync::Arc;

use business_media_codec::{Header, read_header};
use business_media_gateway::{MediaItem, MediaUploaded, UploadChunk, UploadHeader, topics};
use infra_blob::BlobWriter;
use infra_bus::{Event, outbox};
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result};
use infra_rpc::Messages;

use crate::blobs::{self, Noted};
use crate::error::MediaError;
use crate::service::{check, receive};
use crate::store::items::{self, NewItem};
use crate::store::upload_sessions;
use crate::{Core, to_the_end};

impl Core {
    pub(crate) async fn upload(
        self: &Arc<Self>,
        context: &Context,
        mut chunks: Messages<UploadChunk>,
    ) -> Result<MediaItem, MediaError> {
        let header = receive::header(context, &mut chunks).await?;
        self.check_upload(&header).await?;
        let mut writer = self.blobs.store.begin().await?;
        receive::body(
            context,
            &mut chunks,
            self.settings.upload_bytes_max,
            &self.formats(),
            &mut *writer,
        )
        .await?;
        self.take_file(context, header, writer, None).await
    }

    /// Takes a file that is written whole: looks at its header, keeps it, and asks for a worker. `session` is the upload in
    /// parts that it came by, which is noted to have become the item in the same transaction.
    pub(crate) async fn take_file(
        self: &Arc<Self>,
        context: &Context,
        header: UploadHeader,
        mut writer: Box<dyn BlobWriter>,
        session: Option<i64>,
    ) -> Result<MediaItem, MediaError> {
        let owner = self.check_upload(&header).await?;
        let picture = self.read_picture(&mut *writer).await?;
        let id = self.ids.media();
        let item = NewItem {
            id,
            owner,
            content_type: picture.format.content_type(),
            description: header.description,
            focus: (header.focus_x.unwrap_or(0.0), header.focus_y.unwrap_or(0.0)),
            width: picture.width,
            height: picture.height,
            created_at: self.clock.now(),
            original_key: writer.key().to_string(),
            original_bytes: writer.bytes(),
            memory_bytes: picture.memory_bytes,
        };
        let (core, context) = (Arc::clone(self), context.clone());
        to_the_end(async move { core.keep(&context, writer, item, session).await }).await
    }

    async fn keep(
        &self,
        context: &Context,
        writer: Box<dyn BlobWriter>,
        item: NewItem,
        session: Option<i64>,
    ) -> Result<MediaItem, MediaError> {
        // From here on the blob has a name, so the database has to know of it first.
        let noted = self.blobs.note(&[writer.key()]).await?;
        let kept = match writer.finish().await {
            Ok(_) => self.commit_upload(context, item, &noted, session).await,
            Err(error) => Err(error.into()),
        };
        match kept {
            Ok(item) => Ok(item),
            Err(error) => {
                self.blobs.abandon(noted).await;
                Err(error)
            }
        }
    }

    pub(crate) async fn check_upload(
        &self,
        header: &UploadHeader,
    ) -> Result<AccountId, MediaError> {
        check::description(&header.description)?;
        check::focus([header.focus_x, header.focus_y])?;
        if header.owner_id == 0 {
            return Err(Error::invalid("owner_id", "An upload needs an owner.").into());
        }
        let owner = AccountId::new(header.owner_id);
        let mut connection = self.database.reader().acquire().await?;
        let unattached = items::count_unattached(&mut connection, owner).await?;
        self.check_unattached(unattached)?;
        Ok(owner)
    }

    fn check_unattached(&self, unattached: u32) -> Result<()> {
        if unattached < self.settings.unattached_items_max {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::RateLimited,
            format!(
                "You have {unattached} uploaded photos that are in no post yet, which is as many as can wait. Post some of \
                 them, or come back when those you do not use were removed."
            ),
        ))
    }

    /// Looks at the header of what was written, within the memory that pictures may take together.
    async fn read_picture(&self, writer: &mut dyn BlobWriter) -> Result<Header, MediaError> {
        let memory = self.budget.take(writer.bytes()).await?;
        let written = writer.written(self.settings.upload_bytes_max).await?;
        let (limits, taken) = (self.settings.limits(), self.formats());
        let header = tokio::task::spawn_blocking(move || {
            let header = read_header(&written, &limits, &taken);
            drop((written, memory));
            header
        });
        Ok(header.await??)
    }

    async fn commit_upload(
        &self,
        context: &Context,
        item: NewItem,
        noted: &Noted,
        session: Option<i64>,
    ) -> Result<MediaItem, MediaError> {
        let message = MediaUploaded {
            media_id: item.id.get(),
            owner_id: item.owner.get(),
        };
        let event = Event::new(
            context,
            &self.ids,
            topics::UPLOADED,
            item.id.get(),
            &message,
        );
        let unattached_max = self.settings.unattached_items_max;
        let noted = noted.clone();
        let ends = (self.clock.now(), self.session_end());
        let (unattached, inserted) = self
            .database
            .write(move |connection| {
                Box::pin(async move {
                    // Counted again: several uploads of one account may have passed the first check together.
                    let unattached = items::count_unattached(connection, item.owner).await?;
                    if unattached >= unattached_max {
                        return Ok((unattached, None));
                    }
                    items::insert(connection, &item).await?;
                    upload_sessions::become_item(connection, session, item.id, ends).await?;
                    blobs::settle(connection, &noted).await?;
                    outbox::append(connection, &event).await?;
                    let inserted = items::load(connection, &[item.id]).await?.pop();
                    Ok::<_, MediaError>((unattached, inserted))
                })
            })
            .await?;
        match inserted {
            Some(item) => Ok(item),
            None => {
                self.check_unattached(unattached)?;
                Err(MediaError::BlobBusy)
            }
        }
    }
}
