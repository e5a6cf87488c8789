//! Entries are added, announced and listed, each by its own account.

use business_engagement::Settings;
use business_engagement_gateway::{
    AddEntryRequest, EntryAdded, ListEntriesRequest, PAGE_LIMIT_MAX, topics,
};
use infra_kernel::{AccountId, Caller, Direction, ErrorCode, Page};
use prost::Message as _;

use crate::support::{World, by, signed_in};

#[tokio::test]
async fn an_entry_is_kept_and_announced() {
    let world = World::new().await;
    let entry = world.add(1, "a text").await.unwrap();
    let listed = world.list(1, Page::newest(10)).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&entry));
    let [(topic, payload)] = &*world.events().await else {
        panic!("one event");
    };
    assert_eq!(topic, topics::ENTRY_ADDED);
    let added = EntryAdded::decode(payload.as_slice()).unwrap();
    assert_eq!((added.entry_id, added.account_id), (entry.id, 1));
}

#[tokio::test]
async fn a_text_has_bounds_and_what_is_refused_leaves_nothing() {
    let world = World::with(Settings {
        entry_characters_max: 3,
    })
    .await;
    for refused in ["", "four"] {
        let error = world.add(1, refused).await.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("text"))
        );
    }
    assert!(world.events().await.is_empty());
    world.add(1, "öäü").await.unwrap();
}

#[tokio::test]
async fn pages_stay_where_they_are_while_entries_are_added() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three", "four"] {
        ids.push(world.add(1, text).await.unwrap().id);
        world.add(2, "of another").await.unwrap();
    }
    let page = async |page| {
        let entries = world.list(1, page).await.unwrap();
        entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let first = page(Page::newest(2)).await;
    assert_eq!(first, [ids[3], ids[2]]);
    world.add(1, "in between").await.unwrap();
    let second = Page {
        before: first[1],
        ..Page::newest(2)
    };
    assert_eq!(page(second).await, [ids[1], ids[0]]);
    let newer = Page {
        after: ids[0],
        direction: Direction::Newer,
        ..Page::newest(2)
    };
    assert_eq!(page(newer).await, [ids[2], ids[1]]);
    for limit in [0, PAGE_LIMIT_MAX + 1] {
        let error = world.list(1, Page::newest(limit)).await.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("page"))
        );
    }
}

#[tokio::test]
async fn an_account_acts_for_itself_alone() {
    let world = World::new().await;
    for (context, code) in [
        (signed_in(2), ErrorCode::Forbidden),
        (by(Caller::anonymous()), ErrorCode::Unauthenticated),
    ] {
        let request = AddEntryRequest {
            account_id: 1,
            text: "of another".to_owned(),
        };
        let added = world.engagement.add_entry(&context, request).await;
        assert_eq!(added.unwrap_err().code(), code);
        let request = ListEntriesRequest::new(AccountId::new(1), Page::newest(10));
        let listed = world.engagement.list_entries(&context, request).await;
        assert_eq!(listed.unwrap_err().code(), code);
    }
    assert!(world.events().await.is_empty());
}
