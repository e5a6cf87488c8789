//! Deleting one's own status.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::Scope;
use business_posts_gateway::{DeletePostRequest, PostId};
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::Status;

pub(super) async fn delete(
    Allowed(viewer): Allowed<Person<scope::WriteStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Json<Status>, Problem> {
    let author = viewer.account_id;
    // Before it is deleted: the response holds what is needed to write it again.
    let shown = surface.reader.post(&context, Some(author), id).await?;
    if !shown.relation.is_author() {
        return Err(Error::not_found("post of yours").into());
    }
    let request = DeletePostRequest {
        author_id: author.get(),
        post_id: id.get(),
    };
    surface
        .gateways
        .posts
        .delete_post(&context, request)
        .await?;
    let deleted = if viewer.may(Scope::READ_STATUSES) {
        Status::deleted(&surface.site, &shown)
    } else {
        Status::deleted_unread(&surface.site, &shown)
    };
    Ok(Json(deleted))
}
