//! Which scopes an application needs for a call, whatever the route asked for. A call for an
//! account is in one of the two lists below.

use std::collections::BTreeSet;
use std::sync::Arc;

use business_accounts_gateway::{Scope, Scopes};
use heliograph::wire;
use infra_kernel::ErrorCode;

use super::{ADA, caller_with, is_refused, of_an_account, on_behalf_of, open};

/// What is called for an account without a scope: it is made by a person's own browser
/// (`authorize`), a secret proves it (`issue_token`), or reads of every kind need it.
const WITHOUT_SCOPE: [&str; 11] = [
    "accounts.authorize",
    "accounts.issue_token",
    "engagement.get_marks",
    "graph.count_follow_requests",
    "graph.get_notes",
    "graph.get_reading_filters",
    "graph.get_relationships",
    "posts.get_followed_tags",
    "posts.get_reshared",
    "posts.list_by_author",
    "posts.list_by_followed_tags",
];

/// Which scopes let an application make a call for a person, any one of them. Every other method
/// asks for none: it is open to anyone or to the operator alone, or it is [`WITHOUT_SCOPE`].
const SCOPES: &[(&str, &[&str])] = &[
    ("accounts.update_profile", &["write:accounts"]),
    ("graph.follow", &["write:follows", "follow"]),
    ("graph.unfollow", &["write:follows", "follow"]),
    ("graph.remove_follower", &["write:follows", "follow"]),
    ("graph.accept_follow", &["write:follows", "follow"]),
    ("graph.reject_follow", &["write:follows", "follow"]),
    ("graph.list_follow_requests", &["read:follows", "follow"]),
    ("graph.block", &["write:blocks", "follow"]),
    ("graph.unblock", &["write:blocks", "follow"]),
    ("graph.list_blocks", &["read:blocks", "follow"]),
    ("graph.mute", &["write:mutes", "follow"]),
    ("graph.unmute", &["write:mutes", "follow"]),
    ("graph.create_list", &["write:lists"]),
    ("graph.update_list", &["write:lists"]),
    ("graph.delete_list", &["write:lists"]),
    ("graph.list_lists", &["read:lists"]),
    ("graph.get_list", &["read:lists"]),
    ("graph.add_to_list", &["write:lists"]),
    ("graph.remove_from_list", &["write:lists"]),
    ("graph.list_members", &["read:lists"]),
    ("graph.create_filter", &["write:filters"]),
    ("graph.update_filter", &["write:filters"]),
    ("graph.delete_filter", &["write:filters"]),
    ("graph.add_filtered_post", &["write:filters"]),
    ("graph.remove_filtered_post", &["write:filters"]),
    ("graph.list_filters", &["read:filters"]),
    ("graph.set_note", &["write:accounts"]),
    ("graph.list_mutes", &["read:mutes", "follow"]),
    // A picture of a profile is uploaded by what may write accounts, as Mastodon has it.
    ("media.upload", &["write:media", "write:accounts"]),
    ("media.update_media", &["write:media"]),
    ("media.describe_media", &["write:statuses"]),
    ("media.delete_media", &["write:media"]),
    ("media.list_unused", &["write:media"]),
    ("media.attach", &["write:statuses", "write:accounts"]),
    ("media.release", &["write:statuses", "write:accounts"]),
    ("media.begin_upload", &["write:media"]),
    ("media.get_upload", &["write:media"]),
    ("media.append_upload", &["write:media"]),
    ("media.cancel_upload", &["write:media"]),
    ("posts.create_post", &["write:statuses"]),
    ("posts.delete_post", &["write:statuses"]),
    ("posts.edit_post", &["write:statuses"]),
    ("posts.list_direct_conversations", &["read:statuses"]),
    (
        "posts.get_direct_conversation",
        &["read:statuses", "write:conversations"],
    ),
    ("posts.mark_direct_conversation", &["write:conversations"]),
    ("posts.remove_direct_conversation", &["write:conversations"]),
    ("posts.pin_post", &["write:accounts"]),
    ("posts.unpin_post", &["write:accounts"]),
    ("posts.reshare", &["write:statuses"]),
    ("posts.unreshare", &["write:statuses"]),
    ("posts.follow_tag", &["write:follows", "follow"]),
    ("posts.unfollow_tag", &["write:follows", "follow"]),
    ("posts.list_followed_tags", &["read:follows", "follow"]),
    ("engagement.like", &["write:favourites"]),
    ("engagement.unlike", &["write:favourites"]),
    ("engagement.list_likes_of_account", &["read:favourites"]),
    ("engagement.bookmark", &["write:bookmarks"]),
    ("engagement.unbookmark", &["write:bookmarks"]),
    ("engagement.list_bookmarks", &["read:bookmarks"]),
    ("notifications.list_notifications", &["read:notifications"]),
    ("notifications.get_notification", &["read:notifications"]),
    (
        "notifications.dismiss_notification",
        &["write:notifications"],
    ),
    (
        "notifications.clear_notifications",
        &["write:notifications"],
    ),
    ("notifications.list_groups", &["read:notifications"]),
    ("notifications.list_group", &["read:notifications"]),
    ("notifications.dismiss_group", &["write:notifications"]),
    ("notifications.count_unread", &["read:notifications"]),
    ("notifications.get_policy", &["read:notifications"]),
    ("notifications.set_policy", &["write:notifications"]),
    ("notifications.list_requests", &["read:notifications"]),
    ("notifications.get_request", &["read:notifications"]),
    ("notifications.accept_requests", &["write:notifications"]),
    ("notifications.dismiss_requests", &["write:notifications"]),
    (
        "notifications.get_markers",
        &["read:statuses", "read:notifications"],
    ),
    ("notifications.set_markers", &["write:statuses"]),
    ("notifications.set_push_subscription", &["push"]),
    ("notifications.get_push_subscription", &["push"]),
    ("notifications.update_push_subscription", &["push"]),
    ("notifications.remove_push_subscription", &["push"]),
    ("feed.get_list_timeline", &["read:lists"]),
    ("moderation.report", &["write:reports"]),
    ("moderation.list_cases", &["admin:read:reports"]),
    (
        "moderation.get_case",
        &["admin:read:reports", "admin:write:reports"],
    ),
    ("moderation.list_case_events", &["admin:read:reports"]),
    ("moderation.change_case", &["admin:write:reports"]),
    ("feed.get_home", &["read:statuses"]),
];

/// Whatever a route forgot to ask for: the call itself is refused without its scope.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_does_only_what_its_scopes_are_for() {
    let folder = tempfile::tempdir().unwrap();
    let domains = open(folder.path()).await;
    for (method, call) in of_an_account() {
        let with = async |scopes: &str| {
            let context = on_behalf_of(caller_with(ADA, scopes));
            call(Arc::clone(&domains), context, ADA).await
        };
        let needed = scopes_of(&method);
        for scope in needed {
            let code = with(scope).await;
            assert!(!is_refused(code), "{method} with {scope}: {code:?}");
        }
        // Everything that holds none of those.
        let holds = |scope: &&str| needed.iter().any(|one| one.starts_with(scope));
        let others = ["read", "write", "follow", "push", "profile"];
        let others: Vec<&str> = others.into_iter().filter(|scope| !holds(scope)).collect();
        for scopes in ["", &others.join(" ")] {
            let code = with(scopes).await;
            assert_eq!(
                code == Some(ErrorCode::Forbidden),
                !needed.is_empty(),
                "{method} with `{scopes}`: {code:?}"
            );
        }
    }
    domains.close().await;
}

fn scopes_of(method: &str) -> &'static [&'static str] {
    let known = SCOPES.iter().find(|(name, _)| *name == method);
    known.map_or(&[], |(_, scopes)| scopes)
}

#[test]
fn it_is_known_of_every_method_which_scope_it_needs() {
    for method in wire::methods() {
        assert_eq!(method.scopes, scopes_of(method.name), "{}", method.name);
    }
    let without: BTreeSet<_> = of_an_account()
        .into_iter()
        .map(|(method, _)| method)
        .filter(|method| scopes_of(method).is_empty())
        .collect();
    assert_eq!(without, BTreeSet::from(WITHOUT_SCOPE.map(str::to_owned)));
}

/// Routes take scopes by the rule of the accounts' contract, and calls by one that knows no names.
#[test]
fn routes_and_calls_agree_on_what_a_scope_covers() {
    for method in wire::methods().filter(|method| !method.scopes.is_empty()) {
        for granted in Scope::grantable() {
            let by_route = method.scopes.iter().any(|needed| {
                let needed = Scope::parse(needed).unwrap();
                Scopes::from(granted).cover(needed)
            });
            let by_call = caller_with(ADA, granted.name()).require_scope(method.scopes);
            assert_eq!(
                by_call.is_ok(),
                by_route,
                "{}: {}",
                method.name,
                granted.name()
            );
        }
    }
}
