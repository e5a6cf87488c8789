//! Following hashtags, and the posts that come by it.

use business_posts::Settings;
use business_posts_gateway::{
    CreatePostRequest, FindTagFollowersRequest, FollowTagRequest, FollowedTag,
    GetFollowedTagsRequest, IDS_MAX, ListByFollowedTagsRequest, ListFollowedTagsRequest,
    UnfollowTagRequest, Visibility,
};
use infra_kernel::{ErrorCode, Page, Result};

use crate::support::{World, context, text};

const READER: u64 = 9;

impl World {
    async fn follow_tag(&self, account_id: u64, name: &str) -> Result<()> {
        let name = name.to_owned();
        let request = FollowTagRequest { account_id, name };
        self.posts.follow_tag(&context(), request).await.map(drop)
    }

    async fn unfollow_tag(&self, account_id: u64, name: &str) {
        let name = name.to_owned();
        let request = UnfollowTagRequest { account_id, name };
        self.posts.unfollow_tag(&context(), request).await.unwrap();
    }

    async fn followed(&self, account_id: u64, page: Page) -> Vec<FollowedTag> {
        let request = ListFollowedTagsRequest {
            account_id,
            page: Some(page.into()),
        };
        let reply = self.posts.list_followed_tags(&context(), request).await;
        reply.unwrap().tags
    }

    async fn followed_names(&self, account_id: u64) -> Vec<String> {
        let tags = self.followed(account_id, Page::newest(40)).await;
        tags.into_iter().map(|tag| tag.name).collect()
    }

    async fn among(&self, account_id: u64, names: &[&str]) -> Vec<String> {
        let request = GetFollowedTagsRequest {
            account_id,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let reply = self.posts.get_followed_tags(&context(), request).await;
        reply.unwrap().names
    }

    async fn tagged(&self, account_id: u64, page: Page) -> Vec<u64> {
        let request = ListByFollowedTagsRequest {
            account_id,
            page: Some(page.into()),
        };
        let reply = self.posts.list_by_followed_tags(&context(), request).await;
        reply.unwrap().heads.iter().map(|head| head.id).collect()
    }

    async fn say(&self, visibility: Visibility, words: &str) -> u64 {
        let request = CreatePostRequest {
            visibility: visibility.into(),
            ..text(1, words)
        };
        self.create(request).await.unwrap().id
    }
}

#[tokio::test]
async fn a_hashtag_is_followed_once_however_it_is_written_and_listed_by_the_follow() {
    let world = World::new().await;
    for name in ["Sea", "#light", "\u{FF33}EA", "dusk", "#LIGHT"] {
        world.follow_tag(READER, name).await.unwrap();
    }
    assert_eq!(world.followed_names(READER).await, ["dusk", "light", "sea"]);
    assert_eq!(
        world.among(READER, &["sea", "lake", "dusk"]).await,
        ["sea", "dusk"]
    );
    assert!(world.followed_names(1).await.is_empty());
    assert!(world.among(1, &["sea"]).await.is_empty());
    let first = world.followed(READER, Page::newest(2)).await;
    let below = Page {
        before: first[1].id,
        ..Page::newest(2)
    };
    let last = world.followed(READER, below).await;
    assert_eq!(last[0].name, "sea");
    let up = Page::from_cursors(None, None, Some(last[0].id), 1);
    assert_eq!(world.followed(READER, up).await, first[1..]);
    for _ in 0..2 {
        world.unfollow_tag(READER, "#Light").await;
        assert_eq!(world.followed_names(READER).await, ["dusk", "sea"]);
        assert!(world.among(READER, &["light"]).await.is_empty());
    }
    for nothing in ["", "#", "two words", "2026"] {
        let refused = world.follow_tag(READER, nothing).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::NotFound, "{nothing}");
    }
    let names = vec!["sea"; 41];
    let request = GetFollowedTagsRequest {
        account_id: READER,
        names: names.into_iter().map(str::to_owned).collect(),
    };
    let refused = world.posts.get_followed_tags(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Invalid);
}

#[tokio::test]
async fn at_the_bound_one_ends_before_another_begins() {
    let world = World::with(Settings {
        followed_hashtags_max: 2,
        ..Settings::default()
    })
    .await;
    world.follow_tag(READER, "sea").await.unwrap();
    world.follow_tag(READER, "light").await.unwrap();
    let refused = world.follow_tag(READER, "dusk").await.unwrap_err();
    assert!(
        refused.public().contains("follow 2 hashtags"),
        "{refused:?}"
    );
    assert_eq!(world.followed_names(READER).await, ["light", "sea"]);
    // One that is followed is no further one.
    world.follow_tag(READER, "SEA").await.unwrap();
    world.unfollow_tag(READER, "sea").await;
    world.follow_tag(READER, "dusk").await.unwrap();
    assert_eq!(world.followed_names(READER).await, ["dusk", "light"]);
    assert_eq!(world.rows("followed_hashtags").await, 2);
}

#[tokio::test]
async fn the_public_posts_of_all_that_one_follows_are_one_list_each_once() {
    let world = World::new().await;
    let before = world.say(Visibility::Public, "#sea").await;
    assert!(world.tagged(READER, Page::newest(40)).await.is_empty());
    world.follow_tag(READER, "sea").await.unwrap();
    world.follow_tag(READER, "light").await.unwrap();
    assert_eq!(world.tagged(READER, Page::newest(40)).await, [before]);
    let both = world.say(Visibility::Public, "#light on the #sea").await;
    for visibility in [
        Visibility::Unlisted,
        Visibility::Private,
        Visibility::Direct,
    ] {
        world.say(visibility, "#sea").await;
    }
    world.say(Visibility::Public, "#lake").await;
    let last = world.say(Visibility::Public, "#Light").await;
    let all = [last, both, before];
    assert_eq!(world.tagged(READER, Page::newest(40)).await, all);
    // Down and up, by pages that a post with both hashtags does not make shorter.
    assert_eq!(world.tagged(READER, Page::newest(2)).await, all[..2]);
    let below = Page {
        before: both,
        ..Page::newest(2)
    };
    assert_eq!(world.tagged(READER, below).await, all[2..]);
    let up = Page::from_cursors(None, None, Some(before), 2);
    assert_eq!(world.tagged(READER, up).await, all[..2]);
    world.delete(1, both).await.unwrap();
    assert_eq!(world.tagged(READER, Page::newest(2)).await, [last, before]);
    world.unfollow_tag(READER, "sea").await;
    assert_eq!(world.tagged(READER, Page::newest(2)).await, [last]);
    assert!(world.tagged(1, Page::newest(2)).await.is_empty());
}

/// More than memory keeps of a hashtag.
#[tokio::test]
async fn the_list_goes_on_below_what_is_in_memory() {
    let world = World::with(Settings {
        posts_per_day_max: 0,
        ..Settings::default()
    })
    .await;
    world.follow_tag(READER, "sea").await.unwrap();
    world.follow_tag(READER, "light").await.unwrap();
    let mut expected = Vec::new();
    for number in 0..230 {
        let words = if number % 20 == 7 { "#light" } else { "#sea" };
        expected.push(world.say(Visibility::Public, words).await);
    }
    expected.reverse();
    let (mut met, mut page) = (Vec::new(), Page::newest(40));
    loop {
        let ids = world.tagged(READER, page).await;
        let Some(last) = ids.last() else { break };
        page.before = *last;
        met.extend(ids);
    }
    assert_eq!(met, expected);
}

#[tokio::test]
async fn the_server_finds_which_of_some_accounts_follow_a_hashtag() {
    let world = World::new().await;
    for (account, name) in [(3, "sea"), (1, "Sea"), (1, "light"), (2, "dusk")] {
        world.follow_tag(account, name).await.unwrap();
    }
    let followers = async |names: &[&str], account_ids: Vec<u64>| {
        let names = names.iter().map(|name| (*name).to_owned());
        let request = FindTagFollowersRequest {
            names: names.collect(),
            account_ids,
        };
        let reply = world.posts.find_tag_followers(&context(), request).await?;
        Ok::<_, infra_kernel::Error>(reply.account_ids)
    };
    let everyone = vec![4, 3, 2, 1];
    for (names, expected) in [
        (&["sea", "light"][..], &[1, 3][..]),
        (&["light"], &[1]),
        (&["lake"], &[]),
        (&[], &[]),
    ] {
        assert_eq!(followers(names, everyone.clone()).await.unwrap(), expected);
    }
    assert_eq!(followers(&["sea"], vec![2, 3]).await.unwrap(), [3]);
    assert!(followers(&["sea"], vec![]).await.unwrap().is_empty());
    for (names, accounts) in [(1, IDS_MAX + 1), (IDS_MAX + 1, 1)] {
        let many = followers(&vec!["sea"; names], vec![1; accounts]).await;
        assert_eq!(many.unwrap_err().code(), ErrorCode::Invalid);
    }
}
