//! What a domain's contract costs: the same response, 20 posts with photos, taken four ways.
//!
//! `cargo bench -p heliograph --bench contract` prints the figures that
//! `docs/adr/0002-contracts.md` rests on.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use business_posts_gateway::*;
use infra_kernel::{CallerKey, Context, Result, SystemClock};
use infra_rpc::{Contract as _, Layers};
use prost::Message;
use testing_stubs::{Stub, StubPosts};

const POSTS: u64 = 20;
const ROUNDS: usize = 15;

/// Posts held in memory, as a domain's cache holds them.
struct Held {
    posts: Vec<Arc<Post>>,
}

impl Held {
    fn new() -> Self {
        let post = |id| {
            Arc::new(Post {
                id,
                author_id: id * 7,
                revision: 1,
                visibility: Visibility::Public.into(),
                text: "Fog over the harbour this morning, before anyone else was up. Taken on the old pier.".to_owned(),
                language: "en".to_owned(),
                media_ids: vec![id * 11, id * 13],
                mentions: vec![Mention { account_id: 3, username: "ada".to_owned() }],
                created_at_us: 1_790_000_000_000_000,
                application_id: 5,
                ..Post::default()
            })
        };
        Self {
            posts: (1..=POSTS).map(post).collect(),
        }
    }

    /// What a plain method of a struct would return: the posts themselves, shared.
    async fn shared(&self, ids: &[u64]) -> Vec<Arc<Post>> {
        ids.iter()
            .filter_map(|id| self.posts.get(*id as usize - 1).cloned())
            .collect()
    }
}

#[async_trait]
impl StubPosts for Held {
    async fn get_posts(&self, _: &Context, request: GetPostsRequest) -> Result<GetPostsReply> {
        let posts = request
            .ids
            .iter()
            .filter_map(|id| self.posts.get(*id as usize - 1));
        Ok(GetPostsReply {
            posts: posts.map(|post| Post::clone(post)).collect(),
        })
    }
    async fn get_post_heads(
        &self,
        _: &Context,
        request: GetPostHeadsRequest,
    ) -> Result<GetPostHeadsReply> {
        let posts = request
            .ids
            .iter()
            .filter_map(|id| self.posts.get(*id as usize - 1));
        let head = |post: &Arc<Post>| PostHead {
            id: post.id,
            author_id: post.author_id,
            revision: post.revision,
            visibility: post.visibility,
            has_media: true,
            ..PostHead::default()
        };
        Ok(GetPostHeadsReply {
            heads: posts.map(head).collect(),
        })
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let held = Arc::new(Held::new());
    let gateway: Arc<dyn Posts> = Stub::of(&held);
    let layered = <dyn Posts>::layered(gateway.clone(), &Layers::default());
    let remote: Arc<dyn Posts> = Arc::new(RemotePosts::new(serve(gateway.clone()).await?));
    let context = Context::background(Duration::from_secs(600));
    let ids: Vec<u64> = (1..=POSTS).collect();

    let shared = measure(20_000, async || {
        drop(black_box(held.shared(black_box(&ids)).await));
    })
    .await;
    let moved = measure(20_000, async || {
        drop(black_box(
            gateway
                .get_posts(&context, GetPostsRequest { ids: ids.clone() })
                .await,
        ));
    })
    .await;
    let heads = measure(20_000, async || {
        drop(black_box(
            gateway
                .get_post_heads(&context, GetPostHeadsRequest { ids: ids.clone() })
                .await,
        ));
    })
    .await;
    let encoded = measure(5_000, async || {
        let request = GetPostsRequest { ids: ids.clone() }.encode_to_vec();
        let request = GetPostsRequest::decode(request.as_slice()).unwrap_or_default();
        let reply = gateway
            .get_posts(&context, request)
            .await
            .unwrap_or_default()
            .encode_to_vec();
        drop(black_box(GetPostsReply::decode(reply.as_slice())));
    })
    .await;
    let over_grpc = measure(500, async || {
        drop(black_box(
            remote
                .get_posts(&context, GetPostsRequest { ids: ids.clone() })
                .await,
        ));
    })
    .await;
    let nothing = call_alone(&*gateway, &context).await;
    let nothing_layered = call_alone(&*layered, &context).await;

    println!(
        "20 posts, median of {ROUNDS} rounds, microseconds a call (ratio to the contract as it is):"
    );
    for (name, time) in [
        ("a method answering shared posts", shared),
        ("the contract: messages moved", moved),
        ("the contract: 20 heads", heads),
        ("the contract: no heads, so the call alone", nothing),
        ("the same through the layers of a call", nothing_layered),
        ("encoded and decoded in process", encoded),
        ("gRPC over loopback", over_grpc),
    ] {
        println!("{name:<44} {:>9.3}  {:>7.2}", time * 1e6, time / moved);
    }
    Ok(())
}

/// Seconds that a call itself takes: it asks for nothing.
async fn call_alone(posts: &dyn Posts, context: &Context) -> f64 {
    measure(20_000, async || {
        let none = GetPostHeadsRequest { ids: Vec::new() };
        drop(black_box(posts.get_post_heads(context, none).await));
    })
    .await
}

/// Seconds a call, the median of the rounds.
async fn measure(calls: u32, mut call: impl AsyncFnMut()) -> f64 {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..calls {
            call().await;
        }
        rounds.push(began.elapsed().as_secs_f64() / f64::from(calls));
    }
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

async fn serve(
    gateway: Arc<dyn Posts>,
) -> std::result::Result<infra_rpc::Channel, Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address: SocketAddr = listener.local_addr()?;
    let callers = CallerKey::new(&[0; 32], Arc::new(SystemClock));
    let server = infra_rpc::Server::new(callers.clone()).with(ServePosts::new(gateway));
    tokio::spawn(server.run(listener));
    Ok(infra_rpc::connect(&format!("http://{address}"), callers).await?)
}
