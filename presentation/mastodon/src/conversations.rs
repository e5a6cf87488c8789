//! One's conversations in direct statuses.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use business_accounts_gateway::Scope;
use business_posts_gateway::{
    MarkDirectConversationRequest, PostId, RemoveDirectConversationRequest,
};
use bytes::Bytes;
use http::Uri;
use infra_kernel::{Context, Error};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Api, Problem, RequestContext, Surface};

use crate::entities::Nothing;
use crate::entities::conversation::{self, Conversation};
use crate::reply;
use crate::timelines::{LIMIT_DEFAULT, LIMIT_MAX};

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v1/conversations",
            list,
            Describe::new("Lists one's conversations, the one with the latest status first.")
                .query::<PageQuery>()
                .returns::<Vec<Conversation>>(),
        )
        .delete(
            "/api/v1/conversations/{id}",
            remove,
            Describe::new(
                "Removes a conversation from one's own list until somebody writes again; the statuses stay.",
            )
            .returns::<Nothing>(),
        )
        .post(
            "/api/v1/conversations/{id}/read",
            read,
            Describe::new("Notes that one has read a conversation.").returns::<Conversation>(),
        )
        .post(
            "/api/v1/conversations/{id}/unread",
            unread,
            Describe::new("Notes that one has not read a conversation, to find it again.")
                .returns::<Conversation>(),
        )
}

async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let listed = surface
        .reader
        .direct_conversations(&context, viewer.account_id, page)
        .await?;
    let json = conversation::list(&surface.site, &listed.items).map_err(Error::internal)?;
    let mut response = reply::json(Bytes::from(json));
    let links = reply::links(&surface, &uri, &listed);
    response.headers_mut().extend(links);
    Ok(response)
}

async fn read(
    Allowed(viewer): Allowed<Person<scope::WriteConversations>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    Ok(mark(&surface, &context, viewer, id, false).await?)
}

async fn unread(
    Allowed(viewer): Allowed<Person<scope::WriteConversations>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    Ok(mark(&surface, &context, viewer, id, true).await?)
}

async fn mark(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    id: PostId,
    unread: bool,
) -> Result<Response, Error> {
    let request = MarkDirectConversationRequest {
        account_id: viewer.account_id.get(),
        id: id.get(),
        unread,
    };
    let posts = &surface.gateways.posts;
    posts.mark_direct_conversation(context, request).await?;
    let reader = &surface.reader;
    let shown = reader.direct_conversation(context, viewer.account_id, id);
    // A token that may only write reads nothing of what was written.
    let is_read = viewer.may(Scope::READ_STATUSES);
    let mut json = Vec::new();
    conversation::write(&surface.site, &shown.await?, is_read, &mut json)
        .map_err(Error::internal)?;
    Ok(reply::json(Bytes::from(json)))
}

async fn remove(
    Allowed(viewer): Allowed<Person<scope::WriteConversations>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Json<Nothing>, Problem> {
    let request = RemoveDirectConversationRequest {
        account_id: viewer.account_id.get(),
        id: id.get(),
    };
    let posts = &surface.gateways.posts;
    let reply = posts.remove_direct_conversation(&context, request).await?;
    if !reply.removed {
        return Err(Error::not_found("conversation").into());
    }
    Ok(Json(Nothing {}))
}
