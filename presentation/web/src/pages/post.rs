//! `/@name/<id>`: a post, its photos and its conversation.

use askama::Template;
use business_posts_gateway::text::{entities, local_names};
use business_posts_gateway::{CreatePostRequest, DeletePostRequest, PostId};
use http::StatusCode;
use infra_kernel::{AccountId, Error, Result};
use presentation_kit::problem::status_of;
use presentation_kit::{Card, Shown, Site};
use serde::Deserialize;

use crate::guard::{Button, Form};
use crate::page_context::{PageContext, fresh_secret};
use crate::pages::{elsewhere, sent};
use crate::respond::{PageResult, PathOf, moved, page_with_status, redirect, with_wait};
use crate::view::{FormError, PersonView, PostView, Shell, now};

#[derive(Template)]
#[template(path = "post.html")]
pub(crate) struct PostPage {
    pub(crate) shell: Shell,
    pub(crate) post: PostView,
    pub(crate) ancestors: Vec<PostView>,
    pub(crate) replies: Vec<PostView>,
    pub(crate) deletable: bool,
    /// So that a comment sent twice is one comment.
    pub(crate) idempotency_key: String,
    /// A comment that was refused.
    pub(crate) draft: String,
    pub(crate) form_error: FormError,
}

#[derive(Deserialize)]
pub(crate) struct ReplyForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    idempotency_key: String,
}

pub(crate) async fn show(
    page_context: PageContext,
    PathOf((name, id)): PathOf<(String, String)>,
) -> PageResult {
    // Here too: these addresses fit this route, so they never come to `nothing_here`.
    if let Some(address) = elsewhere::meant(page_context.uri.path(), &page_context.site().domain) {
        return Ok(moved(&page_context.uri, &address));
    }
    let id = parse_id(&id)?;
    let card = page_context
        .surface
        .reader
        .post(&page_context.context, page_context.viewer_id(), id)
        .await?;
    // After the rules: where this leads names the author. A reshare leads to what it shows again.
    let is_reshare = card.reshared.is_some();
    let card = card.original();
    if is_reshare || !is_by(&card, &name) {
        return Ok(redirect(&path_of(&card)));
    }
    let page = make(&page_context, &card).await?;
    Ok(page_with_status(StatusCode::OK, &page))
}

pub(crate) async fn reply(
    page_context: PageContext,
    PathOf((_, id)): PathOf<(String, String)>,
    Form(form): Form<ReplyForm>,
) -> PageResult {
    let author = page_context.member()?;
    let card = page_context
        .surface
        .reader
        .post(&page_context.context, Some(author), parse_id(&id)?)
        .await?
        .original();
    let request = CreatePostRequest {
        author_id: author.get(),
        text: with_mention(page_context.site(), &card, author, form.text.trim()),
        // A comment is seen by no more people than its post.
        visibility: card.post.visibility,
        in_reply_to_id: card.post.id,
        idempotency_key: form.idempotency_key,
        ..CreatePostRequest::default()
    };
    match publish(&page_context, author, &form.text, request).await {
        Ok(reply_id) => Ok(redirect(&format!("{}#reply-{reply_id}", path_of(&card)))),
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            let page = PostPage {
                draft: form.text,
                form_error: FormError::of(&error),
                ..make(&page_context, &card).await?
            };
            let status = status_of(error.code());
            Ok(with_wait(page_with_status(status, &page), &error))
        }
    }
}

pub(crate) async fn delete(
    page_context: PageContext,
    PathOf((_, id)): PathOf<(String, String)>,
    Form(Button {}): Form<Button>,
) -> PageResult {
    let request = DeletePostRequest {
        author_id: page_context.member()?.get(),
        post_id: parse_id(&id)?.get(),
    };
    // Whose it is and whether it is there, the posts domain checks; the name in the address counts
    // for nothing.
    page_context
        .surface
        .gateways
        .posts
        .delete_post(&page_context.context, request)
        .await?;
    let home = page_context.viewer.as_ref().map_or_else(
        || "/".to_owned(),
        |viewer| format!("/@{}", viewer.account.username),
    );
    Ok(redirect(&home))
}

async fn publish(
    page_context: &PageContext,
    author: AccountId,
    text: &str,
    request: CreatePostRequest,
) -> Result<u64> {
    let limits = &page_context.surface.limits;
    // Not by the middleware, so that a comment that is too much comes back with its words.
    limits.count_write(author).await.outcome()?;
    if text.trim().is_empty() {
        return Err(Error::invalid("text", "Write a word or two first."));
    }
    Ok(sent::create(page_context, request).await?.id)
}

async fn make(page_context: &PageContext, card: &Card) -> Result<PostPage> {
    let (reader, viewer) = (&page_context.surface.reader, page_context.viewer_id());
    let (id, author_id) = (PostId::new(card.post.id), card.author.account.id);
    let (around, relationships) = tokio::try_join!(
        reader.conversation(&page_context.context, viewer, id),
        reader.relationships(&page_context.context, viewer, vec![author_id]),
    )?;
    let now = now();
    let views = |posts: &[Shown]| {
        posts
            .iter()
            .map(|shown| PostView::of(page_context.site(), shown, now))
            .collect()
    };
    let mut post = PostView::of(page_context.site(), card, now);
    post.author = PersonView::seen_by(
        page_context.site(),
        &card.author,
        viewer,
        relationships.get(&author_id),
    );
    if post.author.is_viewer {
        for photo in &mut post.photos {
            let item = card.media.iter().find(|item| item.id == photo.id);
            item.inspect(|item| photo.offer_to_owner(page_context.site(), item));
        }
        for missing in &mut post.missing {
            missing.show_to_owner(&card.media);
        }
    }
    // Whom one follows already needs no button here; the profile has it.
    post.author.can_follow &= !post.author.following;
    Ok(PostPage {
        shell: Shell::of(page_context, ""),
        deletable: post.author.is_viewer,
        post,
        ancestors: views(&around.ancestors),
        replies: views(&around.descendants),
        idempotency_key: fresh_secret(),
        draft: String::new(),
        form_error: FormError::none(),
    })
}

/// What is no id is what is not there.
fn parse_id(text: &str) -> Result<PostId> {
    text.parse().map_err(|_| Error::not_found("post"))
}

fn is_by(card: &Card, name: &str) -> bool {
    card.author.account.username == name
}

fn path_of(card: &Card) -> String {
    format!("/@{}/{}", card.author.account.username, card.post.id)
}

/// A comment on a post that not everyone may see reaches the post's author only when it mentions
/// them.
fn with_mention(site: &Site, card: &Card, author: AccountId, text: &str) -> String {
    let open = card.post.visibility().is_open();
    let username = &card.author.account.username;
    let mentioned = local_names(&entities(text, &site.domain))
        .any(|mentioned| mentioned.eq_ignore_ascii_case(username));
    if open || mentioned || card.author.account.id == author.get() {
        return text.to_owned();
    }
    format!("@{username} {text}")
}

#[cfg(test)]
mod tests {
    use business_posts_gateway::Visibility;
    use infra_kernel::ErrorCode;

    use super::*;
    use crate::view::samples;

    #[test]
    fn a_comment_reaches_the_author_of_a_post_that_is_not_open() {
        let (stranger, author) = (AccountId::new(9), AccountId::new(1));
        let mut card = samples::card(1, "x", &[]);
        let check = |card: &Card, author, text, expected| {
            assert_eq!(with_mention(&samples::site(), card, author, text), expected);
        };
        check(&card, stranger, "lovely", "lovely");
        card.post.visibility = Visibility::Private.into();
        check(&card, stranger, "lovely", "@ada lovely");
        check(&card, stranger, "lovely, @ada", "lovely, @ada");
        check(&card, stranger, "@adaさん", "@adaさん");
        check(
            &card,
            stranger,
            "https://a.example/@ada",
            "@ada https://a.example/@ada",
        );
        check(&card, author, "thanks", "thanks");
    }

    #[test]
    fn what_is_no_id_is_not_there() {
        for text in ["", "x", "0", "-1", "99999999999999999999"] {
            assert_eq!(
                parse_id(text).unwrap_err().code(),
                ErrorCode::NotFound,
                "{text}"
            );
        }
    }
}
