//! `/@name/<id>`: a post, its photos and its conversation.

use askama::Template;
use business_posts_gateway::text::{entities, local_names};
use business_posts_gateway::{CreatePostRequest, DeletePostRequest};
use http::StatusCode;
use infra_kernel::{AccountId, Error, PostId, Result};
use presentation_kit::problem::status_of;
use presentation_kit::{Card, Shown, Site};
use serde::Deserialize;

use crate::guard::{Button, Form};
use crate::pages::{elsewhere, sent};
use crate::respond::{Answer, PathOf, go_to, moved, page_with_status, with_wait};
use crate::view::{FormTrouble, PersonView, PostView, Shell, now};
use crate::visit::{Visit, fresh_secret};

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
    pub(crate) trouble: FormTrouble,
}

#[derive(Deserialize)]
pub(crate) struct ReplyForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    idempotency_key: String,
}

pub(crate) async fn show(visit: Visit, PathOf((name, id)): PathOf<(String, String)>) -> Answer {
    if let Some(address) = elsewhere::meant(visit.uri.path(), &visit.site().domain) {
        return Ok(moved(&visit.uri, &address));
    }
    let id = parse_id(&id)?;
    let card = visit
        .surface
        .reader
        .post(&visit.context, visit.viewer_id(), id)
        .await?;
    if !is_by(&card, &name) {
        return Ok(go_to(&path_of(&card)));
    }
    let page = make(&visit, &card).await?;
    Ok(page_with_status(StatusCode::OK, &page))
}

pub(crate) async fn reply(
    visit: Visit,
    PathOf((_, id)): PathOf<(String, String)>,
    Form(form): Form<ReplyForm>,
) -> Answer {
    let author = visit.member()?;
    let card = visit
        .surface
        .reader
        .post(&visit.context, Some(author), parse_id(&id)?)
        .await?;
    let request = CreatePostRequest {
        author_id: author.get(),
        text: with_mention(visit.site(), &card, author, form.text.trim()),
        visibility: card.post.visibility,
        in_reply_to_id: card.post.id,
        idempotency_key: form.idempotency_key,
        ..CreatePostRequest::default()
    };
    match publish(&visit, author, &form.text, request).await {
        Ok(reply_id) => Ok(go_to(&format!("{}#reply-{reply_id}", path_of(&card)))),
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            let page = PostPage {
                draft: form.text,
                trouble: FormTrouble::of(&error),
                ..make(&visit, &card).await?
            };
            let status = status_of(error.code());
            Ok(with_wait(page_with_status(status, &page), &error))
        }
    }
}

pub(crate) async fn delete(
    visit: Visit,
    PathOf((_, id)): PathOf<(String, String)>,
    Form(Button {}): Form<Button>,
) -> Answer {
    let request = DeletePostRequest {
        author_id: visit.member()?.get(),
        post_id: parse_id(&id)?.get(),
    };
    visit
        .surface
        .gateways
        .posts
        .delete_post(&visit.context, request)
        .await?;
    let home = visit.viewer.as_ref().map_or_else(
        || "/".to_owned(),
        |viewer| format!("/@{}", viewer.account.username),
    );
    Ok(go_to(&home))
}

async fn publish(
    visit: &Visit,
    author: AccountId,
    text: &str,
    request: CreatePostRequest,
) -> Result<u64> {
    visit.surface.limits.count_write(author).outcome()?;
    if text.trim().is_empty() {
        return Err(Error::invalid("text", "Write a word or two first."));
    }
    Ok(sent::create(visit, request).await?.id)
}

async fn make(visit: &Visit, card: &Card) -> Result<PostPage> {
    let (reader, viewer) = (&visit.surface.reader, visit.viewer_id());
    let (id, author_id) = (PostId::new(card.post.id), card.author.account.id);
    let (around, relationships) = tokio::try_join!(
        reader.conversation(&visit.context, viewer, id),
        reader.relationships(&visit.context, viewer, vec![author_id]),
    )?;
    let now = now();
    let views = |posts: &[Shown]| {
        posts
            .iter()
            .map(|shown| PostView::of(visit.site(), shown, now))
            .collect()
    };
    let mut post = PostView::of(visit.site(), card, now);
    post.author = PersonView::seen_by(
        visit.site(),
        &card.author,
        viewer,
        relationships.get(&author_id),
    );
    if post.author.is_viewer {
        for photo in &mut post.photos {
            let item = card.media.iter().find(|item| item.id == photo.id);
            item.inspect(|item| photo.offer_to_owner(visit.site(), item));
        }
        for missing in &mut post.missing {
            missing.tell_owner(&card.media);
        }
    }
    // Whom one follows already needs no button here; the profile has it.
    post.author.can_follow &= !post.author.following;
    Ok(PostPage {
        shell: Shell::of(visit, ""),
        deletable: post.author.is_viewer,
        post,
        ancestors: views(&around.ancestors),
        replies: views(&around.descendants),
        idempotency_key: fresh_secret(),
        draft: String::new(),
        trouble: FormTrouble::none(),
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

/// A comment on a post that not everyone may see reaches the post's author only when it mentions them.
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
