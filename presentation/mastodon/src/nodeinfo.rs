//! NodeInfo 2.0: what program runs here and how much there is. Some clients ask it to learn which
//! API to speak.

use axum::Json;
use axum::extract::State;
use presentation_kit::api::Describe;
use presentation_kit::{Allowed, Anyone, Api, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Serialize;

use crate::entities::Empty;
use crate::instance::counts;

const SCHEMA: &str = "http://nodeinfo.diaspora.software/ns/schema/2.0";
const PATH: &str = "/nodeinfo/2.0";

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/.well-known/nodeinfo",
            links,
            Describe::new("Tells where NodeInfo is.").returns::<Links>(),
        )
        .get(
            PATH,
            show,
            Describe::new("Tells what program runs here and how much there is.")
                .returns::<NodeInfo>(),
        )
}

/// Where NodeInfo is.
#[derive(Debug, Serialize, JsonSchema)]
struct Links {
    links: [Link; 1],
}

#[derive(Debug, Serialize, JsonSchema)]
struct Link {
    rel: &'static str,
    href: String,
}

/// What program runs here and how much there is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    version: &'static str,
    software: Software,
    /// The protocols between servers: none yet.
    protocols: Empty,
    services: Services,
    open_registrations: bool,
    usage: NodeInfoUsage,
    metadata: NodeInfoMetadata,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Software {
    name: &'static str,
    version: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Services {
    inbound: Empty,
    outbound: Empty,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NodeInfoUsage {
    users: NodeInfoUsers,
    local_posts: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct NodeInfoUsers {
    total: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NodeInfoMetadata {
    node_name: String,
    /// The program whose client API is spoken: by it clients that do not know this program know
    /// what to speak.
    upstream: Upstream,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Upstream {
    name: &'static str,
}

async fn links(Allowed(_): Allowed<Anyone>, State(surface): State<Surface>) -> Json<Links> {
    let href = format!("{}{PATH}", surface.site.base_url);
    Json(Links {
        links: [Link { rel: SCHEMA, href }],
    })
}

async fn show(
    Allowed(_): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<NodeInfo>, Problem> {
    let stats = counts(&surface, &context).await?;
    let site = &surface.site;
    Ok(Json(NodeInfo {
        version: "2.0",
        software: Software {
            name: "heliograph",
            version: site.version.clone(),
        },
        protocols: [],
        services: Services {
            inbound: [],
            outbound: [],
        },
        open_registrations: site.registrations_open,
        usage: NodeInfoUsage {
            users: NodeInfoUsers {
                total: stats.user_count,
            },
            local_posts: stats.status_count,
        },
        metadata: NodeInfoMetadata {
            node_name: site.title.clone(),
            upstream: Upstream { name: "mastodon" },
        },
    }))
}
