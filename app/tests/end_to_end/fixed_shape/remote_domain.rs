//! One domain served over gRPC on loopback: the same story, told by the same code, with the graph
//! in this process and with the graph behind a socket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::CreateAccountRequest;
use business_graph_gateway::{
    FollowRequest, GetRelationshipsRequest, Graph, RemoteGraph, ServeGraph, UnfollowRequest,
};
use business_posts_gateway::{CreatePostRequest, Visibility};
use heliograph::config::Configuration;
use heliograph::wire::{Domains, Topology, Worker};
use infra_kernel::{AccountId, Caller, CallerKey, Context, ErrorCode, Identity, Page, SystemClock};
use presentation_kit::Gateways;
use product_feed_gateway::GetHomeRequest;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

fn configuration(folder: &Path) -> Configuration {
    let mut configuration = Configuration {
        data_dir: folder.to_owned(),
        ..Configuration::default()
    };
    configuration.accounts.password_memory_bytes = 8 * 1024;
    configuration.accounts.password_iterations = 1;
    configuration
}

/// The key of both processes, which are one installation.
fn callers() -> CallerKey {
    CallerKey::new(&[7; 32], Arc::new(SystemClock))
}

async fn account(gateways: &Gateways, username: &str) -> u64 {
    let request = CreateAccountRequest {
        username: username.to_owned(),
        ..CreateAccountRequest::default()
    };
    let reply = gateways
        .accounts
        .create_account(&Context::background(Duration::from_secs(20)), request)
        .await;
    reply.unwrap().account.unwrap().id
}

/// Follow, be refused, post, see it in the feed, unfollow, see it gone. Knows nothing of where the
/// graph is.
async fn story(gateways: &Gateways) {
    let context = Context::background(Duration::from_secs(60));
    let ada = account(gateways, "ada").await;
    let bob = account(gateways, "bob").await;
    following_answers_as_it_should(gateways, &context, ada, bob).await;

    let post = CreatePostRequest {
        author_id: ada,
        text: "From wherever the graph is".to_owned(),
        visibility: Visibility::Public.into(),
        ..CreatePostRequest::default()
    };
    let reply = gateways.posts.create_post(&context, post).await.unwrap();
    until_home_is(gateways, &context, bob, &[reply.post.unwrap().id]).await;

    let graph = &gateways.graph;
    let (follower_id, followee_id) = (bob, ada);
    let unfollow = UnfollowRequest {
        follower_id,
        followee_id,
    };
    graph.unfollow(&context, unfollow).await.unwrap();
    let request = GetRelationshipsRequest::new(AccountId::new(bob), [AccountId::new(ada)]);
    let reply = graph.get_relationships(&context, request).await.unwrap();
    assert!(!reply.relationships[0].following);
    until_home_is(gateways, &context, bob, &[]).await;
}

async fn following_answers_as_it_should(
    gateways: &Gateways,
    context: &Context,
    ada: u64,
    bob: u64,
) {
    let follow = async |followee_id| {
        let request = FollowRequest {
            follower_id: bob,
            followee_id,
            ..FollowRequest::default()
        };
        gateways.graph.follow(context, request).await
    };
    assert!(follow(ada).await.unwrap().created);
    assert!(!follow(ada).await.unwrap().created);
    assert_eq!(follow(bob).await.unwrap_err().code(), ErrorCode::Invalid);
    assert_eq!(
        follow(12_345).await.unwrap_err().code(),
        ErrorCode::NotFound
    );
}

async fn until_home_is(gateways: &Gateways, context: &Context, account_id: u64, expected: &[u64]) {
    loop {
        let request = GetHomeRequest {
            account_id,
            page: Some(Page::newest(20).into()),
        };
        let entries = gateways
            .feed
            .get_home(context, request)
            .await
            .unwrap()
            .entries;
        if entries
            .iter()
            .map(|entry| entry.post_id)
            .eq(expected.iter().copied())
        {
            return;
        }
        assert!(
            !context.remaining().is_zero(),
            "the feed never became {expected:?}; it is {entries:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn open(folder: &Path, topology: &Topology) -> (Arc<Domains>, Worker) {
    let domains = Arc::new(
        Domains::open(&configuration(folder), topology)
            .await
            .unwrap(),
    );
    let worker = Worker::start(&domains);
    (domains, worker)
}

/// Serves a graph from a runtime of its own, so that all of it, open connections too, can be ended
/// as a process is.
fn serve_elsewhere(graph: Arc<dyn Graph>) -> (Runtime, String) {
    let runtime = Runtime::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        let server = infra_rpc::Server::new(callers()).with(ServeGraph::new(graph));
        server.run(listener).await
    });
    (runtime, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_story_is_told_with_the_graph_here_and_behind_a_socket() {
    let here = tempfile::tempdir().unwrap();
    let (domains, worker) = open(here.path(), &Topology::default()).await;
    story(&domains.gateways()).await;
    worker.stop(Duration::from_secs(10)).await;
    domains.close().await;

    let there = tempfile::tempdir().unwrap();
    let home_of_graph = Domains::open(&configuration(there.path()), &Topology::default())
        .await
        .unwrap();
    let (serving, address) = serve_elsewhere(home_of_graph.gateways().graph);
    let channel = infra_rpc::connect(&address, callers()).await.unwrap();
    let graph: Arc<dyn Graph> = Arc::new(RemoteGraph::new(channel));
    let topology = Topology::default().with_remote(graph).unwrap();
    let (domains, worker) = open(there.path(), &topology).await;
    story(&domains.gateways()).await;

    // It really was remote: without the server there is no graph.
    serving.shutdown_background();
    let request = GetRelationshipsRequest {
        viewer_id: 1,
        target_ids: vec![2],
        with_filters: false,
    };
    let context = Context::background(Duration::from_secs(5));
    let error = domains
        .gateways()
        .graph
        .get_relationships(&context, request)
        .await
        .unwrap_err();
    assert!(error.code().is_server_fault(), "{error:?}");
    worker.stop(Duration::from_secs(10)).await;
    domains.close().await;
    home_of_graph.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_verified_where_it_enters_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let topology = Topology::default();
    let domains = Domains::open(&configuration(folder.path()), &topology).await;
    let domains = domains.unwrap();
    let (serving, address) = serve_elsewhere(domains.gateways().graph);
    let foreign = CallerKey::new(&[8; 32], Arc::new(SystemClock));
    let identity = Identity {
        account_id: Some(AccountId::new(2)),
        scopes: "read follow".to_owned(),
        ..Identity::default()
    };
    let reading = callers().mint(Identity {
        scopes: "read".to_owned(),
        ..identity.clone()
    });
    let minute = Duration::from_secs(60);
    let bob = callers().mint(identity.clone());
    let expired = callers().mint_for(identity, Duration::ZERO);
    for (key, caller, follower_id, expected) in [
        // Its own account; whom it follows is not there.
        (callers(), bob.clone(), 2, ErrorCode::NotFound),
        (callers(), bob.clone(), 3, ErrorCode::Forbidden),
        // Its own account, without the scope.
        (callers(), reading, 2, ErrorCode::Forbidden),
        (callers(), expired, 2, ErrorCode::Unauthenticated),
        (
            callers(),
            Caller::anonymous(),
            2,
            ErrorCode::Unauthenticated,
        ),
        (callers(), Caller::system(), 3, ErrorCode::NotFound),
        // Signed with another installation's key.
        (foreign.clone(), bob, 2, ErrorCode::Unauthenticated),
        (foreign, Caller::system(), 3, ErrorCode::Unauthenticated),
    ] {
        let graph = RemoteGraph::new(infra_rpc::connect(&address, key).await.unwrap());
        let context = Context::background(minute).with_caller(caller.clone());
        let request = FollowRequest {
            follower_id,
            followee_id: 12_345,
            ..FollowRequest::default()
        };
        let error = graph.follow(&context, request).await.unwrap_err();
        assert_eq!(error.code(), expected, "{caller:?} as {follower_id}");
    }
    serving.shutdown_background();
    domains.close().await;
}
