//! Filters as posts are compared with them.

use std::slice;

use business_graph_gateway::{
    AddFilteredPostRequest, CreateFilterRequest, DeleteFilterRequest, GetReadingFiltersReply,
    GetRelationshipsRequest, RemoveFilteredPostRequest, UpdateFilterRequest,
};
use business_posts_gateway::{PostDeleted, PostHead, topics};
use infra_kernel::AccountId;

use super::{ADA, filter, keyword};
use crate::support::{World, context};

#[tokio::test]
async fn every_change_makes_another_revision_and_who_has_none_has_the_revision_0() {
    let world = World::new().await;
    assert_eq!(world.reading(ADA).await, GetReadingFiltersReply::default());
    let mut revisions = vec![0];
    let mut next = async |what: &str| {
        let reading = world.reading(ADA).await;
        assert!(!revisions.contains(&reading.revision), "{what}");
        assert_eq!(world.reading(ADA).await, reading, "{what}");
        let request = |with_filters| GetRelationshipsRequest {
            with_filters,
            ..GetRelationshipsRequest::new(AccountId::new(ADA), [AccountId::new(2)])
        };
        let told = world
            .graph
            .get_relationships(&context(), request(true))
            .await;
        assert_eq!(told.unwrap().filters_revision, reading.revision);
        let untold = world
            .graph
            .get_relationships(&context(), request(false))
            .await;
        assert_eq!(untold.unwrap().filters_revision, 0);
        revisions.push(reading.revision);
        reading.filters
    };
    let made = world.create(filter("Lakes", &["lake"])).await.unwrap();
    assert_eq!(next("made").await, slice::from_ref(&made));
    let change = UpdateFilterRequest {
        keywords: vec![keyword("sea")],
        ..UpdateFilterRequest::default()
    };
    let changed = world.change_filter(made.id, change).await.unwrap();
    assert_eq!(next("changed").await, [changed]);
    let post = world.add_post(made.id, 40).await.unwrap();
    assert_eq!(next("a post added").await[0].posts, [post]);
    let request = RemoveFilteredPostRequest {
        owner_id: ADA,
        id: post.id,
    };
    let removed = world.graph.remove_filtered_post(&context(), request).await;
    removed.unwrap();
    assert!(next("a post removed").await[0].posts.is_empty());
    let request = DeleteFilterRequest {
        owner_id: ADA,
        filter_id: made.id,
    };
    world
        .graph
        .delete_filter(&context(), request)
        .await
        .unwrap();
    assert_eq!(world.reading(ADA).await, GetReadingFiltersReply::default());
}

#[tokio::test]
async fn a_post_that_was_deleted_leaves_every_filter() {
    let world = World::new().await;
    let made = world.create(filter("Lakes", &["lake"])).await.unwrap();
    world.add_post(made.id, 40).await.unwrap();
    let other = world.add_post(made.id, 41).await.unwrap();
    // More than go at once, of others.
    for owner_id in 1_000..1_600 {
        let request = CreateFilterRequest {
            owner_id,
            ..filter("Lakes", &[])
        };
        let filter_id = world.create(request).await.unwrap().id;
        let request = AddFilteredPostRequest {
            owner_id,
            filter_id,
            post_id: 40,
        };
        let added = world.graph.add_filtered_post(&context(), request).await;
        added.unwrap();
    }
    assert_eq!(world.filters(1_000).await[0].posts.len(), 1);
    let head = PostHead {
        id: 40,
        ..PostHead::default()
    };
    let deleted = PostDeleted {
        head: Some(head),
        ..PostDeleted::default()
    };
    for _ in 0..2 {
        world.deliver(topics::DELETED, 40, &deleted).await;
        assert_eq!(world.filters(ADA).await[0].posts, [other]);
        assert!(world.filters(1_000).await[0].posts.is_empty());
        assert_eq!(world.rows().await, [601, 1, 1]);
    }
}
