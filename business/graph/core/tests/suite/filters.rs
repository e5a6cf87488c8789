//! What accounts want to see less of.

mod reading;
mod refusals;

use std::slice;

use business_graph::Settings;
use business_graph_gateway::{
    AccountFilter, AddFilteredPostRequest, CreateFilterRequest, DeleteFilterRequest, FilterAction,
    FilterContext, FilterContexts, FilteredPost, GetReadingFiltersReply, GetReadingFiltersRequest,
    KeywordChange, ListFiltersRequest, UpdateFilterRequest,
};
use infra_kernel::{ErrorCode, Result};

use crate::support::{World, context, open};

/// Who has the filters.
const ADA: u64 = 1;

fn contexts(contexts: &[FilterContext]) -> Option<FilterContexts> {
    Some(FilterContexts {
        contexts: contexts.iter().map(|context| (*context).into()).collect(),
    })
}

fn keyword(text: &str) -> KeywordChange {
    KeywordChange {
        keyword: Some(text.to_owned()),
        ..KeywordChange::default()
    }
}

fn filter(title: &str, keywords: &[&str]) -> CreateFilterRequest {
    CreateFilterRequest {
        owner_id: ADA,
        title: title.to_owned(),
        contexts: contexts(&[FilterContext::Home]),
        keywords: keywords.iter().map(|text| keyword(text)).collect(),
        ..CreateFilterRequest::default()
    }
}

fn words(filter: &AccountFilter) -> Vec<&str> {
    let keywords = filter.keywords.iter();
    keywords.map(|keyword| &*keyword.keyword).collect()
}

impl World {
    async fn create(&self, request: CreateFilterRequest) -> Result<AccountFilter> {
        let reply = self.graph.create_filter(&context(), request).await?;
        Ok(reply.filter.unwrap())
    }

    /// Changes a filter of Ada's.
    async fn change_filter(
        &self,
        filter_id: u64,
        request: UpdateFilterRequest,
    ) -> Result<AccountFilter> {
        let request = UpdateFilterRequest {
            owner_id: ADA,
            filter_id,
            ..request
        };
        let reply = self.graph.update_filter(&context(), request).await?;
        Ok(reply.filter.unwrap())
    }

    async fn filters(&self, owner_id: u64) -> Vec<AccountFilter> {
        let request = ListFiltersRequest { owner_id };
        let reply = self.graph.list_filters(&context(), request).await;
        reply.unwrap().filters
    }

    async fn reading(&self, owner_id: u64) -> GetReadingFiltersReply {
        let request = GetReadingFiltersRequest { owner_id };
        let reply = self.graph.get_reading_filters(&context(), request).await;
        reply.unwrap()
    }

    async fn add_post(&self, filter_id: u64, post_id: u64) -> Result<FilteredPost> {
        let request = AddFilteredPostRequest {
            owner_id: ADA,
            filter_id,
            post_id,
        };
        let reply = self.graph.add_filtered_post(&context(), request).await?;
        Ok(reply.post.unwrap())
    }

    async fn rows(&self) -> Vec<i64> {
        let mut rows = Vec::new();
        for table in ["filters", "filter_keywords", "filtered_posts"] {
            let statement = match table {
                "filters" => "SELECT COUNT(*) FROM filters",
                "filter_keywords" => "SELECT COUNT(*) FROM filter_keywords",
                _ => "SELECT COUNT(*) FROM filtered_posts",
            };
            let count = infra_db::query_scalar(statement)
                .fetch_one(self.database.reader())
                .await;
            rows.push(count.unwrap());
        }
        rows
    }
}

#[tokio::test]
async fn a_filter_is_its_owners_alone_and_changed_part_by_part() {
    let world = World::new().await;
    let made = world.create(filter("Lakes", &["lake", "sea"])).await;
    let made = made.unwrap();
    assert_eq!(made.action(), FilterAction::Warn);
    assert_eq!((made.expires_at_us, words(&made)), (0, vec!["lake", "sea"]));
    assert!(made.keywords.iter().all(|keyword| keyword.whole_word));
    assert_eq!(world.filters(ADA).await, slice::from_ref(&made));
    assert!(world.filters(2).await.is_empty());
    let nothing = UpdateFilterRequest::default();
    assert_eq!(world.change_filter(made.id, nothing).await.unwrap(), made);
    let change = UpdateFilterRequest {
        title: Some("Water".to_owned()),
        contexts: contexts(&[
            FilterContext::Account,
            FilterContext::Home,
            FilterContext::Account,
        ]),
        action: FilterAction::Blur.into(),
        keywords: vec![
            KeywordChange {
                id: made.keywords[0].id,
                remove: true,
                ..KeywordChange::default()
            },
            KeywordChange {
                id: made.keywords[1].id,
                whole_word: Some(false),
                ..KeywordChange::default()
            },
            keyword("river"),
        ],
        ..UpdateFilterRequest::default()
    };
    let changed = world.change_filter(made.id, change).await.unwrap();
    assert_eq!(
        changed.contexts().collect::<Vec<_>>(),
        [FilterContext::Home, FilterContext::Account]
    );
    assert_eq!(
        (&*changed.title, words(&changed)),
        ("Water", vec!["sea", "river"])
    );
    assert!(!changed.keywords[0].whole_word && changed.keywords[1].whole_word);
    assert_eq!(changed.action(), FilterAction::Blur);
    assert_eq!(world.filters(ADA).await, slice::from_ref(&changed));
    // As another process finds it.
    world.database.close().await;
    let (_, graph) = open(world.folder.path(), Settings::default()).await;
    let request = ListFiltersRequest { owner_id: ADA };
    let reply = graph.list_filters(&context(), request).await.unwrap();
    assert_eq!(reply.filters, [changed]);
}

#[tokio::test]
async fn a_filter_ends_when_it_is_to_and_can_be_made_to_last() {
    let world = World::new().await;
    let ending = CreateFilterRequest {
        expires_in_s: 600,
        ..filter("Lakes", &["lake"])
    };
    let made = world.create(ending).await.unwrap();
    assert!(made.is_active_at(made.expires_at_us - 1) && !made.is_active_at(made.expires_at_us));
    assert!(made.is_active_at(made.expires_at_us - 600_000_000));
    let lasting = |seconds| UpdateFilterRequest {
        expires_in_s: seconds,
        ..UpdateFilterRequest::default()
    };
    let same = world.change_filter(made.id, lasting(None)).await.unwrap();
    assert_eq!(same, made);
    let lasting = world.change_filter(made.id, lasting(Some(0))).await;
    let lasting = lasting.unwrap();
    assert_eq!(lasting.expires_at_us, 0);
    assert!(lasting.is_active_at(i64::MAX));
    assert_eq!(world.filters(ADA).await, [lasting]);
}

#[tokio::test]
async fn a_filter_goes_with_its_keywords_and_posts() {
    let world = World::new().await;
    let made = world.create(filter("Lakes", &["lake"])).await.unwrap();
    let post = world.add_post(made.id, 40).await.unwrap();
    assert_eq!(world.filters(ADA).await[0].posts, [post]);
    let again = world.add_post(made.id, 40).await.unwrap_err();
    assert_eq!(
        again.public(),
        "Validation failed: Status has already been taken"
    );
    let request = DeleteFilterRequest {
        owner_id: ADA,
        filter_id: made.id,
    };
    world
        .graph
        .delete_filter(&context(), request)
        .await
        .unwrap();
    assert!(world.filters(ADA).await.is_empty());
    assert_eq!(world.rows().await, [0, 0, 0]);
    let again = world.graph.delete_filter(&context(), request).await;
    assert_eq!(again.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn by_one_keyword_nothing_is_changed_that_others_share() {
    let world = World::new().await;
    let made = world
        .create(filter("Lakes", &["lake", "sea"]))
        .await
        .unwrap();
    let by_keyword = |title: Option<&str>, keywords| UpdateFilterRequest {
        title: title.map(str::to_owned),
        keywords,
        by_keyword: true,
        ..UpdateFilterRequest::default()
    };
    let changing = |keyword_id, text| KeywordChange {
        id: keyword_id,
        ..keyword(text)
    };
    let (first, second) = (made.keywords[0].id, made.keywords[1].id);
    let change = by_keyword(Some("Seas"), vec![changing(first, "seas")]);
    let refused = world.change_filter(made.id, change).await.unwrap_err();
    assert!(
        refused.public().contains("more than one filter keyword"),
        "{refused:?}"
    );
    assert_eq!(words(&world.filters(ADA).await[0]), ["lake", "sea"]);
    // What is the same is no change.
    let change = by_keyword(Some("Lakes"), vec![changing(first, "seas")]);
    world.change_filter(made.id, change).await.unwrap();
    assert_eq!(words(&world.filters(ADA).await[0]), ["seas", "sea"]);
    let removing = |id| {
        let change = KeywordChange {
            id,
            remove: true,
            ..KeywordChange::default()
        };
        by_keyword(None, vec![change])
    };
    world.change_filter(made.id, removing(first)).await.unwrap();
    let alone = by_keyword(Some("Seas"), vec![changing(second, "seas")]);
    world.change_filter(made.id, alone).await.unwrap();
    assert_eq!(world.filters(ADA).await[0].title, "Seas");
    world
        .change_filter(made.id, removing(second))
        .await
        .unwrap();
    assert_eq!(world.rows().await, [0, 0, 0], "with its last keyword");
}
