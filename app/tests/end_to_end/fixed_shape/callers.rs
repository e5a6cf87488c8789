//! Who may call what: no domain believes a number in a message. Every method of every gateway is in
//! one of the lists below, and a new one has to be put into one of them.

mod filters;
mod listeners;
mod moderators;
mod notifications;
mod posts;
mod scopes;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    Accounts, AuthorizeRequest, CreateAccountRequest, CreateSetupTokenRequest, GetGrantsRequest,
    IssueTokenRequest, NewAccount, ResetPasswordRequest, SetRoleRequest, UpdateProfileRequest,
};
use business_engagement_gateway::{
    BookmarkRequest, Engagement, GetMarksRequest, LikeRequest, ListBookmarksRequest,
    ListLikesOfAccountRequest, UnbookmarkRequest, UnlikeRequest,
};
use business_graph_gateway::{
    AcceptFollowRequest, AddToListRequest, BlockRequest, CountFollowRequestsRequest,
    CreateListRequest, DeleteListRequest, FollowRequest, GetListRequest, GetNotesRequest,
    GetRelationshipsRequest, Graph, ListBlocksRequest, ListFollowRequestsRequest,
    ListFollowsRequest, ListListsRequest, ListMembersRequest, ListMutesRequest, MuteRequest,
    RejectFollowRequest, RemoveFollowerRequest, RemoveFromListRequest, SetNoteRequest,
    UnblockRequest, UnfollowRequest, UnmuteRequest, UpdateListRequest,
};
use business_media_gateway::{
    AppendChunk, AppendHeader, AttachRequest, BeginUploadRequest, CancelUploadRequest,
    CheckMediaRequest, DeleteMediaRequest, DescribeMediaRequest, DropFailedRequest,
    GetUploadRequest, ListFailedRequest, ListUnusedRequest, Media, ReleaseRequest,
    RetryFailedRequest, SwitchFormatRequest, UpdateMediaRequest, UploadChunk, UploadHeader,
};
use business_moderation_gateway::{Moderation, RebuildCasesRequest, ReportRequest};
use business_posts_gateway::CreatePostRequest;
use futures::future::BoxFuture;
use futures::stream;
use heliograph::config::Configuration;
use heliograph::wire::{self, Domains, Topology};
use infra_kernel::{
    AccountId, ApplicationId, Caller, CallerKey, Context, ErrorCode, Identity, SystemClock,
};
use infra_rpc::Contract;
use product_feed_gateway::{Feed, GetHomeRequest, GetListTimelineRequest, RebuildHomeRequest};
use product_notifications_gateway::{ClaimPushesRequest, Notifications, SettlePushRequest};

const ADA: u64 = 7;
const BOB: u64 = 8;

/// A call that says it is made for this account, or application; its error, if it fails.
type Call = fn(Arc<Domains>, Context, u64) -> BoxFuture<'static, Option<ErrorCode>>;

macro_rules! calls {
    ($($gateway:ty { $($method:ident($account:pat => $request:expr);)* })*) => {
        vec![$($((
            format!("{}.{}", <$gateway as Contract>::NAME, stringify!($method)),
            (|domains, context, $account| Box::pin(async move {
                let gateway = domains.gateway::<$gateway>().unwrap();
                let reply = gateway.$method(&context, $request).await;
                reply.err().map(|error| error.code())
            })) as Call,
        )),*),*]
    };
}

use calls;

/// What only the account itself may do, and the server.
fn of_an_account() -> Vec<(String, Call)> {
    let mut calls = of_an_owner();
    calls.extend(of_an_admirer());
    calls.extend(of_who_keeps_lists());
    calls.extend(filters::of_who_filters());
    calls.extend(notifications::of_who_is_told());
    calls.extend(posts::of_who_posts());
    calls.extend(calls! {
        dyn Accounts {
            update_profile(account_id => UpdateProfileRequest { account_id, ..Default::default() });
            authorize(account_id => AuthorizeRequest { account_id, ..Default::default() });
            issue_token(application_id => IssueTokenRequest {
                proof: Some(Proof::NewAccount(NewAccount { application_id, ..Default::default() })),
                ..Default::default()
            });
        }
        dyn Graph {
            follow(follower_id => FollowRequest { follower_id, ..Default::default() });
            unfollow(follower_id => UnfollowRequest { follower_id, ..Default::default() });
            remove_follower(followee_id => RemoveFollowerRequest { followee_id, ..Default::default() });
            accept_follow(account_id => AcceptFollowRequest { account_id, ..Default::default() });
            reject_follow(account_id => RejectFollowRequest { account_id, ..Default::default() });
            list_follow_requests(account_id => ListFollowRequestsRequest { account_id, ..Default::default() });
            count_follow_requests(account_id => CountFollowRequestsRequest { account_id });
            block(blocker_id => BlockRequest { blocker_id, ..Default::default() });
            unblock(blocker_id => UnblockRequest { blocker_id, ..Default::default() });
            list_blocks(account_id => ListBlocksRequest { account_id, ..Default::default() });
            mute(muter_id => MuteRequest { muter_id, ..Default::default() });
            unmute(muter_id => UnmuteRequest { muter_id, ..Default::default() });
            list_mutes(account_id => ListMutesRequest { account_id, ..Default::default() });
            set_note(author_id => SetNoteRequest { author_id, ..Default::default() });
            get_notes(author_id => GetNotesRequest { author_id, ..Default::default() });
            get_relationships(viewer_id => GetRelationshipsRequest { viewer_id, ..Default::default() });
        }
        dyn Moderation {
            report(reporter_id => ReportRequest { reporter_id, ..Default::default() });
        }
        dyn Feed {
            get_home(account_id => GetHomeRequest { account_id, ..Default::default() });
        }
    });
    calls
}

/// The same of what an account makes of posts.
fn of_an_admirer() -> Vec<(String, Call)> {
    calls! {
        dyn Engagement {
            like(account_id => LikeRequest { account_id, ..Default::default() });
            unlike(account_id => UnlikeRequest { account_id, ..Default::default() });
            list_likes_of_account(account_id => ListLikesOfAccountRequest { account_id, ..Default::default() });
            bookmark(account_id => BookmarkRequest { account_id, ..Default::default() });
            unbookmark(account_id => UnbookmarkRequest { account_id, ..Default::default() });
            list_bookmarks(account_id => ListBookmarksRequest { account_id, ..Default::default() });
            get_marks(viewer_id => GetMarksRequest { viewer_id, ..Default::default() });
        }
    }
}

/// The same of an account's lists.
fn of_who_keeps_lists() -> Vec<(String, Call)> {
    calls! {
        dyn Graph {
            create_list(owner_id => CreateListRequest { owner_id, ..Default::default() });
            update_list(owner_id => UpdateListRequest { owner_id, ..Default::default() });
            delete_list(owner_id => DeleteListRequest { owner_id, ..Default::default() });
            list_lists(owner_id => ListListsRequest { owner_id, ..Default::default() });
            get_list(owner_id => GetListRequest { owner_id, ..Default::default() });
            add_to_list(owner_id => AddToListRequest { owner_id, ..Default::default() });
            remove_from_list(owner_id => RemoveFromListRequest { owner_id, ..Default::default() });
            list_members(owner_id => ListMembersRequest { owner_id, ..Default::default() });
        }
        dyn Feed {
            get_list_timeline(account_id => GetListTimelineRequest { account_id, ..Default::default() });
        }
    }
}

/// The same of media, which have an owner.
fn of_an_owner() -> Vec<(String, Call)> {
    calls! {
        dyn Media {
            upload(owner_id => {
                let header = UploadHeader { owner_id, ..Default::default() };
                Box::pin(stream::iter([Ok(UploadChunk::header(header))]))
            });
            update_media(owner_id => UpdateMediaRequest { owner_id, ..Default::default() });
            describe_media(owner_id => DescribeMediaRequest { owner_id, holder: "post:1".to_owned(), ..Default::default() });
            delete_media(owner_id => DeleteMediaRequest { owner_id, ..Default::default() });
            list_unused(owner_id => ListUnusedRequest { owner_id, ..Default::default() });
            attach(owner_id => AttachRequest { owner_id, holder: "post:1".to_owned(), ..Default::default() });
            release(owner_id => ReleaseRequest { owner_id, holder: "post:1".to_owned(), ids: Vec::new() });
            begin_upload(owner_id => BeginUploadRequest {
                header: Some(UploadHeader { owner_id, ..Default::default() }),
                ..Default::default()
            });
            get_upload(owner_id => GetUploadRequest { owner_id, ..Default::default() });
            append_upload(owner_id => {
                let header = AppendHeader { owner_id, ..Default::default() };
                Box::pin(stream::iter([Ok(AppendChunk::header(header))]))
            });
            cancel_upload(owner_id => CancelUploadRequest { owner_id, ..Default::default() });
        }
    }
}

/// What only the server itself does: an operator's commands, and what a start does.
fn of_the_operator() -> Vec<(String, Call)> {
    calls! {
        dyn Accounts {
            create_account(_ => CreateAccountRequest::default());
            set_role(_ => SetRoleRequest::default());
            reset_password(_ => ResetPasswordRequest::default());
            create_setup_token(_ => CreateSetupTokenRequest {});
            get_grants(_ => GetGrantsRequest::default());
        }
        dyn Media {
            list_failed(_ => ListFailedRequest::default());
            retry_failed(_ => RetryFailedRequest::default());
            drop_failed(_ => DropFailedRequest::default());
            switch_format(_ => SwitchFormatRequest::default());
            check_media(_ => CheckMediaRequest::default());
        }
        dyn Graph {
            list_notified_followers(account_id => ListFollowsRequest { account_id, ..Default::default() });
        }
        dyn Feed {
            rebuild_home(account_id => RebuildHomeRequest { account_id });
        }
        dyn Notifications {
            claim_pushes(_ => ClaimPushesRequest::default());
            settle_push(_ => SettlePushRequest::default());
        }
        dyn Moderation {
            rebuild_cases(_ => RebuildCasesRequest {});
        }
    }
}

/// What needs no account: it is proven by a secret in the message, or it returns what the rules of
/// the read pipeline sort.
const OF_ANYONE: [&str; 38] = [
    "accounts.register",
    "accounts.sign_in",
    "accounts.authenticate",
    "accounts.sign_out",
    "accounts.get_accounts",
    "accounts.get_account_heads",
    "accounts.find_local_accounts",
    "accounts.search_accounts",
    "accounts.list_accounts",
    "accounts.count_accounts",
    "accounts.create_application",
    "accounts.get_application",
    "accounts.revoke_token",
    "engagement.list_likes_of_post",
    "engagement.get_counts",
    "graph.list_followers",
    "graph.list_following",
    "graph.get_stats",
    "media.get_media",
    "media.wait_until_processed",
    "media.read_rendition",
    "media.read_original",
    "media.list_formats",
    "media.get_capabilities",
    "notifications.get_push_key",
    "posts.get_posts",
    "posts.get_post_heads",
    "posts.list_pinned",
    "posts.list_reshares",
    "posts.list_versions",
    "posts.list_by_authors",
    "posts.list_public",
    "posts.list_by_tag",
    "posts.get_tags",
    "posts.search_tags",
    "posts.get_conversation",
    "posts.get_author_stats",
    "posts.count_posts",
];

fn key() -> CallerKey {
    CallerKey::new(&[1; 32], Arc::new(SystemClock))
}

/// The caller that a surface makes of somebody who signed in by an application of the same number.
fn caller(id: u64) -> Caller {
    caller_with(id, "read write follow push")
}

fn caller_with(id: u64, scopes: &str) -> Caller {
    key().mint(Identity {
        account_id: Some(AccountId::new(id)),
        application_id: Some(ApplicationId::new(id)),
        scopes: scopes.to_owned(),
    })
}

fn on_behalf_of(caller: Caller) -> Context {
    Context::background(Duration::from_secs(60)).with_caller(caller)
}

async fn open(folder: &Path) -> Arc<Domains> {
    let configuration = Configuration {
        data_dir: folder.to_owned(),
        ..Configuration::default()
    };
    let domains = Domains::open(&configuration, &Topology::default()).await;
    Arc::new(domains.unwrap())
}

fn is_refused(code: Option<ErrorCode>) -> bool {
    matches!(
        code,
        Some(ErrorCode::Forbidden | ErrorCode::Unauthenticated)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_acts_for_its_own_account_and_for_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let domains = open(folder.path()).await;
    for (method, call) in of_an_account() {
        let as_caller = async |caller: Caller| {
            let context = on_behalf_of(caller);
            call(Arc::clone(&domains), context, ADA).await
        };
        let another = as_caller(caller(BOB)).await;
        assert_eq!(another, Some(ErrorCode::Forbidden), "{method}, another's");
        let nobody = as_caller(Caller::anonymous()).await;
        assert_eq!(nobody, Some(ErrorCode::Unauthenticated), "{method}, nobody");
        for may in [caller(ADA), Caller::system()] {
            let code = as_caller(may.clone()).await;
            assert!(!is_refused(code), "{method}, {may:?}: {code:?}");
        }
    }
    domains.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_operators_nobody_else_may() {
    let folder = tempfile::tempdir().unwrap();
    let domains = open(folder.path()).await;
    let calls = of_the_operator().into_iter();
    for (method, call) in calls.chain(listeners::of_the_server()) {
        for other in [caller(ADA), Caller::anonymous()] {
            let context = on_behalf_of(other.clone());
            let code = call(Arc::clone(&domains), context, ADA).await;
            assert_eq!(code, Some(ErrorCode::Forbidden), "{method}, {other:?}");
        }
        let context = on_behalf_of(Caller::system());
        let code = call(Arc::clone(&domains), context, ADA).await;
        assert!(!is_refused(code), "{method}: {code:?}");
    }
    domains.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_not_said_to_come_from_an_application_that_did_not_send_it() {
    let folder = tempfile::tempdir().unwrap();
    let domains = open(folder.path()).await;
    let posts = domains.gateways().posts;
    for (application_id, expected) in [(ADA, None), (0, None), (BOB, Some(ErrorCode::Forbidden))] {
        let request = CreatePostRequest {
            author_id: ADA,
            application_id,
            text: "From somewhere".to_owned(),
            ..Default::default()
        };
        let reply = posts.create_post(&on_behalf_of(caller(ADA)), request).await;
        assert_eq!(reply.err().map(|error| error.code()), expected);
    }
    domains.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_caller_begins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let domains = open(folder.path()).await;
    let identity = caller(ADA).identity().unwrap().clone();
    for (method, call) in of_an_account() {
        let expired = key().mint_for(identity.clone(), Duration::ZERO);
        let code = call(Arc::clone(&domains), on_behalf_of(expired), ADA).await;
        assert_eq!(code, Some(ErrorCode::Unauthenticated), "{method}");
    }
    let calls = domains.calls().summaries();
    let created = calls
        .iter()
        .find(|calls| calls.method == "posts.create_post");
    assert_eq!(created.unwrap().outcomes, [("unauthenticated", 1)]);
    domains.close().await;
}

#[test]
fn it_is_known_of_every_method_who_may_call_it() {
    let every: BTreeSet<_> = wire::methods()
        .map(|method| method.name.to_owned())
        .collect();
    let anyone = OF_ANYONE.map(str::to_owned);
    let listed = of_an_account().into_iter().chain(of_the_operator());
    let listed = listed.chain(moderators::of_a_moderator());
    let listed = listed.chain(listeners::of_the_server());
    let listed: Vec<_> = listed.map(|(method, _)| method).chain(anyone).collect();
    assert_eq!(listed.len(), every.len(), "each in one list");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), every);
}
