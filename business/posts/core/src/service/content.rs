//! What a post says and shows: checked alike when it is published and when it is edited.

use std::collections::HashSet;

use business_accounts_gateway::FindLocalAccountsRequest;
use business_media_gateway::{GetMediaRequest, MediaItem, MediaState};
use business_posts_gateway::Mention;
use business_posts_gateway::text::{self, Entity};
use infra_kernel::{Context, Error};

use crate::Settings;
use crate::error::{MEDIA_SHOWN, PostsError};
use crate::state::State;

/// The most bytes of a text for each character it may have. What people see as one character can be
/// many (a family of four is 25 bytes, a flag 28), and endless marks on one letter are still one.
const BYTES_PER_CHARACTER_MAX: usize = 32;
/// The most names that the accounts domain looks up at once.
const NAMES_MAX: usize = 100;

/// What a post is to say and to show.
pub(super) struct Content<'a> {
    pub(super) text: &'a str,
    pub(super) spoiler_text: &'a str,
    pub(super) media_ids: &'a [u64],
    /// The host by which people know this server; may be empty.
    pub(super) site_domain: &'a str,
}

impl<'a> Content<'a> {
    /// Checks what needs nobody else, and returns what stands in the text.
    pub(super) fn entities(&self, settings: &Settings) -> Result<Vec<Entity<'a>>, Error> {
        self.check(settings)?;
        // Parsed only now that its bytes are known to be few.
        let entities = text::entities(self.text, self.site_domain);
        let characters = text::length(self.text, &entities);
        let text_max = settings.text_characters_max;
        check_characters("text", "The text", characters, text_max)?;
        Ok(entities)
    }

    fn check(&self, settings: &Settings) -> Result<(), Error> {
        let text_max = settings.text_characters_max;
        check_bytes("text", "The text", self.text, text_max)?;
        let (spoiler, spoiler_max) = (self.spoiler_text, settings.spoiler_characters_max);
        check_bytes("spoiler_text", "The warning", spoiler, spoiler_max)?;
        let characters = text::length(spoiler, &[]);
        check_characters("spoiler_text", "The warning", characters, spoiler_max)?;
        let media = self.media_ids;
        if media.is_empty() && self.text.trim().is_empty() {
            return Err(Error::invalid("text", "A post needs a text or a photo."));
        }
        if media.len() > settings.media_max as usize {
            let (max, given) = (settings.media_max, media.len());
            let sentence = format!("A post can have at most {max} photos; this one has {given}.");
            return Err(Error::invalid("media_ids", sentence));
        }
        if media.iter().collect::<HashSet<_>>().len() < media.len() {
            let sentence = "A photo can be in a post only once.";
            return Err(Error::invalid("media_ids", sentence));
        }
        Ok(())
    }
}

/// Checks what can be said of a text without reading it as people do.
fn check_bytes(field: &str, what: &str, text: &str, characters_max: u32) -> Result<(), Error> {
    let bytes_max = characters_max as usize * BYTES_PER_CHARACTER_MAX;
    if text.len() > bytes_max {
        let bytes = text.len();
        let sentence =
            format!("{what} can take up at most {bytes_max} bytes; this one has {bytes}.");
        return Err(Error::invalid(field, sentence));
    }
    if text.contains('\0') {
        let sentence = format!("{what} holds a character that cannot be stored (U+0000).");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}

fn check_characters(field: &str, what: &str, characters: usize, max: u32) -> Result<(), Error> {
    if characters > max as usize {
        let sentence =
            format!("{what} can have at most {max} characters; this one has {characters}.");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}

/// These photos, as they are now; those that are not there are left out.
pub(super) async fn items(
    state: &State,
    context: &Context,
    media_ids: &[u64],
) -> Result<Vec<MediaItem>, PostsError> {
    if media_ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = media_ids.to_vec();
    let request = GetMediaRequest { ids };
    Ok(state.media.get_media(context, request).await?.items)
}

/// Checks that a post of this author can show these photos from now on.
pub(super) fn check_new_media(
    items: &[MediaItem],
    author_id: u64,
    media_ids: &[u64],
) -> Result<(), Error> {
    for id in media_ids {
        let item = items.iter().find(|item| item.id == *id);
        let own = item.filter(|item| item.owner_id == author_id);
        check_item(own).map_err(|sentence| Error::invalid("media_ids", sentence))?;
    }
    Ok(())
}

fn check_item(item: Option<&MediaItem>) -> Result<(), String> {
    let Some(item) = item else {
        return Err("A photo of this post is not there any more. Please upload it again.".into());
    };
    match item.state() {
        MediaState::Ready if item.attached => Err(MEDIA_SHOWN.into()),
        MediaState::Ready => Ok(()),
        MediaState::Failed => Err(format!(
            "A photo of this post cannot be used. {}",
            item.failure
        )),
        MediaState::Uploaded | MediaState::Processing | MediaState::Unspecified => {
            Err("A photo of this post is not finished processing. Please try again soon.".into())
        }
    }
}

/// The accounts of this server that a text mentions, in its order, each once.
pub(super) async fn find_mentioned(
    state: &State,
    context: &Context,
    entities: &[Entity<'_>],
) -> Result<Vec<Mention>, PostsError> {
    let names_max = (state.settings.mentions_max as usize).min(NAMES_MAX);
    let mut usernames: Vec<String> = Vec::new();
    for username in text::local_names(entities) {
        let username = username.to_ascii_lowercase();
        if usernames.len() == names_max {
            break;
        }
        if !usernames.contains(&username) {
            usernames.push(username);
        }
    }
    if usernames.is_empty() {
        return Ok(Vec::new());
    }
    let request = FindLocalAccountsRequest {
        usernames: usernames.clone(),
    };
    let accounts = state
        .accounts
        .find_local_accounts(context, request)
        .await?
        .accounts;
    let mention = |username: &String| {
        let account = accounts
            .iter()
            .find(|account| account.username.eq_ignore_ascii_case(username))?;
        Some(Mention {
            account_id: account.id,
            username: account.username.clone(),
        })
    };
    Ok(usernames.iter().filter_map(mention).collect())
}

#[cfg(test)]
mod tests {
    use infra_kernel::ErrorCode;

    use super::*;

    fn check_all((text, spoiler_text): &(String, String)) -> Result<(), Error> {
        let content = Content {
            text,
            spoiler_text,
            media_ids: &[],
            site_domain: "photos.example",
        };
        content.entities(&Settings::default()).map(drop)
    }

    #[test]
    fn characters_are_counted_as_people_see_them() {
        let fits = [
            ("ü".repeat(2_200), "😀".repeat(500)),
            (
                "e\u{301}".repeat(2_200),
                "👨\u{200D}👩\u{200D}👧\u{200D}👦".repeat(500),
            ),
            (
                format!(
                    "{} https://a.example/{}",
                    "a".repeat(2_176),
                    "x".repeat(100)
                ),
                String::new(),
            ),
            (
                format!("{}@bea@elsewhere.example", "- ".repeat(1_098)),
                String::new(),
            ),
            (format!("a{}", "\u{301}".repeat(30_000)), String::new()),
        ];
        for content in &fits {
            check_all(content).unwrap();
        }
        let refused = [
            (("ü".repeat(2_201), String::new()), "text"),
            (("a".into(), "a".repeat(501)), "spoiler_text"),
            ((" \n\t".into(), "a".into()), "text"),
            (("a\0".into(), String::new()), "text"),
            (("a".into(), "\0a".into()), "spoiler_text"),
            (
                (format!("a{}", "\u{301}".repeat(100_000)), String::new()),
                "text",
            ),
            (
                ("a".into(), format!("a{}", "\u{301}".repeat(100_000))),
                "spoiler_text",
            ),
            (
                (
                    format!("{} https://a.example/x", "a".repeat(2_177)),
                    String::new(),
                ),
                "text",
            ),
        ];
        for (content, field) in refused {
            let error = check_all(&content).unwrap_err();
            assert_eq!(
                (error.code(), error.field()),
                (ErrorCode::Invalid, Some(field))
            );
        }
    }
}
