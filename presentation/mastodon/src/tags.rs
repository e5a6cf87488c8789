//! A hashtag by its name.

use axum::Json;
use axum::extract::State;
use business_posts_gateway::GetTagsRequest;
use infra_kernel::{Context, Error, Result};
use presentation_kit::access::Anyone;
use presentation_kit::api::Describe;
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Api, Problem, RequestContext, Surface};

use crate::entities::Hashtag;

pub(crate) fn routes() -> Api {
    Api::new().get(
        "/api/v1/tags/{name}",
        show,
        Describe::new("Shows a hashtag, also one that was never used.")
            .returns::<Hashtag>()
            .refuses(&[(404, "This is no hashtag.")]),
    )
}

async fn show(
    Allowed(()): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(name): PathOf<String>,
) -> std::result::Result<Json<Hashtag>, Problem> {
    let tag = hashtags(&surface, &context, vec![name]).await?.pop();
    Ok(Json(tag.ok_or_else(|| Error::not_found("hashtag"))?))
}

/// Hashtags by their names, without what is none.
pub(crate) async fn hashtags(
    surface: &Surface,
    context: &Context,
    names: Vec<String>,
) -> Result<Vec<Hashtag>> {
    let request = GetTagsRequest { names };
    let posts = &surface.gateways.posts;
    let tags = posts.get_tags(context, request).await?.tags;
    let tags = tags.iter().map(|tag| Hashtag::of(&surface.site, tag));
    Ok(tags.collect())
}
