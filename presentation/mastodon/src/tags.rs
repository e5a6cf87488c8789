//! Hashtags by their names, and following them.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::Scope;
use business_posts_gateway::{
    FollowTagRequest, GetFollowedTagsRequest, GetTagsRequest, ListFollowedTagsRequest, TAGS_MAX,
    TagUse, UnfollowTagRequest,
};
use http::{HeaderMap, Uri};
use infra_kernel::{AccountId, Context, Error, Result};
use presentation_kit::access::{Person, Viewer, Visitor, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::{Cursors, PageQuery};
use presentation_kit::{Allowed, Api, Listing, Problem, RequestContext, Surface};

use crate::accounts::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::entities::Hashtag;
use crate::reply;

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v1/tags/{name}",
            show,
            Describe::new("Shows a hashtag, also one that was never used.")
                .returns::<Hashtag>()
                .refuses(&[(404, "This is no hashtag.")]),
        )
        .post(
            "/api/v1/tags/{name}/follow",
            follow,
            Describe::new(
                "Follows a hashtag: public statuses with it come into one's home timeline.",
            )
            .returns::<Hashtag>()
            .refuses(&[
                (404, "This is no hashtag."),
                (422, "One follows too many hashtags."),
            ]),
        )
        .post(
            "/api/v1/tags/{name}/unfollow",
            unfollow,
            Describe::new("Stops following a hashtag.")
                .returns::<Hashtag>()
                .refuses(&[(404, "This is no hashtag.")]),
        )
        .get(
            "/api/v1/followed_tags",
            list,
            Describe::new("Lists the hashtags that one follows, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Hashtag>>(),
        )
}

async fn show(
    Allowed(viewer): Allowed<Visitor<scope::Any>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(name): PathOf<String>,
) -> std::result::Result<Json<Hashtag>, Problem> {
    let viewer = who_may_read_follows(viewer);
    Ok(Json(one(&surface, &context, viewer, name).await?))
}

async fn follow(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(name): PathOf<String>,
) -> std::result::Result<Json<Hashtag>, Problem> {
    let request = FollowTagRequest {
        account_id: viewer.account_id.get(),
        name: name.clone(),
    };
    surface.gateways.posts.follow_tag(&context, request).await?;
    let viewer = Some(viewer.account_id);
    Ok(Json(one(&surface, &context, viewer, name).await?))
}

async fn unfollow(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(name): PathOf<String>,
) -> std::result::Result<Json<Hashtag>, Problem> {
    let request = UnfollowTagRequest {
        account_id: viewer.account_id.get(),
        name: name.clone(),
    };
    let posts = &surface.gateways.posts;
    posts.unfollow_tag(&context, request).await?;
    let viewer = Some(viewer.account_id);
    Ok(Json(one(&surface, &context, viewer, name).await?))
}

async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> std::result::Result<(HeaderMap, Json<Vec<Hashtag>>), Problem> {
    let followed = followed(&surface, &context, viewer, &query).await?;
    let links = reply::links(&surface, &uri, &followed);
    Ok((links, Json(followed.items)))
}

async fn followed(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    query: &PageQuery,
) -> Result<Listing<Hashtag>> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    if page.limit == 0 {
        return Ok(Listing::empty());
    }
    let request = ListFollowedTagsRequest {
        account_id: viewer.account_id.get(),
        page: Some(page.into()),
    };
    let posts = &surface.gateways.posts;
    let followed = posts.list_followed_tags(context, request).await?.tags;
    // By the follows and not by the names.
    let ids: Vec<u64> = followed.iter().map(|tag| tag.id).collect();
    let names = followed.into_iter().map(|tag| tag.name).collect();
    let items = hashtags(surface, context, Some(viewer.account_id), names).await?;
    Ok(Listing {
        cursors: Cursors::of(&ids, &page),
        items,
    })
}

/// The viewer, if their token shows what they follow.
pub(crate) fn who_may_read_follows(viewer: Option<Viewer>) -> Option<AccountId> {
    let viewer = viewer.filter(|viewer| viewer.may(Scope::READ_FOLLOWS));
    viewer.map(|viewer| viewer.account_id)
}

async fn one(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    name: String,
) -> Result<Hashtag> {
    let tag = hashtags(surface, context, viewer, vec![name]).await?.pop();
    tag.ok_or_else(|| Error::not_found("hashtag"))
}

/// Hashtags by their names as the viewer sees them, without what is none.
pub(crate) async fn hashtags(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    names: Vec<String>,
) -> Result<Vec<Hashtag>> {
    let mut found = Vec::with_capacity(names.len());
    for names in names.chunks(TAGS_MAX) {
        let names = names.to_vec();
        let posts = &surface.gateways.posts;
        let tags = posts.get_tags(context, GetTagsRequest { names }).await?;
        let tags = tags.tags;
        let followed = followed_among(surface, context, viewer, &tags).await?;
        found.extend(tags.iter().map(|tag| {
            let following = followed.as_ref().map(|names| names.contains(&tag.name));
            Hashtag::of(&surface.site, tag, following)
        }));
    }
    Ok(found)
}

/// Which of these the viewer follows; none for a visitor.
async fn followed_among(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    tags: &[TagUse],
) -> Result<Option<Vec<String>>> {
    let Some(viewer) = viewer else {
        return Ok(None);
    };
    let request = GetFollowedTagsRequest {
        account_id: viewer.get(),
        names: tags.iter().map(|tag| tag.name.clone()).collect(),
    };
    let posts = &surface.gateways.posts;
    let followed = posts.get_followed_tags(context, request).await?;
    Ok(Some(followed.names))
}
