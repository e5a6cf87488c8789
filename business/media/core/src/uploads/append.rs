//! Adds to an upload what arrives.
//!
//! What came without a checksum is kept piece by piece, so that little is lost when this process
//! dies and nothing when the client does; what came with one is kept whole or not at all. A piece
//! that begins where only a small one ended takes that one in: an upload has few parts however
//! small the client's requests are.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use business_media_codec::{SNIFF_BYTES, sniff};
use business_media_gateway::{AppendChunk, AppendHeader, UploadSession, append_chunk::Part};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use infra_blob::BlobWriter;
use infra_kernel::{AccountId, Context, Error, ErrorCode};
use infra_rpc::{Messages, within_deadline};
use tokio::time::timeout;

use crate::blobs;
use crate::error::MediaError;
use crate::store::upload_sessions::{self, PartRow, SessionRow};
use crate::tasks::run_to_completion;
use crate::uploads::Uploads;
use crate::uploads::append_locks::Append;
use crate::uploads::checksum::Checksum;
use crate::uploads::finish::finish_upload;
use crate::uploads::gather::Gathered;
use crate::uploads::session::{busy, describe_session, end_session, read_session, session_reply};

/// A piece is kept when it has this many bytes: what a crash of this process loses at most.
const PIECE_BYTES: u64 = 1024 * 1024;
/// A part smaller than this is taken in by the one that follows it, so an upload has at most one
/// part for each so many bytes, and one more.
const SMALL_BYTES: u64 = 256 * 1024;
/// When a request is asked to end: how long it may be silent before it does, and how long it may
/// continue at most. Less than the caller waits for it.
const SILENCE_MAX: Duration = Duration::from_millis(250);
const LAST_BYTES_MAX: Duration = Duration::from_secs(5);

pub(crate) async fn append_upload(
    uploads: &Arc<Uploads>,
    context: &Context,
    mut chunks: Messages<AppendChunk>,
) -> Result<UploadSession, MediaError> {
    let Some(Part::Header(header)) = next_part(context, &mut chunks).await? else {
        return Err(Error::invalid("file", "A part begins with its header.").into());
    };
    let checksum = Checksum::new(&header.checksum_algorithm, &header.checksum)?;
    let owner = AccountId::new(header.owner_id);
    context.caller().require_account(owner)?;
    let id = header.upload_id.cast_signed();
    // Before a lock is taken: the upload may be another's, or over.
    read_session(uploads, id, owner).await?;
    uploads.blobs.store().require_room(0).await?;
    let append = uploads.append_locks.begin(id).ok_or_else(busy)?;
    // Read again: the one that was just under way may have moved it.
    let session = read_session(uploads, id, owner).await?;
    check_offset(&session, &header)?;
    let receiving = Receiving {
        uploads: Arc::clone(uploads),
        context: context.clone(),
        session,
        append,
        checksum,
        asked_to_end_at: None,
        sniffed: false,
    };
    // Its caller may be gone before what has arrived is kept.
    run_to_completion(receiving.run(chunks)).await
}

fn check_offset(session: &SessionRow, header: &AppendHeader) -> Result<(), Error> {
    let position = session.position.cast_unsigned();
    if header.offset == position {
        return Ok(());
    }
    let text = format!(
        "This part begins at byte {}, and the upload goes on at byte {position}.",
        header.offset
    );
    Err(Error::new(ErrorCode::Conflict, text).for_field("offset"))
}

/// The next message's part; nothing when the stream ended.
async fn next_part(
    context: &Context,
    chunks: &mut Messages<AppendChunk>,
) -> Result<Option<Part>, Error> {
    let next = async { chunks.next().await.transpose() };
    Ok(within_deadline(context, next)
        .await?
        .and_then(|chunk| chunk.part))
}

/// One request's bytes on their way.
struct Receiving {
    uploads: Arc<Uploads>,
    context: Context,
    session: SessionRow,
    append: Append,
    checksum: Option<Checksum>,
    asked_to_end_at: Option<Instant>,
    /// Whether the file's first bytes were looked at.
    sniffed: bool,
}

/// A piece that is being written.
struct Piece {
    writer: Box<dyn BlobWriter>,
    /// Where in the file it begins.
    begins: u64,
    /// How many of its bytes were here before.
    taken_in: u64,
    gathered: Gathered,
    /// The file's first bytes, while they are too few to tell what it is.
    start: BytesMut,
}

/// How a request's bytes ended.
enum End {
    Whole,
    /// Its client is gone, its time is up, or somebody asked how far the upload is.
    CutOff(Error),
}

impl Receiving {
    async fn run(mut self, mut chunks: Messages<AppendChunk>) -> Result<UploadSession, MediaError> {
        // It is an item already. A client that missed the response may ask again, without bytes.
        if self.session.media_id != 0 {
            if let Ok(data) = self.next(&mut chunks).await
                && !data.is_empty()
            {
                return Err(self.too_many().into());
            }
            return describe_session(&self.uploads, &self.session).await;
        }
        let mut piece = self.begin_piece().await?;
        let end = loop {
            match self.next(&mut chunks).await {
                Ok(data) => piece = self.take(piece, data).await?,
                Err(end) => break end,
            }
        };
        self.settle(piece, end).await
    }

    /// The next bytes, or how they ended.
    async fn next(&mut self, chunks: &mut Messages<AppendChunk>) -> Result<Bytes, End> {
        match self.next_message(chunks).await {
            Ok(Some(Part::Data(data))) => Ok(data),
            Ok(Some(Part::End(_))) => Err(End::Whole),
            Ok(Some(Part::Header(_))) => {
                let text = "A part has one header only.";
                Err(End::CutOff(Error::invalid("file", text)))
            }
            Ok(None) => {
                let text = "The part was cut off before its end.";
                Err(End::CutOff(Error::invalid("file", text)))
            }
            Err(error) => Err(End::CutOff(error)),
        }
    }

    /// The next message. When the request is asked to end, what was sent before is still taken: a
    /// connection may be cut long before everything that came over it is read.
    async fn next_message(
        &mut self,
        chunks: &mut Messages<AppendChunk>,
    ) -> Result<Option<Part>, Error> {
        let mut next = pin!(next_part(&self.context, chunks));
        if self.asked_to_end_at.is_none() {
            tokio::select! {
                next = &mut next => return next,
                () = self.append.is_asked_to_end() => self.asked_to_end_at = Some(Instant::now()),
            }
        }
        let since = self
            .asked_to_end_at
            .map_or(Duration::ZERO, |at| at.elapsed());
        let wait = LAST_BYTES_MAX.saturating_sub(since).min(SILENCE_MAX);
        if wait.is_zero() {
            return Err(busy());
        }
        match timeout(wait, next).await {
            Ok(next) => next,
            Err(_) => Err(busy()),
        }
    }

    /// A piece that continues where the upload is.
    async fn begin_piece(&mut self) -> Result<Piece, MediaError> {
        let position = self.session.position.cast_unsigned();
        let mut piece = Piece {
            writer: self.uploads.blobs.store().begin().await?,
            begins: position,
            taken_in: 0,
            gathered: Gathered::new(self.uploads.budget.upload_buffer()),
            start: BytesMut::new(),
        };
        let last = upload_sessions::last_part(&self.uploads.database, self.session.id).await?;
        let small = last.filter(|part| part.bytes.cast_unsigned() < SMALL_BYTES);
        if let Some(part) = small {
            let key = part.key.parse()?;
            let before = self
                .uploads
                .blobs
                .store()
                .read_all_for_upload(key, SMALL_BYTES)
                .await?;
            piece.begins = part.position.cast_unsigned();
            piece.taken_in = before.len() as u64;
            piece.gathered.push(&before);
            piece.start.extend_from_slice(&before);
        }
        // Of a file that continues, so many bytes were looked at when they came.
        self.sniffed = position >= SNIFF_BYTES as u64;
        if self.sniffed {
            piece.start.clear();
        }
        Ok(piece)
    }

    async fn take(&mut self, mut piece: Piece, data: Bytes) -> Result<Piece, MediaError> {
        if piece.end() + data.len() as u64 > self.session.bytes.cast_unsigned() {
            return Err(self.too_many().into());
        }
        if let Some(checksum) = &mut self.checksum {
            checksum.update(&data);
        }
        if !self.sniffed {
            piece.start.extend_from_slice(&data);
        }
        piece.gathered.push(&data);
        if piece.start.len() >= SNIFF_BYTES {
            self.look(&mut piece).await?;
        }
        if piece.gathered.is_enough() {
            piece.gathered.write_to(&mut *piece.writer).await?;
        }
        if self.checksum.is_none() && piece.bytes() >= PIECE_BYTES {
            self.keep(piece).await?;
            piece = self.begin_piece().await?;
        }
        Ok(piece)
    }

    fn too_many(&self) -> Error {
        let text = format!(
            "More bytes arrived than the {} that this upload was said to have; they were dropped.",
            self.session.bytes
        );
        Error::new(ErrorCode::TooLarge, text).for_field("file")
    }

    /// Looks at the file's first bytes. What they show not to be taken ends the upload, unless a
    /// checksum may yet tell that they are not what was sent.
    async fn look(&mut self, piece: &mut Piece) -> Result<(), MediaError> {
        let taken = self.uploads.formats.accepted().await?;
        let start = std::mem::take(&mut piece.start);
        self.sniffed = true;
        let Err(refused) = sniff(&start, &taken) else {
            return Ok(());
        };
        if self.checksum.is_none() {
            end_session(&self.uploads, self.session.id).await?;
        }
        Err(refused.into())
    }

    /// Keeps what is left of the request's bytes, and takes the file when it is whole.
    async fn settle(mut self, mut piece: Piece, end: End) -> Result<UploadSession, MediaError> {
        // Before anything of it is looked at or kept: what was damaged on its way says nothing of
        // the file.
        if let Some(checksum) = self.checksum.take() {
            match &end {
                End::Whole => checksum.verify()?,
                // Half of it cannot be verified.
                End::CutOff(_) => return self.say(end),
            }
        }
        let is_whole = piece.end() == self.session.bytes.cast_unsigned();
        // The whole file is shorter than what is looked at.
        if is_whole && !self.sniffed {
            self.look(&mut piece).await?;
        }
        // Where nothing new has come, the part that was taken in stays as it is.
        if piece.bytes() > piece.taken_in {
            self.keep(piece).await?;
        }
        if is_whole {
            return finish_upload(&self.uploads, &self.context, &self.session).await;
        }
        self.say(end)
    }

    fn say(&self, end: End) -> Result<UploadSession, MediaError> {
        match end {
            End::Whole => Ok(session_reply(&self.session, None)),
            End::CutOff(error) => Err(error.into()),
        }
    }

    async fn keep(&mut self, mut piece: Piece) -> Result<(), MediaError> {
        piece.gathered.write_to(&mut *piece.writer).await?;
        let key = piece.writer.key();
        let part = PartRow {
            position: piece.begins.cast_signed(),
            key: key.to_string(),
            bytes: piece.writer.bytes().cast_signed(),
        };
        let to = piece.end().cast_signed();
        // From here on the blob has a name, so the database has to know of it first.
        let pending = self.uploads.blobs.note(&[key]).await?;
        let kept = match piece.writer.finish().await {
            Ok(_) => self.commit(part, to, pending.clone()).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = kept {
            self.uploads.blobs.abandon(pending, Some(&error)).await;
            return Err(error);
        }
        self.session.position = to;
        Ok(())
    }

    async fn commit(
        &self,
        part: PartRow,
        to: i64,
        pending: blobs::PendingBlobs,
    ) -> Result<(), MediaError> {
        let (id, from) = (self.session.id, self.session.position);
        let now = self.uploads.clock.now();
        let replaced = self
            .uploads
            .database
            .write(move |connection| {
                Box::pin(async move {
                    if !upload_sessions::advance(connection, id, (from, to), now).await? {
                        return Err(MediaError::Refused(gone()));
                    }
                    let replaced = upload_sessions::put_part(connection, id, &part, now).await?;
                    blobs::settle(connection, &pending).await?;
                    Ok(replaced)
                })
            })
            .await?;
        self.uploads.blobs.collect(replaced.as_slice()).await;
        Ok(())
    }
}

impl Piece {
    fn bytes(&self) -> u64 {
        self.writer.bytes() + self.gathered.len() as u64
    }

    fn end(&self) -> u64 {
        self.begins + self.bytes()
    }
}

fn gone() -> Error {
    let text = "This upload was ended by another request or is out of time.";
    Error::new(ErrorCode::Gone, text)
}
