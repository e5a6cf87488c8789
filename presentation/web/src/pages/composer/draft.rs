//! What a composer's form holds when it comes in.

use infra_kernel::{AccountId, Error, MediaId, Result};
use presentation_kit::upload::FileForm;

use crate::guard::check_token;
use crate::upload::{is_file, receive, text};
use crate::visit::Visit;

/// The most fields looked at.
const FIELDS_MAX: usize = 200;

/// A post that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Whether the form's token was found, and right.
    pub(super) is_ours: bool,
    pub(super) text: String,
    pub(super) visibility: String,
    pub(super) sensitive: bool,
    pub(super) idempotency_key: String,
    pub(super) photos: Vec<DraftPhoto>,
    adds: bool,
    removes: Option<MediaId>,
}

/// A photo of a draft, stored already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DraftPhoto {
    pub(super) id: MediaId,
    /// Its words, when the form had a field for them.
    pub(super) alt: Option<String>,
}

impl Draft {
    /// Whether "Share" was pressed, and not one of the buttons that only change the form.
    pub(super) fn wants_sharing(&self) -> bool {
        !self.adds && self.removes.is_none()
    }

    /// Reads the form, storing its files as they come.
    pub(super) async fn read(
        &mut self,
        visit: &Visit,
        owner: AccountId,
        form: &mut FileForm,
    ) -> Result<()> {
        let photos_max = usize::try_from(visit.site().post_media_max).unwrap_or(usize::MAX);
        for _ in 0..FIELDS_MAX {
            let Some(field) = form.next_field().await? else {
                self.photos.retain(|photo| Some(photo.id) != self.removes);
                return Ok(());
            };
            let name = field.name().unwrap_or_default().to_owned();
            if name == "csrf" {
                check_token(visit, &text(field).await?)?;
                self.is_ours = true;
            } else if !self.is_ours {
                // The token comes first: nothing is stored for a form that is not ours.
                return check_token(visit, "");
            } else if is_file(&field) {
                if self.photos.len() >= photos_max {
                    return Err(Error::invalid(
                        "file",
                        format!("A post holds {photos_max} photos at the most."),
                    ));
                }
                let item =
                    receive(&visit.context, &*visit.surface.gateways.media, owner, field).await?;
                self.photos.push(DraftPhoto {
                    id: MediaId::new(item.id),
                    alt: None,
                });
            } else if field.file_name().is_none() {
                let value = text(field).await?;
                self.take(&name, value)?;
            }
        }
        Err(Error::invalid(
            "form",
            format!("A form may have at most {FIELDS_MAX} fields."),
        ))
    }

    fn take(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "text" => self.text = value,
            "visibility" => self.visibility = value,
            "sensitive" => self.sensitive = true,
            "idempotency_key" => self.idempotency_key = value,
            "add" => self.adds = true,
            "remove" => self.removes = Some(media_id(&value)?),
            "media_id" => self.photos.push(DraftPhoto {
                id: media_id(&value)?,
                alt: None,
            }),
            // Without a script there is one field for the photos that come with the form.
            "alt" if !value.trim().is_empty() => {
                self.photos
                    .iter_mut()
                    .filter(|photo| photo.alt.is_none())
                    .for_each(|photo| photo.alt = Some(value.clone()));
            }
            _ => {
                if let Some(id) = name.strip_prefix("alt-").and_then(|id| media_id(id).ok()) {
                    self.photos
                        .iter_mut()
                        .filter(|photo| photo.id == id)
                        .for_each(|photo| photo.alt = Some(value.clone()));
                }
            }
        }
        Ok(())
    }
}

fn media_id(text: &str) -> Result<MediaId> {
    text.parse()
        .map_err(|_| Error::not_found("photo").for_field("media_id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: &[(&str, &str)]) -> Draft {
        let mut draft = Draft::default();
        for (name, value) in fields {
            draft.take(name, (*value).to_owned()).unwrap();
        }
        draft
    }

    #[test]
    fn every_photo_gets_its_own_words() {
        let draft = draft(&[
            ("media_id", "1"),
            ("alt-1", "A gull"),
            ("media_id", "2"),
            ("alt-2", ""),
            ("alt-9", "nobody's"),
        ]);
        assert_eq!(
            draft.photos,
            [
                DraftPhoto {
                    id: MediaId::new(1),
                    alt: Some("A gull".into())
                },
                DraftPhoto {
                    id: MediaId::new(2),
                    alt: Some(String::new())
                },
            ]
        );
        assert!(draft.wants_sharing());
    }

    #[test]
    fn the_common_words_go_to_photos_without_their_own() {
        let draft = draft(&[
            ("media_id", "1"),
            ("alt-1", "A gull"),
            ("media_id", "2"),
            ("alt", "The harbour"),
        ]);
        assert_eq!(draft.photos[0].alt.as_deref(), Some("A gull"));
        assert_eq!(draft.photos[1].alt.as_deref(), Some("The harbour"));
    }

    #[test]
    fn the_other_buttons_do_not_share() {
        assert!(!draft(&[("add", "1")]).wants_sharing());
        assert!(!draft(&[("remove", "7")]).wants_sharing());
        assert!(Draft::default().take("media_id", "x".into()).is_err());
    }
}
