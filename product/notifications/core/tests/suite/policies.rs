//! What accounts do with notifications of those whom they may not expect.

use std::time::Duration;

use business_posts_gateway::{PostHead, Visibility};
use infra_kernel::{ErrorCode, Page, Result};
use product_notifications::Settings;
use product_notifications_gateway::{
    AcceptRequestsRequest, Action, DismissNotificationRequest, DismissRequestsRequest, Filter,
    GetNotificationRequest, GetPolicyRequest, Kind, ListGroupsRequest, ListRequestsRequest, Policy,
    REQUESTS_LIMIT_MAX, Request, SetPolicyRequest,
};

use crate::support::{ADA, BOB, EVE, World, mentioning, signed_in};

/// A direct post to Ada.
pub(crate) fn direct(id: u64, author: u64) -> PostHead {
    PostHead {
        visibility: Visibility::Direct.into(),
        ..mentioning(id, author, &[ADA])
    }
}

impl World {
    /// Ada's policy becomes this where it says something.
    async fn decides(&self, policy: Policy) -> Policy {
        let request = SetPolicyRequest {
            account_id: ADA,
            policy: Some(policy),
        };
        let ada = signed_in(ADA);
        let reply = self.notifications.set_policy(&ada, request);
        reply.await.unwrap().policy.unwrap()
    }

    /// Ada's requests: by whom, how many, about which post at last.
    pub(crate) async fn requests(&self) -> Vec<(u64, u32, u64)> {
        let all = self.requests_on(Page::newest(80)).await.unwrap();
        assert!(all.is_sorted_by(|one, other| one.from_id > other.from_id));
        let of = |one: &Request| {
            let posts = one.notifications.iter().map(|one| one.post_id);
            let count = u32::try_from(one.notifications.len()).unwrap();
            (one.from_id, count, posts.max().unwrap())
        };
        all.iter().map(of).collect()
    }

    async fn requests_on(&self, page: Page) -> Result<Vec<Request>> {
        let request = ListRequestsRequest {
            account_id: ADA,
            page: Some(page.into()),
        };
        let ada = signed_in(ADA);
        let listed = self.notifications.list_requests(&ada, request);
        Ok(listed.await?.requests)
    }

    /// The id of the first that is held of this one.
    async fn first_held_of(&self, from: u64) -> u64 {
        let all = self.requests_on(Page::newest(80)).await.unwrap();
        let theirs = all.iter().find(|one| one.from_id == from).unwrap();
        theirs.notifications.last().unwrap().id
    }

    async fn accepts(&self, from_ids: Vec<u64>) -> u32 {
        let request = AcceptRequestsRequest {
            account_id: ADA,
            from_ids,
        };
        let ada = signed_in(ADA);
        let accepted = self.notifications.accept_requests(&ada, request);
        accepted.await.unwrap().accepted_count
    }

    async fn dismisses(&self, from_ids: Vec<u64>) -> u32 {
        let request = DismissRequestsRequest {
            account_id: ADA,
            from_ids,
        };
        let ada = signed_in(ADA);
        let dismissed = self.notifications.dismiss_requests(&ada, request);
        dismissed.await.unwrap().dismissed_count
    }
}

fn of_strangers(action: Action) -> Policy {
    Policy {
        for_not_following: action.into(),
        ..Policy::default()
    }
}

#[tokio::test]
async fn by_the_policy_of_most_only_direct_posts_of_strangers_wait() {
    let world = World::new().await;
    let request = GetPolicyRequest { account_id: ADA };
    let ada = signed_in(ADA);
    let policy = world.notifications.get_policy(&ada, request);
    assert_eq!(policy.await.unwrap().policy, Some(Policy::of_everyone()));
    world.liked(100, EVE, 7).await;
    world.followed(101, EVE).await;
    world.published(mentioning(8, EVE, &[ADA])).await;
    assert_eq!(world.notified(ADA).await.len(), 3);
    world.published(direct(9, EVE)).await;
    world.published(direct(9, EVE)).await;
    world.follows(ADA, BOB);
    world.published(direct(10, BOB)).await;
    assert_eq!(world.requests().await, [(EVE, 1, 9)]);
    assert_eq!(world.notified(ADA).await[0], (Kind::Mention, BOB, 10));
    assert_eq!(world.notified(ADA).await.len(), 4);
}

#[tokio::test]
async fn a_reply_to_what_one_wrote_to_somebody_does_not_wait() {
    let world = World::new().await;
    let to = |id, mentioned: &[u64], visibility: Visibility| PostHead {
        visibility: visibility.into(),
        ..mentioning(id, ADA, mentioned)
    };
    world.has_post(to(20, &[EVE], Visibility::Direct));
    world.has_post(to(21, &[BOB], Visibility::Direct));
    world.has_post(to(22, &[EVE], Visibility::Public));
    let replying = |id, to| PostHead {
        in_reply_to_id: to,
        in_reply_to_author_id: ADA,
        ..direct(id, EVE)
    };
    world.published(replying(30, 20)).await;
    // And once more, to her own words.
    world.has_post(PostHead {
        in_reply_to_id: 20,
        ..direct(30, EVE)
    });
    let again = PostHead {
        in_reply_to_author_id: EVE,
        ..replying(35, 30)
    };
    world.published(again).await;
    let both = [(Kind::Mention, EVE, 35), (Kind::Mention, EVE, 30)];
    assert_eq!(world.notified(ADA).await, both);
    for (reply, to) in [(31, 21), (32, 22), (33, 404)] {
        world.published(replying(reply, to)).await;
    }
    assert_eq!(world.requests().await, [(EVE, 3, 33)]);
    // What else the policy says holds all the same.
    world.decides(of_strangers(Action::Drop)).await;
    world.published(replying(34, 20)).await;
    assert_eq!(world.notified(ADA).await, both);
    assert_eq!(world.requests().await, [(EVE, 3, 33)]);
}

#[tokio::test]
async fn the_strictest_of_what_a_policy_says_counts() {
    let world = World::new().await;
    let policy = Policy {
        for_not_followers: Action::Drop.into(),
        ..of_strangers(Action::Filter)
    };
    let now = world.decides(policy).await;
    assert_eq!(now.for_not_following(), Action::Filter);
    assert_eq!(now.for_private_mentions(), Action::Filter);
    assert_eq!(now.for_new_accounts(), Action::Accept);
    world.liked(100, EVE, 7).await;
    assert!(world.requests().await.is_empty());
    world.follows(EVE, ADA);
    world.liked(101, EVE, 8).await;
    assert_eq!(world.requests().await, [(EVE, 1, 8)]);
    world.follows(ADA, EVE);
    world.liked(102, EVE, 9).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, EVE, 9)]);
    // Of a change what is unspecified stays, and so does what was held.
    let now = world.decides(of_strangers(Action::Accept)).await;
    assert_eq!(now.for_not_followers(), Action::Drop);
    assert_eq!(world.requests().await, [(EVE, 1, 8)]);
}

#[tokio::test]
async fn new_accounts_are_distinguished_by_their_ids() {
    let world = World::new().await;
    let new = world.account_since(Duration::from_hours(29 * 24));
    let old = world.account_since(Duration::from_hours(31 * 24));
    let policy = Policy {
        for_new_accounts: Action::Filter.into(),
        ..Policy::default()
    };
    world.decides(policy).await;
    world.liked(100, new, 7).await;
    world.liked(101, old, 7).await;
    assert_eq!(world.requests().await, [(new, 1, 7)]);
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, old, 7)]);
}

#[tokio::test]
async fn what_one_asked_for_does_not_wait() {
    let world = World::new().await;
    let everything = Policy {
        for_not_following: Action::Drop.into(),
        for_not_followers: Action::Drop.into(),
        for_new_accounts: Action::Drop.into(),
        for_private_mentions: Action::Drop.into(),
        for_limited_accounts: Action::Drop.into(),
    };
    world.decides(everything).await;
    world.wants_to_be_told(501, ADA, BOB);
    let post = PostHead {
        visibility: Visibility::Public.into(),
        ..mentioning(7, BOB, &[])
    };
    world.published(post.clone()).await;
    world.edited(post, &[], &[ADA]).await;
    let told = [(Kind::Edit, BOB, 7), (Kind::NewPost, BOB, 7)];
    assert_eq!(world.notified(ADA).await, told);
}

#[tokio::test]
async fn what_is_accepted_is_told_and_so_is_what_comes_after() {
    let world = World::new().await;
    world.decides(of_strangers(Action::Filter)).await;
    for (like, post) in [(100, 7), (101, 8)] {
        world.liked(like, EVE, post).await;
    }
    world.liked(102, BOB, 7).await;
    assert_eq!(world.requests().await, [(EVE, 2, 8), (BOB, 1, 7)]);
    assert_eq!(world.accepts(vec![EVE, 404]).await, 1);
    let told = [(Kind::Favourite, EVE, 8), (Kind::Favourite, EVE, 7)];
    assert_eq!(world.notified(ADA).await, told);
    assert_eq!(world.requests().await, [(BOB, 1, 7)]);
    assert_eq!(world.accepts(vec![EVE]).await, 0);
    world.liked(103, EVE, 9).await;
    assert_eq!(world.notified(ADA).await.len(), 3);
    // After a stop, too.
    let world = world.restarted().await;
    world.liked(104, EVE, 10).await;
    assert_eq!(world.notified(ADA).await.len(), 4);
    assert_eq!(world.dismisses(vec![BOB, EVE]).await, 1);
    assert!(world.requests().await.is_empty());
    world.liked(105, BOB, 8).await;
    assert_eq!(world.requests().await, [(BOB, 1, 8)]);
}

#[tokio::test]
async fn the_same_is_told_or_held_and_never_both() {
    let world = World::new().await;
    world.liked(100, EVE, 7).await;
    world.decides(of_strangers(Action::Filter)).await;
    // Liked again, of which is heard before the first is taken back.
    world.liked(101, EVE, 7).await;
    assert!(world.requests().await.is_empty());
    world.unliked(100, EVE, 7).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, EVE, 7)]);
    world.liked(102, EVE, 8).await;
    world.follows(ADA, EVE);
    world.liked(103, EVE, 8).await;
    assert!(world.requests().await.is_empty());
    world.unliked(102, EVE, 8).await;
    assert_eq!(world.notified(ADA).await.len(), 2);
}

#[tokio::test]
async fn what_is_taken_back_or_deleted_is_not_held_either() {
    let world = World::new().await;
    world.decides(of_strangers(Action::Filter)).await;
    world.liked(100, EVE, 7).await;
    world.liked(101, EVE, 8).await;
    world.followed(102, EVE).await;
    world.published(mentioning(9, EVE, &[ADA])).await;
    world.unliked(100, EVE, 7).await;
    world.unfollowed(102, EVE).await;
    assert_eq!(world.requests().await, [(EVE, 2, 9)]);
    world.deleted(9).await;
    world.deleted(8).await;
    assert!(world.requests().await.is_empty());
    assert_eq!(world.number("SELECT count(*) FROM held").await, 0);
}

#[tokio::test]
async fn pages_hold_what_waits_where_it_is_asked_for() {
    let world = World::new().await;
    world.liked(100, EVE, 7).await;
    world.decides(of_strangers(Action::Filter)).await;
    world.liked(101, EVE, 8).await;
    world.follows(ADA, BOB);
    world.liked(102, BOB, 8).await;
    let with_held = |from_id| Filter {
        from_id,
        with_held: true,
        ..Filter::default()
    };
    let of = async |page, from_id| {
        let listed = world.list(ADA, page, with_held(from_id)).await.unwrap();
        let of = |one: &product_notifications_gateway::Notification| (one.from_id, one.post_id);
        listed.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(of(Page::newest(9), 0).await, [(BOB, 8), (EVE, 8), (EVE, 7)]);
    assert_eq!(of(Page::newest(2), 0).await, [(BOB, 8), (EVE, 8)]);
    assert_eq!(of(Page::newest(9), EVE).await, [(EVE, 8), (EVE, 7)]);
    let upwards = Page::from_cursors(None, None, Some(1), 2);
    assert_eq!(of(upwards, 0).await, [(EVE, 8), (EVE, 7)]);
    assert_eq!(world.notified(ADA).await.len(), 2);
    let groups = ListGroupsRequest {
        account_id: ADA,
        page: Some(Page::newest(2).into()),
        filter: Some(with_held(0)),
        grouped_kinds: vec![Kind::Favourite.into()],
    };
    let ada = signed_in(ADA);
    let groups = world.notifications.list_groups(&ada, groups);
    let groups = groups.await.unwrap().groups;
    let first = groups.iter().flat_map(|group| &group.notifications);
    let first: Vec<_> = first.map(|one| (one.from_id, one.post_id)).collect();
    assert_eq!(first, [(BOB, 8), (EVE, 8)]);
    // One that waits is shown and dismissed by its id like any other.
    let notification_id = world.first_held_of(EVE).await;
    let (account_id, ada) = (ADA, signed_in(ADA));
    let get = GetNotificationRequest {
        account_id,
        notification_id,
    };
    let found = world.notifications.get_notification(&ada, get).await;
    assert_eq!(found.unwrap().notification.unwrap().post_id, 8);
    let dismiss = DismissNotificationRequest {
        account_id,
        notification_id,
    };
    let dismissed = world.notifications.dismiss_notification(&ada, dismiss);
    assert!(dismissed.await.unwrap().removed);
    assert!(world.requests().await.is_empty());
}

#[tokio::test]
async fn requests_are_paged_by_their_senders() {
    let world = World::new().await;
    world.decides(of_strangers(Action::Filter)).await;
    for from in 50..55 {
        world.liked(100 + from, from, 7).await;
    }
    // What comes later moves no request.
    world.liked(200, 50, 8).await;
    let mut seen = Vec::new();
    let mut page = Page::newest(2);
    loop {
        let some = world.requests_on(page).await.unwrap();
        let Some(last) = some.last() else { break };
        page.before = last.from_id;
        seen.extend(some.iter().map(|one| one.from_id));
    }
    assert_eq!(seen, [54, 53, 52, 51, 50]);
    let upwards = Page::from_cursors(None, None, Some(1), 2);
    let first = world.requests_on(upwards).await.unwrap();
    assert_eq!(
        first.iter().map(|one| one.from_id).collect::<Vec<_>>(),
        [51, 50]
    );
    let none = world.requests_on(Page::newest(81)).await.unwrap_err();
    assert_eq!(none.code(), ErrorCode::Invalid);
    let request = AcceptRequestsRequest {
        account_id: ADA,
        from_ids: vec![1; REQUESTS_LIMIT_MAX as usize + 1],
    };
    let ada = signed_in(ADA);
    let accepted = world.notifications.accept_requests(&ada, request);
    assert_eq!(accepted.await.unwrap_err().code(), ErrorCode::Invalid);
}

#[tokio::test]
async fn those_whom_one_does_not_expect_push_out_nothing_that_was_told() {
    let settings = Settings { kept_max: 20 };
    let world = World::with(settings, Duration::from_hours(24)).await;
    world.follows(ADA, BOB);
    world.liked(99, BOB, 1).await;
    world.decides(of_strangers(Action::Filter)).await;
    for post in 1..10 {
        world.liked(100 + post, EVE, post).await;
    }
    // As many of one sender as of one that is not held.
    assert_eq!(world.requests().await, [(EVE, 2, 9)]);
    for from in 50..90 {
        world.liked(200 + from, from, 1).await;
    }
    assert_eq!(world.number("SELECT count(*) FROM held").await, 20);
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, BOB, 1)]);
}

#[tokio::test]
async fn nothing_is_lost_while_the_graph_does_not_respond() {
    let world = World::new().await;
    *world.followers.responds.lock().unwrap() = Some(0);
    let error = world.try_published(direct(9, EVE)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unavailable);
    *world.followers.responds.lock().unwrap() = None;
    world.published(direct(9, EVE)).await;
    assert_eq!(world.requests().await, [(EVE, 1, 9)]);
}
