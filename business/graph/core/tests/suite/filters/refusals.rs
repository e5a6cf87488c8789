//! What is no filter, or one too many, or not one's own.

use business_graph::Settings;
use business_graph_gateway::{
    CreateFilterRequest, DeleteFilterRequest, FilterContext, KeywordChange,
    RemoveFilteredPostRequest, UpdateFilterRequest,
};
use infra_kernel::ErrorCode;

use super::{ADA, contexts, filter, keyword};
use crate::support::{World, context};

#[tokio::test]
async fn what_no_filter_can_be_is_refused_in_mastodons_words() {
    let world = World::new().await;
    let refused = async |request| {
        let refused = world.create(request).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Invalid);
        refused.public().to_owned()
    };
    let nothing = CreateFilterRequest {
        owner_id: ADA,
        ..CreateFilterRequest::default()
    };
    assert_eq!(
        refused(nothing).await,
        "Validation failed: Title can't be blank, Context can't be blank, \
         Context None or invalid context supplied"
    );
    let nowhere = CreateFilterRequest {
        contexts: contexts(&[FilterContext::Home, FilterContext::Unspecified]),
        ..filter("Lakes", &[])
    };
    assert_eq!(
        refused(nowhere).await,
        "Validation failed: Context None or invalid context supplied"
    );
    assert_eq!(
        refused(filter(&"ñ".repeat(257), &[])).await,
        "Validation failed: Title is too long (maximum is 256 characters)"
    );
    assert_eq!(
        refused(filter("Lakes", &["lake", " "])).await,
        "Validation failed: Keyword can't be blank"
    );
    assert_eq!(
        refused(filter("Lakes", &[&"ñ".repeat(513)])).await,
        "Validation failed: Keyword is too long (maximum is 512 characters)"
    );
    let odd = CreateFilterRequest {
        action: 9,
        ..filter("Lakes", &[])
    };
    assert_eq!(
        refused(odd).await,
        "Validation failed: Action is not included in the list"
    );
    let late = CreateFilterRequest {
        expires_in_s: u64::MAX,
        ..filter("Lakes", &[])
    };
    assert!(refused(late).await.contains("at most 315360000 seconds"));
    assert!(refused(filter("a\0b", &[])).await.contains("NUL"));
    assert!(refused(filter("Lakes", &["a\0b"])).await.contains("NUL"));
    assert_eq!(world.rows().await, [0, 0, 0]);
}

#[tokio::test]
async fn filters_keywords_and_posts_are_bounded_for_an_account() {
    let world = World::with(Settings {
        filters_max: 2,
        filter_keywords_max: 3,
        filtered_posts_max: 2,
        ..Settings::default()
    })
    .await;
    let first = world.create(filter("One", &["a", "b"])).await.unwrap();
    let refused = world.create(filter("Two", &["c", "d"])).await.unwrap_err();
    assert!(
        refused.public().contains("can have 3 keywords"),
        "{refused:?}"
    );
    let second = world.create(filter("Two", &["c"])).await.unwrap();
    let refused = world.create(filter("Three", &[])).await.unwrap_err();
    assert!(refused.public().contains("have 2 filters"), "{refused:?}");
    let others = CreateFilterRequest {
        owner_id: 2,
        ..filter("One", &["a", "b", "c"])
    };
    world.create(others).await.unwrap();
    world.add_post(first.id, 40).await.unwrap();
    world.add_post(second.id, 40).await.unwrap();
    let refused = world.add_post(first.id, 41).await.unwrap_err();
    assert!(refused.public().contains("can have 2 posts"), "{refused:?}");
    assert_eq!(world.rows().await, [3, 6, 2]);
}

#[tokio::test]
async fn an_accounts_keywords_are_bounded_by_their_characters() {
    let world = World::new().await;
    let long = "ñ".repeat(500);
    let keywords = vec![&*long; 40];
    let full = world.create(filter("Long", &keywords)).await.unwrap();
    let refused = world.create(filter("More", &["a"])).await.unwrap_err();
    assert!(refused.public().contains("20000 characters"), "{refused:?}");
    let change = UpdateFilterRequest {
        keywords: vec![KeywordChange {
            id: full.keywords[0].id,
            ..keyword("short")
        }],
        ..UpdateFilterRequest::default()
    };
    world.change_filter(full.id, change).await.unwrap();
    world.create(filter("More", &["a"])).await.unwrap();
    let many = vec!["a"; 501];
    let refused = world.create(filter("Many", &many)).await.unwrap_err();
    assert!(refused.public().contains("At most 500"), "{refused:?}");
}

#[tokio::test]
async fn nobody_reaches_a_filter_of_another() {
    let world = World::new().await;
    let made = world.create(filter("Lakes", &["lake"])).await.unwrap();
    let others = CreateFilterRequest {
        owner_id: 2,
        ..filter("Hills", &["hill"])
    };
    let others = world.create(others).await.unwrap();
    let not_found = |refused: infra_kernel::Error| assert_eq!(refused.code(), ErrorCode::NotFound);
    let nothing = UpdateFilterRequest::default();
    not_found(world.change_filter(others.id, nothing).await.unwrap_err());
    not_found(world.add_post(others.id, 40).await.unwrap_err());
    let by_its_keyword = UpdateFilterRequest {
        keywords: vec![KeywordChange {
            id: others.keywords[0].id,
            remove: true,
            ..KeywordChange::default()
        }],
        ..UpdateFilterRequest::default()
    };
    not_found(
        world
            .change_filter(made.id, by_its_keyword)
            .await
            .unwrap_err(),
    );
    let deleting = |owner_id, filter_id| DeleteFilterRequest {
        owner_id,
        filter_id,
    };
    let refused = world
        .graph
        .delete_filter(&context(), deleting(2, made.id))
        .await;
    not_found(refused.unwrap_err());
    let post = world.add_post(made.id, 40).await.unwrap();
    let removing = |owner_id| RemoveFilteredPostRequest {
        owner_id,
        id: post.id,
    };
    let refused = world
        .graph
        .remove_filtered_post(&context(), removing(2))
        .await;
    not_found(refused.unwrap_err());
    assert_eq!(world.filters(2).await, [others]);
    let removed = world
        .graph
        .remove_filtered_post(&context(), removing(ADA))
        .await;
    removed.unwrap();
    let again = world
        .graph
        .remove_filtered_post(&context(), removing(ADA))
        .await;
    not_found(again.unwrap_err());
    assert_eq!(world.filters(ADA).await, [made]);
}
