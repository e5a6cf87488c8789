//! Which formats are taken.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use business_media_codec::{ExternalCodecs, Format, FormatSet};
use business_media_gateway::{FormatStatus, ListFormatsReply, SwitchFormatRequest};
use infra_db::Database;
use infra_kernel::{Clock, Error};

use crate::dependencies::Dependencies;
use crate::error::MediaError;
use crate::store::formats;
use crate::tasks::run_to_completion;

/// How long what was read of the switches is believed: it bounds how late a process notices what
/// another has switched.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

const SWITCHED_OFF: &str = "Switched off by the operator.";

/// The formats that were off when it was last looked, and when that was.
#[derive(Default)]
struct Switches(RwLock<Option<(Instant, Vec<Format>)>>);

impl Switches {
    fn known(&self) -> Option<Vec<Format>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .filter(|(since, _)| since.elapsed() < BELIEVED_FOR)
            .map(|(_, off)| off.clone())
    }

    fn remember(&self, looked: Instant, off: Vec<Format>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // A slow look does not undo what was seen after it began.
        if known.as_ref().is_none_or(|(since, _)| *since <= looked) {
            *known = Some((looked, off));
        }
    }
}

/// Which formats are taken, and who decides it.
pub(crate) struct Formats {
    database: Database,
    clock: Arc<dyn Clock>,
    external_codecs: Option<Arc<dyn ExternalCodecs>>,
    switches: Switches,
}

impl Formats {
    pub(crate) fn new(dependencies: &Dependencies) -> Self {
        Self {
            database: dependencies.database.clone(),
            clock: Arc::clone(&dependencies.clock),
            external_codecs: dependencies.external_codecs.clone(),
            switches: Switches::default(),
        }
    }

    /// The formats that are taken now: those that can be read here, without those that are switched
    /// off. A switch that another process has turned is noticed within a second.
    pub(crate) async fn accepted(&self) -> Result<FormatSet, MediaError> {
        let off = match self.switches.known() {
            Some(off) => off,
            None => self.look_at_switches().await?,
        };
        Ok(self.readable().without(&off))
    }

    /// Those that can be read on this machine, whether they are taken or not.
    fn readable(&self) -> FormatSet {
        let here = FormatSet::read_here();
        let external_codecs = self.external_codecs.iter();
        let elsewhere = external_codecs.flat_map(|external_codecs| external_codecs.reads());
        FormatSet::new(here.formats().iter().copied().chain(elsewhere))
    }

    async fn look_at_switches(&self) -> Result<Vec<Format>, MediaError> {
        // The moment before the read: what is switched during it must not count as seen.
        let looked = Instant::now();
        let off = formats::switched_off(&self.database).await?;
        self.switches.remember(looked, off.clone());
        Ok(off)
    }

    /// Takes a format from now on, or no longer.
    pub(crate) async fn switch(
        self: &Arc<Self>,
        request: SwitchFormatRequest,
    ) -> Result<ListFormatsReply, MediaError> {
        let format = named(&request.content_type)?;
        let (all, on) = (Arc::clone(self), request.on);
        run_to_completion(async move {
            let now = all.clock.now();
            all.database
                .write(move |connection| {
                    Box::pin(async move { formats::switch(connection, format, on, now).await })
                })
                .await?;
            // So that this process knows it at once.
            all.look_at_switches().await?;
            tracing::info!(format = format.content_type(), on, "a format was switched");
            all.list().await
        })
        .await
    }

    /// All formats there are, and why some are not taken.
    pub(crate) async fn list(&self) -> Result<ListFormatsReply, MediaError> {
        let off = formats::switched_off(&self.database).await?;
        let readable = self.readable();
        let status = |format: Format| {
            let is_readable = readable.formats().contains(&format);
            let reason = if !is_readable {
                why_unreadable(format)
            } else if off.contains(&format) {
                SWITCHED_OFF.to_owned()
            } else {
                String::new()
            };
            FormatStatus {
                content_type: format.content_type().to_owned(),
                taken: reason.is_empty(),
                reason,
            }
        };
        Ok(ListFormatsReply {
            formats: Format::ALL.into_iter().map(status).collect(),
        })
    }
}

/// The format that is meant: by its media type, or as people call it.
fn named(text: &str) -> Result<Format, Error> {
    let text = text.trim().to_ascii_lowercase();
    let is_meant = |format: &Format| {
        let names = [
            format.name().to_ascii_lowercase(),
            format.content_type().to_owned(),
        ];
        names.contains(&text) || (*format == Format::Jpeg && text == "jpg")
    };
    Format::ALL.into_iter().find(is_meant).ok_or_else(|| {
        let known = FormatSet::new(Format::ALL);
        Error::invalid(
            "content_type",
            format!("There is no picture format of this name here. Known are {known}."),
        )
    })
}

/// A sentence for the operator.
fn why_unreadable(format: Format) -> String {
    match format {
        Format::Heic | Format::Avif => format!(
            "Nothing on this machine reads {}: it needs libheif (Debian's package libheif1), then a new start.",
            format.name()
        ),
        other => format!("Nothing on this machine reads {}.", other.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_meant_by_its_type_or_by_its_name() {
        for text in ["heic", "HEIC", "image/heic", " Heic "] {
            assert_eq!(named(text).unwrap(), Format::Heic, "{text}");
        }
        assert_eq!(named("jpg").unwrap(), Format::Jpeg);
        let refused = named("tiff").unwrap_err();
        assert!(refused.to_string().contains("AVIF or HEIC"), "{refused}");
    }

    #[test]
    fn an_older_look_does_not_undo_a_newer_one() {
        let switches = Switches::default();
        assert_eq!(switches.known(), None);
        let (earlier, later) = (Instant::now(), Instant::now() + Duration::from_millis(1));
        switches.remember(later, vec![Format::Heic]);
        switches.remember(earlier, vec![]);
        assert_eq!(switches.known(), Some(vec![Format::Heic]));
    }
}
