//! Conversations in direct posts.

use business_posts_gateway::{
    CreatePostRequest, DirectConversation, EditPostRequest, GetDirectConversationRequest,
    ListDirectConversationsRequest, MarkDirectConversationRequest, Post,
    RemoveDirectConversationRequest, Visibility,
};
use infra_kernel::{ErrorCode, Page};

use crate::support::{World, context, fill_old, text};

const ADA: u64 = 1;
const BOB: u64 = 2;
const EVE: u64 = 3;

async fn world() -> World {
    let world = World::new().await;
    *world.accounts.0.lock().unwrap() = vec![(ADA, "ada"), (BOB, "bob"), (EVE, "eve")];
    world
}

impl World {
    async fn whisper(&self, author: u64, words: &str, in_reply_to_id: u64) -> Post {
        let request = CreatePostRequest {
            visibility: Visibility::Direct.into(),
            in_reply_to_id,
            ..text(author, words)
        };
        self.create(request).await.unwrap()
    }

    async fn page_of_conversations(&self, account_id: u64, page: Page) -> Vec<DirectConversation> {
        let request = ListDirectConversationsRequest {
            account_id,
            page: Some(page.into()),
        };
        let context = context();
        let listed = self.posts.list_direct_conversations(&context, request);
        listed.await.unwrap().conversations
    }

    /// Ids, last posts, and whether they are unread.
    async fn conversations(&self, account: u64) -> Vec<(u64, u64, bool)> {
        let listed = self.page_of_conversations(account, Page::newest(40)).await;
        assert!(listed.iter().all(|one| one.account_id == account));
        listed
            .iter()
            .map(|one| (one.id, one.last_post_id, one.unread))
            .collect()
    }
}

#[tokio::test]
async fn those_who_write_and_those_who_are_mentioned_have_it_each_to_themselves() {
    let mut world = world().await;
    let first = world.whisper(ADA, "@bob look", 0).await.id;
    let other = world.whisper(EVE, "@ada hello", 0).await.id;
    let answer = world.whisper(BOB, "@ada lovely", first).await.id;
    for _ in 0..2 {
        assert_eq!(
            world.conversations(ADA).await,
            [(first, answer, true), (other, other, true)]
        );
        assert_eq!(world.conversations(BOB).await, [(first, answer, false)]);
        assert_eq!(world.conversations(EVE).await, [(other, other, false)]);
        world.restart().await;
    }
    // Who is mentioned only now has nothing of what was written before.
    let joined = world.whisper(ADA, "@bob @eve see", answer).await.id;
    assert_eq!(
        world.conversations(EVE).await,
        [(first, joined, true), (other, other, false)]
    );
    // An open reply belongs to no conversation, and a direct one to it begins another.
    let request = CreatePostRequest {
        in_reply_to_id: joined,
        ..text(BOB, "in the open")
    };
    let open = world.create(request).await.unwrap().id;
    assert_eq!(world.conversations(BOB).await, [(first, joined, true)]);
    let another = world.whisper(BOB, "to myself", open).await.id;
    assert_eq!(
        world.conversations(BOB).await,
        [(another, another, false), (first, joined, true)]
    );
}

#[tokio::test]
async fn what_is_read_is_read_until_somebody_writes_again() {
    let world = world().await;
    let first = world.whisper(ADA, "@bob look", 0).await.id;
    let mark = |account_id, id, unread| {
        let request = MarkDirectConversationRequest {
            account_id,
            id,
            unread,
        };
        let posts = world.posts.clone();
        async move { posts.mark_direct_conversation(&context(), request).await }
    };
    for _ in 0..2 {
        for unread in [true, false] {
            mark(BOB, first, unread).await.unwrap();
            assert_eq!(world.conversations(BOB).await, [(first, first, unread)]);
        }
    }
    let again = world.whisper(ADA, "@bob again", first).await.id;
    assert_eq!(world.conversations(BOB).await, [(first, again, true)]);
    for (account, id) in [(EVE, first), (BOB, again), (BOB, 7)] {
        let refused = mark(account, id, false).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn one_falls_back_to_what_was_before_and_ends_with_its_last_post() {
    let world = world().await;
    let first = world.whisper(ADA, "@bob look", 0).await.id;
    let answer = world.whisper(BOB, "@ada lovely", first).await.id;
    let joined = world.whisper(BOB, "@ada @eve see", answer).await.id;
    world.delete(BOB, joined).await.unwrap();
    assert_eq!(world.conversations(ADA).await, [(first, answer, true)]);
    assert!(world.conversations(EVE).await.is_empty());
    // Its beginning may be gone: the rest still belongs together.
    world.delete(ADA, first).await.unwrap();
    assert_eq!(world.conversations(ADA).await, [(first, answer, true)]);
    let next = world.whisper(ADA, "@bob still here", answer).await.id;
    assert_eq!(world.conversations(BOB).await, [(first, next, true)]);
    world.delete(ADA, next).await.unwrap();
    world.delete(BOB, answer).await.unwrap();
    assert!(world.conversations(ADA).await.is_empty());
    for table in ["direct_conversations", "direct_conversation_posts"] {
        assert_eq!(world.rows(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn who_removes_one_has_it_again_with_the_next_post() {
    let world = world().await;
    let first = world.whisper(ADA, "@bob look", 0).await.id;
    let remove = |account_id| {
        let request = RemoveDirectConversationRequest {
            account_id,
            id: first,
        };
        let posts = world.posts.clone();
        async move {
            let reply = posts.remove_direct_conversation(&context(), request).await;
            reply.unwrap().removed
        }
    };
    assert!(remove(BOB).await);
    assert!(!remove(BOB).await);
    assert!(!remove(EVE).await);
    assert!(world.conversations(BOB).await.is_empty());
    assert_eq!(world.conversations(ADA).await, [(first, first, false)]);
    let again = world.whisper(ADA, "@bob again", first).await.id;
    assert_eq!(world.conversations(BOB).await, [(first, again, true)]);
    // What was removed does not come back when what came since goes.
    world.delete(ADA, again).await.unwrap();
    assert!(world.conversations(BOB).await.is_empty());
    assert_eq!(world.conversations(ADA).await, [(first, first, false)]);
}

#[tokio::test]
async fn an_edit_brings_those_whom_it_mentions_in_and_the_others_out() {
    let world = world().await;
    let first = world.whisper(ADA, "@bob look", 0).await.id;
    let second = world.whisper(ADA, "@bob there", first).await.id;
    let request = EditPostRequest {
        author_id: ADA,
        post_id: second,
        text: Some("@eve there".to_owned()),
        ..EditPostRequest::default()
    };
    world.posts.edit_post(&context(), request).await.unwrap();
    assert_eq!(world.conversations(BOB).await, [(first, first, true)]);
    assert_eq!(world.conversations(EVE).await, [(first, second, true)]);
    assert_eq!(world.conversations(ADA).await, [(first, second, false)]);
}

#[tokio::test]
async fn an_edit_leaves_the_others_as_they_are() {
    let world = world().await;
    let first = world.whisper(ADA, "@bob @eve look", 0).await.id;
    let read = MarkDirectConversationRequest {
        account_id: BOB,
        id: first,
        unread: false,
    };
    let posts = &world.posts;
    posts
        .mark_direct_conversation(&context(), read)
        .await
        .unwrap();
    let removed = RemoveDirectConversationRequest {
        account_id: EVE,
        id: first,
    };
    let removed = posts.remove_direct_conversation(&context(), removed).await;
    assert!(removed.unwrap().removed);
    for words in ["@eve @bob look", "@eve @bob @ada look"] {
        let request = EditPostRequest {
            author_id: ADA,
            post_id: first,
            text: Some(words.to_owned()),
            ..EditPostRequest::default()
        };
        posts.edit_post(&context(), request).await.unwrap();
        assert_eq!(world.conversations(BOB).await, [(first, first, false)]);
        assert!(world.conversations(EVE).await.is_empty());
        assert_eq!(world.conversations(ADA).await, [(first, first, false)]);
    }
}

#[tokio::test]
async fn one_that_is_asked_for_comes_with_its_latest_posts() {
    let world = world().await;
    let first = world.whisper(ADA, "@bob look", 0).await.id;
    let mut posts = vec![first];
    for _ in 0..11 {
        posts.push(world.whisper(ADA, "@bob again", first).await.id);
    }
    posts.reverse();
    let request = |account_id| GetDirectConversationRequest {
        account_id,
        id: first,
    };
    let context = context();
    let found = world.posts.get_direct_conversation(&context, request(BOB));
    assert_eq!(found.await.unwrap().recent_post_ids, posts[..10]);
    let refused = world.posts.get_direct_conversation(&context, request(EVE));
    assert_eq!(refused.await.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn they_are_paged_by_their_last_posts() {
    let world = world().await;
    let mut last = Vec::new();
    for _ in 0..5 {
        last.push(world.whisper(ADA, "@bob look", 0).await.id);
    }
    last.reverse();
    let pages = [
        (Page::newest(2), &last[..2]),
        (
            Page {
                before: last[1],
                ..Page::newest(2)
            },
            &last[2..4],
        ),
        (
            Page {
                after: last[2],
                ..Page::newest(5)
            },
            &last[..2],
        ),
    ];
    for (page, expected) in pages {
        let listed = world.page_of_conversations(BOB, page).await;
        let ids: Vec<u64> = listed.iter().map(|one| one.last_post_id).collect();
        assert_eq!(ids, expected);
    }
}

#[tokio::test]
async fn what_was_written_before_there_were_conversations_is_in_them() {
    if !testing_databases::are_files() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posts.db");
    let insert = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
         media_ids, has_media, in_reply_to_id, replies_count, application_id, created_at) VALUES \
         (5, 1, 1, 1, 'open', FALSE, '', '', '[]', FALSE, NULL, 0, 0, 0), \
         (6, 1, 1, 4, '@bob', FALSE, '', '', '[]', FALSE, 5, 0, 0, 0), \
         (7, 2, 1, 4, '@ada', FALSE, '', '', '[]', FALSE, 6, 0, 0, 0), \
         (8, 1, 1, 4, 'note', FALSE, '', '', '[]', FALSE, NULL, 0, 0, 0); \
         INSERT INTO mentions (post_id, position, account_id, username) VALUES \
         (6, 0, 2, 'bob'), (7, 0, 1, 'ada')";
    fill_old(&path, 13, insert).await;
    let world = World::over(folder, business_posts::Settings::default()).await;
    assert_eq!(
        world.conversations(ADA).await,
        [(8, 8, false), (6, 7, false)]
    );
    assert_eq!(world.conversations(BOB).await, [(6, 7, false)]);
}
