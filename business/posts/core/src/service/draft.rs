//! A post that is asked for: checked, but not yet published.

use std::collections::HashSet;

use business_accounts_gateway::FindLocalAccountsRequest;
use business_media_gateway::{GetMediaRequest, MediaItem, MediaState};
use business_posts_gateway::text::{self, Entity};
use business_posts_gateway::{CreatePostRequest, Mention, Post, PostId, Tag, Visibility};
use infra_kernel::{Context, Error, Timestamp, canonical_language};

use crate::Settings;
use crate::error::{MEDIA_SHOWN, PostsError};
use crate::state::State;

/// The most bytes of a text for each character it may have. What people see as one character can be
/// many (a family of four is 25 bytes, a flag 28), and endless marks on one letter are still one.
const BYTES_PER_CHARACTER_MAX: usize = 32;
/// The most names that the accounts domain looks up at once.
const NAMES_MAX: usize = 100;

#[derive(Debug)]
pub(crate) struct Draft {
    request: CreatePostRequest,
    visibility: Visibility,
    mentions: Vec<Mention>,
    tags: Vec<Tag>,
    in_reply_to_author_id: u64,
}

impl Draft {
    /// Checks all that can be checked before the transaction.
    pub(crate) async fn prepare(
        state: &State,
        context: &Context,
        request: CreatePostRequest,
    ) -> Result<Self, PostsError> {
        let visibility = check(&state.settings, &request)?;
        // Parsed only now that its bytes are known to be few.
        let entities = text::entities(&request.text, &request.site_domain);
        check_length(&state.settings, &request.text, &entities)?;
        // Only for its author: whether it is still there the write asks again.
        let in_reply_to_author_id = match request.in_reply_to_id {
            0 => 0,
            id => state.post(id).await?.ok_or(PostsError::NoParent)?.author_id,
        };
        check_media(state, context, &request).await?;
        let mentions = find_mentioned(state, context, &entities).await?;
        let tags = Tag::among(&entities);
        Ok(Self {
            request,
            visibility,
            mentions,
            tags,
            in_reply_to_author_id,
        })
    }

    /// The post it becomes.
    pub(crate) fn publish(self, id: PostId, now: Timestamp) -> Post {
        Post {
            id: id.get(),
            author_id: self.request.author_id,
            revision: 1,
            visibility: self.visibility.into(),
            text: self.request.text,
            sensitive: self.request.sensitive,
            spoiler_text: self.request.spoiler_text,
            language: canonical_language(&self.request.language).unwrap_or_default(),
            media_ids: self.request.media_ids,
            mentions: self.mentions,
            in_reply_to_id: self.request.in_reply_to_id,
            in_reply_to_author_id: self.in_reply_to_author_id,
            created_at_us: now.microseconds(),
            replies_count: 0,
            application_id: self.request.application_id,
            originals_shared: self.request.originals_shared,
            camera_shown: self.request.camera_shown,
            tags: self.tags,
            // A local post is known by its id.
            domain: String::new(),
            uri: String::new(),
            content_html: String::new(),
            reshare_of_id: 0,
            reshare_of_author_id: 0,
            reshares_count: 0,
            pinned_at_us: 0,
        }
    }
}

/// Checks what needs nobody else; returns the visibility.
fn check(settings: &Settings, request: &CreatePostRequest) -> Result<Visibility, Error> {
    let text_max = settings.text_characters_max;
    check_bytes("text", "The text", &request.text, text_max)?;
    let (spoiler, spoiler_max) = (&request.spoiler_text, settings.spoiler_characters_max);
    check_bytes("spoiler_text", "The warning", spoiler, spoiler_max)?;
    let spoiler_characters = text::length(spoiler, &[]);
    check_characters(
        "spoiler_text",
        "The warning",
        spoiler_characters,
        spoiler_max,
    )?;
    let media = &request.media_ids;
    if media.is_empty() && request.text.trim().is_empty() {
        return Err(Error::invalid("text", "A post needs a text or a photo."));
    }
    if media.len() > settings.media_max as usize {
        let (max, given) = (settings.media_max, media.len());
        let sentence = format!("A post can have at most {max} photos; this one has {given}.");
        return Err(Error::invalid("media_ids", sentence));
    }
    if media.iter().collect::<HashSet<_>>().len() < media.len() {
        return Err(Error::invalid(
            "media_ids",
            "A photo can be in a post only once.",
        ));
    }
    match Visibility::try_from(request.visibility) {
        Ok(Visibility::Unspecified) => Ok(Visibility::Public),
        Ok(visibility) => Ok(visibility),
        Err(_) => Err(Error::invalid(
            "visibility",
            "A post is public, unlisted, private or direct.",
        )),
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

fn check_length(settings: &Settings, text: &str, entities: &[Entity<'_>]) -> Result<(), Error> {
    let characters = text::length(text, entities);
    check_characters("text", "The text", characters, settings.text_characters_max)
}

fn check_characters(field: &str, what: &str, characters: usize, max: u32) -> Result<(), Error> {
    if characters > max as usize {
        let sentence =
            format!("{what} can have at most {max} characters; this one has {characters}.");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}

async fn check_media(
    state: &State,
    context: &Context,
    request: &CreatePostRequest,
) -> Result<(), PostsError> {
    if request.media_ids.is_empty() {
        return Ok(());
    }
    let ids = request.media_ids.clone();
    let reply = state
        .media
        .get_media(context, GetMediaRequest { ids })
        .await?;
    for id in &request.media_ids {
        let item = reply.items.iter().find(|item| item.id == *id);
        let own = item.filter(|item| item.owner_id == request.author_id);
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
async fn find_mentioned(
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

    fn check_all(request: &CreatePostRequest) -> Result<Visibility, Error> {
        let settings = Settings::default();
        let visibility = check(&settings, request)?;
        let entities = text::entities(&request.text, "photos.example");
        check_length(&settings, &request.text, &entities)?;
        Ok(visibility)
    }

    #[test]
    fn characters_are_counted_as_people_see_them() {
        let request = |text: String, spoiler: String| CreatePostRequest {
            author_id: 1,
            text,
            spoiler_text: spoiler,
            ..Default::default()
        };
        let fits = [
            request("ü".repeat(2_200), "😀".repeat(500)),
            request(
                "e\u{301}".repeat(2_200),
                "👨\u{200D}👩\u{200D}👧\u{200D}👦".repeat(500),
            ),
            request(
                format!(
                    "{} https://a.example/{}",
                    "a".repeat(2_176),
                    "x".repeat(100)
                ),
                String::new(),
            ),
            request(
                format!("{}@bea@elsewhere.example", "- ".repeat(1_098)),
                String::new(),
            ),
            request(format!("a{}", "\u{301}".repeat(30_000)), String::new()),
        ];
        for request in &fits {
            assert_eq!(check_all(request).unwrap(), Visibility::Public);
        }
        let refused = [
            (request("ü".repeat(2_201), String::new()), "text"),
            (request("a".into(), "a".repeat(501)), "spoiler_text"),
            (request(" \n\t".into(), "a".into()), "text"),
            (request("a\0".into(), String::new()), "text"),
            (request("a".into(), "\0a".into()), "spoiler_text"),
            (
                request(format!("a{}", "\u{301}".repeat(100_000)), String::new()),
                "text",
            ),
            (
                request("a".into(), format!("a{}", "\u{301}".repeat(100_000))),
                "spoiler_text",
            ),
            (
                request(
                    format!("{} https://a.example/x", "a".repeat(2_177)),
                    String::new(),
                ),
                "text",
            ),
        ];
        for (request, field) in refused {
            let error = check_all(&request).unwrap_err();
            assert_eq!(
                (error.code(), error.field()),
                (ErrorCode::Invalid, Some(field))
            );
        }
    }
}
