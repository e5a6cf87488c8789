//! One domain over the wire: the same calls, in process and over gRPC on loopback, with no change at the call site.

use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::CreateAccountRequest;
use business_graph_gateway::{
    FollowRequest, GetRelationshipsRequest, GetStatsRequest, Graph, ListFollowsRequest,
    RemoteGraph, ServeGraph, UnfollowRequest,
};
use heliograph::config::Configuration;
use heliograph::wire::{Domains, Placement};
use infra_kernel::{Context, ErrorCode};
use infra_rpc::v1::Page;

/// Everything a caller does with the graph, and what must come of it wherever the graph is.
async fn exercise(graph: &dyn Graph, follower: u64, followee: u64) {
    let context = Context::background(Duration::from_secs(5));
    let follow = FollowRequest {
        follower_id: follower,
        followee_id: followee,
        ..FollowRequest::default()
    };
    let first = graph.follow(&context, follow.clone()).await.unwrap();
    assert!(first.created);
    let again = graph.follow(&context, follow).await.unwrap();
    assert!(!again.created);
    assert_eq!(first.follow.unwrap().id, again.follow.unwrap().id);

    let ask = GetRelationshipsRequest {
        viewer_id: follower,
        target_ids: vec![followee],
    };
    let relations = graph
        .get_relationships(&context, ask.clone())
        .await
        .unwrap();
    assert!(relations.relationships[0].following);
    let page = Page {
        limit: 10,
        ..Page::default()
    };
    let list = ListFollowsRequest {
        account_id: followee,
        page: Some(page),
    };
    let followers = graph.list_followers(&context, list).await.unwrap();
    assert_eq!(followers.follows[0].follower_id, follower);
    let stats = graph
        .get_stats(
            &context,
            GetStatsRequest {
                account_ids: vec![followee],
            },
        )
        .await
        .unwrap();
    assert_eq!(stats.stats[0].followers, 1);

    let unfollow = UnfollowRequest {
        follower_id: follower,
        followee_id: followee,
    };
    graph.unfollow(&context, unfollow).await.unwrap();
    let relations = graph.get_relationships(&context, ask).await.unwrap();
    assert!(!relations.relationships[0].following);
    errors_cross_whole(graph, follower).await;
}

/// Code, sentence and field are the same on both ways, and a deadline that has passed is one.
async fn errors_cross_whole(graph: &dyn Graph, account: u64) {
    let context = Context::background(Duration::from_secs(5));
    let oneself = FollowRequest {
        follower_id: account,
        followee_id: account,
        ..FollowRequest::default()
    };
    let error = graph.follow(&context, oneself.clone()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Invalid);
    assert!(error.public().len() > 10, "{error:?}");
    let late = Context::background(Duration::ZERO);
    let error = graph.follow(&late, oneself).await.unwrap_err();
    assert!(
        [ErrorCode::DeadlineExceeded, ErrorCode::Invalid].contains(&error.code()),
        "{error:?}"
    );
}

async fn account(domains: &Domains, username: &str) -> u64 {
    let context = Context::background(Duration::from_secs(30));
    let request = CreateAccountRequest {
        username: username.to_owned(),
        email: format!("{username}@example.org"),
        ..CreateAccountRequest::default()
    };
    let reply = domains
        .gateways()
        .accounts
        .create_account(&context, request)
        .await
        .unwrap();
    reply.account.unwrap().id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_graph_answers_the_same_in_process_and_over_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = Configuration {
        data_dir: folder.path().to_owned(),
        ..Configuration::default()
    };
    let domains = Domains::open(&configuration, &Placement::default())
        .await
        .unwrap();
    let (ada, bob) = (
        account(&domains, "ada").await,
        account(&domains, "bob").await,
    );
    let local: Arc<dyn Graph> = domains.gateways().graph;
    exercise(&*local, bob, ada).await;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = tonic::service::Routes::new(ServeGraph::new(Arc::clone(&local)));
    let serving = tokio::spawn(infra_rpc::serve_grpc(listener, routes));
    let remote: Arc<dyn Graph> = Arc::new(RemoteGraph::new(
        infra_rpc::connect(&address).await.unwrap(),
    ));
    exercise(&*remote, ada, bob).await;
    serving.abort();
    domains.close().await;
}
