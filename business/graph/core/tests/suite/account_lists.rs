//! Lists of accounts that their owner follows.

use business_graph::Settings;
use business_graph_gateway::{
    ACCOUNTS_MAX, AccountList, AddToListRequest, BlockRequest, CreateListRequest,
    DeleteListRequest, FindListsHoldingRequest, GetListRequest, LIST_TITLE_CHARACTERS_MAX,
    ListListsRequest, ListMember, ListMembersRequest, RemoveFollowerRequest, RemoveFromListRequest,
    RepliesPolicy, UpdateListRequest,
};
use infra_kernel::{ErrorCode, Page, Result};

use crate::support::{World, context};

/// Who has the lists.
const ADA: u64 = 1;

impl World {
    async fn create_list(&self, title: &str) -> Result<AccountList> {
        let request = CreateListRequest {
            owner_id: ADA,
            title: title.to_owned(),
            ..CreateListRequest::default()
        };
        let reply = self.graph.create_list(&context(), request).await?;
        Ok(reply.list.unwrap())
    }

    async fn change_list(&self, request: UpdateListRequest) -> Result<AccountList> {
        let request = UpdateListRequest {
            owner_id: ADA,
            ..request
        };
        let reply = self.graph.update_list(&context(), request).await?;
        Ok(reply.list.unwrap())
    }

    async fn lists_with(&self, owner_id: u64, member_id: u64) -> Vec<String> {
        let request = ListListsRequest {
            owner_id,
            member_id,
        };
        let reply = self.graph.list_lists(&context(), request).await.unwrap();
        reply.lists.into_iter().map(|list| list.title).collect()
    }

    async fn add(&self, list_id: u64, members: &[u64]) -> Result<()> {
        let request = AddToListRequest {
            owner_id: ADA,
            list_id,
            member_ids: members.to_vec(),
        };
        self.graph.add_to_list(&context(), request).await.map(drop)
    }

    async fn take_off(&self, list_id: u64, members: &[u64]) {
        let request = RemoveFromListRequest {
            owner_id: ADA,
            list_id,
            member_ids: members.to_vec(),
        };
        let reply = self.graph.remove_from_list(&context(), request).await;
        reply.unwrap();
    }

    async fn members_on(&self, list_id: u64, page: Page) -> Vec<ListMember> {
        let request = ListMembersRequest {
            owner_id: ADA,
            list_id,
            page: Some(page.into()),
        };
        let reply = self.graph.list_members(&context(), request).await.unwrap();
        reply.members
    }

    async fn members(&self, list_id: u64) -> Vec<u64> {
        let members = self.members_on(list_id, Page::newest(40)).await;
        let ids: Vec<u64> = members.iter().map(|member| member.member_id).collect();
        let request = GetListRequest {
            owner_id: ADA,
            list_id,
        };
        let reply = self.graph.get_list(&context(), request).await.unwrap();
        assert_eq!(reply.member_ids, ids);
        ids
    }

    async fn follow_all(&self, followees: impl IntoIterator<Item = u64>) {
        for followee in followees {
            self.follow(ADA, followee).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_list_is_made_changed_and_deleted_by_its_owner_alone() {
    let world = World::new().await;
    let friends = world.create_list("Friends").await.unwrap();
    assert_eq!(friends.replies_policy(), RepliesPolicy::List);
    assert!(!friends.exclusive);
    world.create_list("Sea").await.unwrap();
    assert_eq!(world.lists_with(ADA, 0).await, ["Friends", "Sea"]);
    let (list_id, owner_id) = (friends.id, 2);
    let changed = world
        .change_list(UpdateListRequest {
            list_id,
            title: Some("Close friends".to_owned()),
            ..UpdateListRequest::default()
        })
        .await
        .unwrap();
    assert_eq!(changed.title, "Close friends");
    let changed = world
        .change_list(UpdateListRequest {
            list_id,
            replies_policy: RepliesPolicy::None.into(),
            exclusive: Some(true),
            ..UpdateListRequest::default()
        })
        .await
        .unwrap();
    let expected = AccountList {
        title: "Close friends".to_owned(),
        replies_policy: RepliesPolicy::None.into(),
        exclusive: true,
        ..friends
    };
    assert_eq!(changed, expected);
    // To everyone else it is not there.
    assert!(world.lists_with(owner_id, 0).await.is_empty());
    let request = GetListRequest { owner_id, list_id };
    let refused = world.graph.get_list(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    let request = DeleteListRequest { owner_id, list_id };
    let refused = world.graph.delete_list(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    let request = DeleteListRequest {
        owner_id: ADA,
        list_id,
    };
    world.graph.delete_list(&context(), request).await.unwrap();
    assert_eq!(world.lists_with(ADA, 0).await, ["Sea"]);
    let refused = world.graph.delete_list(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_title_and_a_policy_make_sense_and_lists_are_bounded() {
    let world = World::with(Settings {
        lists_max: 2,
        ..Settings::default()
    })
    .await;
    for (title, sentence) in [
        ("", "Validation failed: Title can't be blank"),
        (" \n", "Validation failed: Title can't be blank"),
        ("a\0", "A title cannot contain NUL characters."),
    ] {
        let refused = world.create_list(title).await.unwrap_err();
        assert_eq!(
            (refused.public(), refused.field()),
            (sentence, Some("title"))
        );
    }
    let longest = "ñ".repeat(LIST_TITLE_CHARACTERS_MAX);
    let refused = world.create_list(&format!("{longest}.")).await.unwrap_err();
    assert!(
        refused.public().contains("maximum is 256 characters"),
        "{refused:?}"
    );
    let list = world.create_list(&longest).await.unwrap();
    let refused = world.change_list(UpdateListRequest {
        list_id: list.id,
        replies_policy: 9,
        ..UpdateListRequest::default()
    });
    assert_eq!(
        refused.await.unwrap_err().public(),
        "Validation failed: Replies policy is not included in the list"
    );
    world.create_list("again").await.unwrap();
    let refused = world.create_list("once more").await.unwrap_err();
    assert_eq!(
        refused.public(),
        "Validation failed: You have reached the maximum number of lists"
    );
}

#[tokio::test]
async fn those_on_a_list_are_followed_and_each_is_on_it_once() {
    let world = World::with(Settings {
        list_members_max: 3,
        ..Settings::default()
    })
    .await;
    world.follow_all(2..=6).await;
    let list = world.create_list("Friends").await.unwrap().id;
    let other = world.create_list("Sea").await.unwrap().id;
    world.add(list, &[2, 3]).await.unwrap();
    world.add(other, &[3]).await.unwrap();
    assert_eq!(world.members(list).await, [3, 2]);
    // All or none, of whatever is wrong.
    for (members, code) in [
        (&[4, 9][..], ErrorCode::NotFound),
        (&[4, ADA], ErrorCode::NotFound),
        (&[4, 2], ErrorCode::Invalid),
        (&[4, 5], ErrorCode::Invalid),
        (&[4; 101], ErrorCode::Invalid),
    ] {
        let refused = world.add(list, members).await.unwrap_err();
        assert_eq!(refused.code(), code, "{members:?}");
        assert_eq!(world.members(list).await, [3, 2]);
    }
    let refused = world.add(list, &[2]).await.unwrap_err();
    assert_eq!(
        refused.public(),
        "Validation failed: Account has already been taken"
    );
    world.add(list, &[6]).await.unwrap();
    assert_eq!(world.lists_with(ADA, 3).await, ["Friends", "Sea"]);
    assert_eq!(world.lists_with(ADA, 2).await, ["Friends"]);
    assert!(world.lists_with(3, ADA).await.is_empty());
    let first = world.members_on(list, Page::newest(2)).await;
    let below = Page {
        before: first[1].id,
        ..Page::newest(2)
    };
    let last = world.members_on(list, below).await;
    assert_eq!((first[0].member_id, last[0].member_id), (6, 2));
    let up = Page::from_cursors(None, None, Some(last[0].id), 1);
    assert_eq!(world.members_on(list, up).await, first[1..]);
    for _ in 0..2 {
        world.take_off(list, &[3, 9]).await;
        assert_eq!(world.members(list).await, [6, 2]);
    }
    assert_eq!(world.members(other).await, [3]);
}

#[tokio::test]
async fn who_is_followed_no_more_is_on_no_list() {
    let world = World::new().await;
    let (list, other) = (
        world.create_list("Friends").await.unwrap().id,
        world.create_list("Sea").await.unwrap().id,
    );
    world.follow_all(2..=5).await;
    world.add(list, &[2, 3, 4, 5]).await.unwrap();
    world.add(other, &[2, 3]).await.unwrap();
    world.unfollow(ADA, 2).await;
    assert_eq!(world.members(list).await, [5, 4, 3]);
    assert_eq!(world.members(other).await, [3]);
    // Nor one who blocks the owner, or lets the owner go.
    let block = BlockRequest {
        blocker_id: 3,
        blockee_id: ADA,
    };
    world.graph.block(&context(), block).await.unwrap();
    let letting_go = RemoveFollowerRequest {
        followee_id: 4,
        follower_id: ADA,
    };
    let removed = world.graph.remove_follower(&context(), letting_go).await;
    removed.unwrap();
    assert_eq!(world.members(list).await, [5]);
    assert!(world.members(other).await.is_empty());
    // Followed again they are not on it again.
    world.follow(ADA, 2).await.unwrap();
    assert_eq!(world.members(list).await, [5]);
    let request = DeleteListRequest {
        owner_id: ADA,
        list_id: list,
    };
    world.graph.delete_list(&context(), request).await.unwrap();
    assert!(world.lists_with(ADA, 5).await.is_empty());
    let rows: i64 = infra_db::query_scalar("SELECT COUNT(*) FROM list_members")
        .fetch_one(world.database.reader())
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn an_exclusive_list_is_known_of_each_who_is_on_it_as_long_as_it_is() {
    let world = World::new().await;
    world.follow_all(2..=3).await;
    let list = world.create_list("Friends").await.unwrap().id;
    let set_exclusive = async |exclusive: bool| {
        let request = UpdateListRequest {
            list_id: list,
            exclusive: Some(exclusive),
            ..UpdateListRequest::default()
        };
        world.change_list(request).await.unwrap();
    };
    let kept_out = async |target: u64| world.relationship(ADA, target).await.kept_out_of_home;
    assert!(!kept_out(2).await);
    world.add(list, &[2]).await.unwrap();
    assert!(!kept_out(2).await);
    set_exclusive(true).await;
    assert!(kept_out(2).await && !kept_out(3).await);
    assert!(!world.relationship(2, ADA).await.kept_out_of_home);
    world.add(list, &[3]).await.unwrap();
    assert!(kept_out(3).await);
    world.take_off(list, &[3]).await;
    assert!(!kept_out(3).await);
    set_exclusive(false).await;
    assert!(!kept_out(2).await);
    set_exclusive(true).await;
    assert!(kept_out(2).await);
    world.unfollow(ADA, 2).await;
    assert!(!kept_out(2).await);
    world.follow(ADA, 2).await.unwrap();
    world.add(list, &[2]).await.unwrap();
    assert!(kept_out(2).await);
    let request = DeleteListRequest {
        owner_id: ADA,
        list_id: list,
    };
    world.graph.delete_list(&context(), request).await.unwrap();
    assert!(!kept_out(2).await);
}

#[tokio::test]
async fn the_server_finds_which_of_some_lists_an_account_is_on() {
    let world = World::new().await;
    world.follow_all([2, 3]).await;
    let mut lists = Vec::new();
    for title in ["one", "two", "three"] {
        lists.push(world.create_list(title).await.unwrap().id);
    }
    world.add(lists[0], &[2]).await.unwrap();
    world.add(lists[2], &[2, 3]).await.unwrap();
    let holding = async |member_id, list_ids: &[u64]| {
        let request = FindListsHoldingRequest {
            member_id,
            list_ids: list_ids.to_vec(),
        };
        let reply = world.graph.find_lists_holding(&context(), request).await?;
        Ok::<_, infra_kernel::Error>(reply.lists.iter().map(|list| list.id).collect::<Vec<_>>())
    };
    let twice = [lists[2], lists[1], lists[0], lists[0]];
    assert_eq!(holding(2, &twice).await.unwrap(), [lists[0], lists[2]]);
    assert_eq!(holding(3, &lists).await.unwrap(), [lists[2]]);
    assert!(holding(2, &lists[1..2]).await.unwrap().is_empty());
    assert!(holding(2, &[]).await.unwrap().is_empty());
    let many = holding(2, &[7; ACCOUNTS_MAX + 1]).await;
    assert_eq!(many.unwrap_err().code(), ErrorCode::Invalid);
}
