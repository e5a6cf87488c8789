//! What a composer's form holds when it comes in.

use business_media_gateway::MediaId;
use infra_kernel::{AccountId, Error, ErrorCode, Result};
use presentation_kit::upload::{FileField, FileForm};

use crate::guard::check_token;
use crate::page_context::PageContext;
use crate::upload::{is_file, receive, text, too_many_fields};

/// The most fields looked at: six for each photo of an album, and what there is once.
const FIELDS_MAX: usize = 200;
/// The most bytes of photos beyond the most of an album that are read and thrown away, so that the
/// person hears of it. The words of the post come after the photos: a form that goes beyond it
/// loses them.
const LEFT_OUT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// A post that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Whether the form's token was found, and right.
    pub(super) is_ours: bool,
    pub(super) text: String,
    pub(super) visibility: String,
    pub(super) sensitive: bool,
    pub(super) originals_shared: bool,
    pub(super) camera_shown: bool,
    pub(super) idempotency_key: String,
    /// In the order of the album.
    pub(super) photos: Vec<DraftPhoto>,
    /// Photos that cannot be shared; they are not among `photos`.
    pub(super) refused: Vec<Refused>,
    /// Photos that came with this form.
    added: Vec<DraftPhoto>,
    /// How many more came than an album holds, and their bytes.
    left_out: usize,
    left_out_bytes: usize,
    /// Words for all photos that have none of their own.
    common_alt: String,
    form_action: Option<FormAction>,
    /// What was wrong first. The form is read on after it, so that nothing else of it is lost.
    first_wrong: Option<Error>,
}

/// A photo of a draft, stored already.
#[derive(Debug, PartialEq)]
pub(super) struct DraftPhoto {
    pub(super) id: MediaId,
    /// Its words, when the form had a field for them.
    pub(super) alt: Option<String>,
    /// Its focal point in per cent from the left and from the top, when the form had fields for it.
    pub(super) focus_left: Option<f32>,
    pub(super) focus_top: Option<f32>,
}

/// A photo that cannot be shared, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// What its sender knows it by.
    pub(super) name: String,
    pub(super) reason: String,
}

/// A button that only changes the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FormAction {
    Add,
    Remove(MediaId),
    Earlier(MediaId),
    Later(MediaId),
}

impl Draft {
    /// Whether "Share" was pressed, and not one of the buttons that only change the form.
    pub(super) fn wants_sharing(&self) -> bool {
        self.form_action.is_none()
    }

    /// Reads the form, storing its files as they come. Neither a file nor a field that is refused
    /// keeps the others from being taken.
    pub(super) async fn read(
        &mut self,
        page_context: &PageContext,
        owner: AccountId,
        form: &mut FileForm,
    ) -> Result<()> {
        let photos_max = usize::try_from(page_context.site().post_media_max).unwrap_or(usize::MAX);
        let read = self
            .read_fields(page_context, owner, form, photos_max)
            .await;
        // Also of a form that could not be read to its end: what was read is shown again.
        let settled = self.settle(photos_max);
        match read {
            Err(error) if error.code().is_server_fault() => Err(error),
            read => self.first_wrong.take().map_or(read, Err).and(settled),
        }
    }

    /// Reads to the end, or to where the rest cannot be read.
    async fn read_fields(
        &mut self,
        page_context: &PageContext,
        owner: AccountId,
        form: &mut FileForm,
        photos_max: usize,
    ) -> Result<()> {
        let mut count = 0;
        while let Some(field) = form.next_field().await? {
            if count == FIELDS_MAX {
                return Err(too_many_fields(FIELDS_MAX));
            }
            count += 1;
            let name = field.name().unwrap_or_default().to_owned();
            if name == "csrf" {
                check_token(page_context, &text(field).await?)?;
                self.is_ours = true;
            } else if !self.is_ours {
                // The token comes first: nothing is stored for a form that is not ours.
                return check_token(page_context, "");
            } else if !is_file(&field) {
                // A file field in which nothing was chosen has an empty name, and says nothing.
                if field.file_name().is_none() {
                    let taken = text(field).await.and_then(|value| self.take(&name, value));
                    self.first_wrong = self.first_wrong.take().or(taken.err());
                }
            } else if self.photos.len() + self.added.len() < photos_max {
                self.take_file(page_context, owner, field).await?;
            } else {
                self.leave_out(field).await?;
            }
        }
        Ok(())
    }

    /// Records that a photo cannot be shared; it counts from 1.
    pub(super) fn refuse(&mut self, number: usize, reason: &str) {
        self.refused.push(Refused {
            name: format!("Photo {number}"),
            reason: reason.to_owned(),
        });
    }

    async fn take_file(
        &mut self,
        page_context: &PageContext,
        owner: AccountId,
        field: FileField<'_>,
    ) -> Result<()> {
        let name = field.file_name().unwrap_or_default().to_owned();
        let media = &*page_context.surface.gateways.media;
        match receive(&page_context.context, media, owner, field).await {
            Ok(item) => self.added.push(DraftPhoto::of(MediaId::new(item.id))),
            Err(error) if error.code().is_server_fault() => return Err(error),
            Err(error) => self.refused.push(Refused {
                name,
                reason: error.public().to_owned(),
            }),
        }
        Ok(())
    }

    async fn leave_out(&mut self, mut field: FileField<'_>) -> Result<()> {
        self.left_out += 1;
        while let Some(chunk) = field.chunk().await? {
            self.left_out_bytes += chunk.len();
            if self.left_out_bytes > LEFT_OUT_BYTES_MAX {
                let text = "These are far more photos than a post holds. Choose fewer of them.";
                return Err(Error::new(ErrorCode::TooLarge, text).for_field("file"));
            }
        }
        Ok(())
    }

    fn take(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "text" => self.text = value,
            "visibility" => self.visibility = value,
            "sensitive" => self.sensitive = true,
            "originals_shared" => self.originals_shared = true,
            "camera_shown" => self.camera_shown = true,
            "idempotency_key" => self.idempotency_key = value,
            "add" => self.form_action = Some(FormAction::Add),
            "remove" => self.form_action = Some(FormAction::Remove(media_id(&value)?)),
            "earlier" => self.form_action = Some(FormAction::Earlier(media_id(&value)?)),
            "later" => self.form_action = Some(FormAction::Later(media_id(&value)?)),
            "media_id" => self.photos.push(DraftPhoto::of(media_id(&value)?)),
            // Without a script there is one field for the photos that come with the form.
            "alt" => self.common_alt = value,
            _ => self.take_of_photo(name, value)?,
        }
        Ok(())
    }

    /// A field of one photo; one of a photo that is not there is skipped.
    fn take_of_photo(&mut self, name: &str, value: String) -> Result<()> {
        let Some((name, id)) = name.rsplit_once('-') else {
            return Ok(());
        };
        let photo = id.parse().ok().and_then(|id: MediaId| {
            let mut photos = self.photos.iter_mut();
            photos.find(|photo| photo.id == id)
        });
        let Some(photo) = photo else {
            return Ok(());
        };
        match name {
            "alt" => photo.alt = Some(value),
            "focus-left" => photo.focus_left = per_cent(&value)?,
            "focus-top" => photo.focus_top = per_cent(&value)?,
            _ => {}
        }
        Ok(())
    }

    /// Brings the photos into their order, once the whole form is read.
    fn settle(&mut self, photos_max: usize) -> Result<()> {
        self.photos.append(&mut self.added);
        if !self.common_alt.trim().is_empty() {
            let bare = self.photos.iter_mut().filter(|photo| photo.alt.is_none());
            bare.for_each(|photo| photo.alt = Some(self.common_alt.clone()));
        }
        let at = |id| self.photos.iter().position(|photo| photo.id == id);
        match self.form_action {
            Some(FormAction::Remove(id)) => self.photos.retain(|photo| photo.id != id),
            Some(FormAction::Earlier(id)) => {
                if let Some(at) = at(id).filter(|at| *at > 0) {
                    self.photos.swap(at - 1, at);
                }
            }
            Some(FormAction::Later(id)) => {
                if let Some(at) = at(id).filter(|at| at + 1 < self.photos.len()) {
                    self.photos.swap(at, at + 1);
                }
            }
            Some(FormAction::Add) | None => {}
        }
        let given = self.photos.len() + self.left_out;
        if given > photos_max {
            let text = format!(
                "A post holds {photos_max} photos at the most, and these are {given}. The first {photos_max} are kept \
                 here, the others were left out."
            );
            self.photos.truncate(photos_max);
            return Err(Error::invalid("file", text));
        }
        Ok(())
    }
}

impl DraftPhoto {
    const fn of(id: MediaId) -> Self {
        Self {
            id,
            alt: None,
            focus_left: None,
            focus_top: None,
        }
    }

    /// Its focal point as the media domain has it: -1 to 1, y upwards.
    pub(super) fn focus(&self) -> (Option<f32>, Option<f32>) {
        let x = self.focus_left.map(|left| left / 50.0 - 1.0);
        let y = self.focus_top.map(|top| 1.0 - top / 50.0);
        (x, y)
    }
}

fn media_id(text: &str) -> Result<MediaId> {
    text.parse()
        .map_err(|_| Error::not_found("photo").for_field("media_id"))
}

/// None for a field that was left empty.
fn per_cent(text: &str) -> Result<Option<f32>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim().parse().ok();
    let number = number.filter(|number: &f32| (0.0..=100.0).contains(number));
    let sentence =
        "The focal point is two numbers from 0 to 100: per cent from the left and from the top.";
    number
        .map(Some)
        .ok_or_else(|| Error::invalid("focus", sentence))
}

#[cfg(test)]
mod tests;
