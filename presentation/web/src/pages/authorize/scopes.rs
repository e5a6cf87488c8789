//! Scopes in words that a person can decide by.

use business_accounts_gateway::{Scope, Scopes};

/// What these scopes allow, without saying anything twice.
pub(super) fn in_words(scopes: Scopes) -> Vec<&'static str> {
    let mut lines = Vec::new();
    for scope in scopes.iter() {
        let line = words(scope);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

fn words(scope: Scope) -> &'static str {
    match scope.name() {
        "read" => "See everything you can see: your feed, your photos, whom you follow",
        "read:accounts" | "profile" => "See your name and profile",
        "read:statuses" => "See posts that you can see",
        "read:follows" => "See whom you follow and who follows you",
        "read:notifications" => "See your notifications",
        "read:search" => "Search as you",
        "write" => "Do what you can do: share photos, delete posts, follow, change your profile",
        "write:accounts" => "Change your profile",
        "write:media" => "Upload photos",
        "write:statuses" => "Share posts as you, and delete them",
        "write:follows" => "Follow and unfollow as you",
        "follow" => "See and change whom you follow",
        "push" => "Send notifications to your devices",
        "write:reports" => "Report people and posts as you",
        name if name.starts_with("admin:read") => {
            "See reports and who sent them, if you are a moderator"
        }
        name if name.starts_with("admin:") => "Decide about reports, if you are a moderator",
        name if name.starts_with("read:") => "See your lists, marks and filters",
        _ => "Change your lists, marks and filters",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words_and_none_are_said_twice() {
        for scope in Scope::grantable() {
            assert!(words(scope).len() > 10, "{scope}");
        }
        let lines = in_words(Scopes::of(&[
            Scope::READ_LISTS,
            Scope::READ_MUTES,
            Scope::WRITE_MEDIA,
        ]));
        assert_eq!(
            lines,
            ["See your lists, marks and filters", "Upload photos"]
        );
    }
}
