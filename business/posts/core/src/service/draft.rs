//! A post that is asked for: checked, but not yet published.

use std::collections::HashSet;

use business_accounts_gateway::FindAccountsRequest;
use business_media_gateway::{GetMediaRequest, MediaItem, MediaState};
use business_posts_gateway::{CreatePostRequest, Mention, Post, Visibility, written_mentions};
use infra_kernel::{Context, Error, PostId, Timestamp};

use crate::Settings;
use crate::error::{MEDIA_SHOWN, PostsError};
use crate::state::State;

/// The longest language tag: RFC 5646, section 4.4.1, asks for room for 35 characters.
const LANGUAGE_CHARACTERS_MAX: usize = 35;
/// The most names that the accounts domain looks up at once.
const NAMES_MAX: usize = 100;

#[derive(Debug)]
pub(crate) struct Draft {
    request: CreatePostRequest,
    visibility: Visibility,
    mentions: Vec<Mention>,
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
        let in_reply_to_author_id = match request.in_reply_to_id {
            0 => 0,
            id => state.post(id).await?.ok_or(PostsError::NoParent)?.author_id,
        };
        check_media(state, context, &request).await?;
        let mentions = find_mentioned(state, context, &request.text).await?;
        Ok(Self {
            request,
            visibility,
            mentions,
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
            language: self.request.language,
            media_ids: self.request.media_ids,
            mentions: self.mentions,
            in_reply_to_id: self.request.in_reply_to_id,
            in_reply_to_author_id: self.in_reply_to_author_id,
            created_at_us: now.microseconds(),
            replies_count: 0,
            application_id: self.request.application_id,
            originals_shared: self.request.originals_shared,
            camera_shown: self.request.camera_shown,
        }
    }
}

/// Checks what needs nobody else; answers the visibility.
fn check(settings: &Settings, request: &CreatePostRequest) -> Result<Visibility, Error> {
    check_text(
        "text",
        "The text",
        &request.text,
        settings.text_characters_max,
    )?;
    let (spoiler, spoiler_max) = (&request.spoiler_text, settings.spoiler_characters_max);
    check_text("spoiler_text", "The warning", spoiler, spoiler_max)?;
    check_language(&request.language)?;
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

fn check_text(field: &str, what: &str, text: &str, characters_max: u32) -> Result<(), Error> {
    let characters = text.chars().count();
    if characters > characters_max as usize {
        let sentence = format!(
            "{what} can have at most {characters_max} characters; this one has {characters}."
        );
        return Err(Error::invalid(field, sentence));
    }
    if text.contains('\0') {
        let sentence = format!("{what} holds a character that cannot be stored (U+0000).");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}

/// Well-formed in the sense of BCP 47: subtags of 1 to 8 letters and digits, of which the first is letters only. Whether
/// there is such a language is not asked.
fn check_language(tag: &str) -> Result<(), Error> {
    let first_is_letters = |first: &str| first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let well_formed = tag.len() <= LANGUAGE_CHARACTERS_MAX
        && tag.split('-').next().is_some_and(first_is_letters)
        && tag.split('-').all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|it| it.is_ascii_alphanumeric())
        });
    if tag.is_empty() || well_formed {
        return Ok(());
    }
    let sentence = "The language must be a tag like \"en\" or \"pt-BR\", or be left out.";
    Err(Error::invalid("language", sentence))
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
    text: &str,
) -> Result<Vec<Mention>, PostsError> {
    let names_max = (state.settings.mentions_max as usize).min(NAMES_MAX);
    let mut usernames: Vec<String> = Vec::new();
    for mention in written_mentions(text) {
        let username = mention.username.to_ascii_lowercase();
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
    let request = FindAccountsRequest {
        usernames: usernames.clone(),
    };
    let accounts = state
        .accounts
        .find_accounts(context, request)
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

    #[test]
    fn language_tags_are_checked() {
        for tag in ["", "en", "pt-BR", "zh-Hant-TW", "de-1996", "x-klingon"] {
            assert!(check_language(tag).is_ok(), "`{tag}`");
        }
        for tag in [
            "-",
            "en-",
            "e n",
            "en_US",
            "1a",
            "deutschland",
            "ü",
            &"a-".repeat(30),
        ] {
            let error = check_language(tag).unwrap_err();
            assert_eq!(error.field(), Some("language"), "`{tag}`");
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let settings = Settings::default();
        let request = |text: String, spoiler: String| CreatePostRequest {
            author_id: 1,
            text,
            spoiler_text: spoiler,
            ..Default::default()
        };
        let fits = request("ü".repeat(2_200), "😀".repeat(500));
        assert_eq!(check(&settings, &fits).unwrap(), Visibility::Public);
        let refused = [
            (request("ü".repeat(2_201), String::new()), "text"),
            (request("a".into(), "a".repeat(501)), "spoiler_text"),
            (request(" \n\t".into(), "a".into()), "text"),
            (request("a\0".into(), String::new()), "text"),
        ];
        for (request, field) in refused {
            let error = check(&settings, &request).unwrap_err();
            assert_eq!(
                (error.code(), error.field()),
                (ErrorCode::Invalid, Some(field))
            );
        }
    }
}
