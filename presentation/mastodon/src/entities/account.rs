//! An account: as everyone sees it, and as its owner does.

use business_accounts_gateway::{ProfileField, Role as AccountRole};
use business_media_gateway::{MediaItem, renditions};
use infra_kernel::AccountId;
use presentation_kit::text::{line_to_html, to_html};
use presentation_kit::{Person, Site};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Empty, media, moment};

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Account {
    id: AccountId,
    pub(crate) username: String,
    /// The name by which it is reached; on its own server that is the username.
    acct: String,
    pub(crate) display_name: String,
    /// Whether followers must be let in; never so here yet.
    locked: bool,
    bot: bool,
    /// Whether it wants to be suggested to others.
    discoverable: bool,
    /// Whether its public posts may be found by their text. There is no such search yet.
    indexable: bool,
    group: bool,
    /// The day it was made.
    created_at: String,
    /// The profile's text as HTML.
    note: String,
    /// Its page.
    pub(crate) url: String,
    pub(crate) uri: String,
    pub(crate) avatar: String,
    avatar_static: String,
    avatar_description: String,
    header: String,
    header_static: String,
    header_description: String,
    followers_count: u64,
    following_count: u64,
    statuses_count: u64,
    /// The day of the last post.
    last_status_at: Option<String>,
    hide_collections: bool,
    noindex: bool,
    emojis: Empty,
    roles: Empty,
    fields: Vec<Field>,
}

/// As much of an account as its picture needs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PartialAccount {
    id: AccountId,
    acct: String,
    url: String,
    avatar: String,
    avatar_static: String,
    avatar_description: String,
    locked: bool,
    bot: bool,
}

/// A line of a profile.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Field {
    name: String,
    value: String,
    /// Links are not verified here yet.
    verified_at: (),
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CredentialAccount {
    #[serde(flatten)]
    account: Account,
    source: Source,
    role: Role,
}

/// A profile as it was written, and the defaults of a new post.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Source {
    privacy: String,
    sensitive: bool,
    language: Option<String>,
    note: String,
    fields: Vec<Field>,
    follow_requests_count: u64,
    hide_collections: bool,
    discoverable: bool,
    indexable: bool,
    /// Websites that may name this account as an author.
    attribution_domains: Vec<String>,
    /// Whether others may download the photos of a new post, without place and camera data. Not in
    /// Mastodon.
    originals_shared: bool,
    /// Whether camera, lens and exposure of a new post's photos are shown. Not in Mastodon.
    camera_shown: bool,
}

/// What an account may do here.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Role {
    id: &'static str,
    name: &'static str,
    /// A bit mask: 16 for who looks after reports, and 0 for everyone else.
    permissions: &'static str,
    color: &'static str,
    highlighted: bool,
}

impl Account {
    /// An account as everyone sees it.
    pub(crate) fn of(site: &Site, person: &Person) -> Self {
        let account = &person.account;
        let avatar = media::url_of(site, person.avatar.as_ref(), renditions::GRID)
            .unwrap_or_else(|| site.default_avatar_url());
        let header = media::url_of(site, person.header.as_ref(), renditions::FEED)
            .unwrap_or_else(|| site.default_header_url());
        let last_us = Some(person.posts.last_posted_at_us).filter(|at| *at != 0);
        Self {
            id: AccountId::new(account.id),
            username: account.username.clone(),
            acct: account.username.clone(),
            display_name: account.display_name.clone(),
            locked: account.locked,
            bot: account.bot,
            discoverable: account.discoverable,
            indexable: account.indexable,
            group: false,
            created_at: moment::midnight(account.created_at_us),
            note: to_html(site, &account.note, &[]),
            url: site.profile_url(&account.username),
            uri: site.actor_uri(&account.username),
            avatar_static: avatar.clone(),
            avatar,
            avatar_description: description_of(person.avatar.as_ref()),
            header_static: header.clone(),
            header,
            header_description: description_of(person.header.as_ref()),
            followers_count: person.graph.followers,
            following_count: person.graph.following,
            statuses_count: person.posts.posts,
            last_status_at: last_us.map(moment::date),
            hide_collections: false,
            noindex: false,
            emojis: [],
            roles: [],
            fields: fields_of(&account.fields, |value| line_to_html(site, value)),
        }
    }
}

impl PartialAccount {
    /// As much of an account as its picture needs.
    pub(crate) fn of(site: &Site, person: &Person) -> Self {
        let account = Account::of(site, person);
        Self {
            id: account.id,
            acct: account.acct,
            url: account.url,
            avatar: account.avatar,
            avatar_static: account.avatar_static,
            avatar_description: account.avatar_description,
            locked: account.locked,
            bot: account.bot,
        }
    }
}

impl CredentialAccount {
    /// An account as its owner sees it, whom so many ask to follow.
    pub(crate) fn of(site: &Site, person: &Person, follow_requests: u64) -> Self {
        let account = &person.account;
        let language = Some(account.default_language.clone());
        Self {
            account: Account::of(site, person),
            source: Source {
                privacy: visibility_or_public(&account.default_visibility).to_owned(),
                sensitive: account.default_sensitive,
                language: language.filter(|language| !language.is_empty()),
                note: account.note.clone(),
                fields: fields_of(&account.fields, str::to_owned),
                follow_requests_count: follow_requests,
                hide_collections: false,
                discoverable: account.discoverable,
                indexable: account.indexable,
                attribution_domains: account.attribution_domains.clone(),
                originals_shared: account.default_originals_shared,
                camera_shown: account.default_camera_shown,
            },
            role: Role::of(account.role()),
        }
    }
}

impl Role {
    pub(super) fn of(role: AccountRole) -> Self {
        // The ids and the empty name of "everyone" are Mastodon's own.
        let (id, name) = match role {
            AccountRole::Admin => ("3", "Admin"),
            AccountRole::Moderator => ("1", "Moderator"),
            AccountRole::Member | AccountRole::Unspecified => ("-99", ""),
        };
        Self {
            id,
            name,
            permissions: if role.is_moderator() { "16" } else { "0" },
            color: "",
            highlighted: role.is_moderator(),
        }
    }
}

/// The default visibility of an account that has set none.
pub(crate) fn visibility_or_public(name: &str) -> &str {
    if name.is_empty() { "public" } else { name }
}

fn description_of(item: Option<&MediaItem>) -> String {
    item.map_or_else(String::new, |item| item.description.clone())
}

fn fields_of(fields: &[ProfileField], value: impl Fn(&str) -> String) -> Vec<Field> {
    let field = |field: &ProfileField| Field {
        name: field.name.clone(),
        value: value(&field.value),
        verified_at: (),
    };
    fields.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::entities::status::tests::{person, site};

    #[test]
    fn an_account_has_every_field_that_clients_read() {
        let expected = json!({
            "id": "7", "username": "ada", "acct": "ada", "display_name": "Ada L.", "locked": false, "bot": false,
            "discoverable": true, "indexable": false, "group": false, "created_at": "2026-03-01T00:00:00.000Z",
            "note": "<p>Light &amp; shadow</p>", "url": "http://p.example/@ada", "uri": "http://p.example/users/ada",
            "avatar": "http://p.example/assets/avatar.png", "avatar_static": "http://p.example/assets/avatar.png",
            "avatar_description": "", "header": "http://p.example/assets/header.png",
            "header_static": "http://p.example/assets/header.png", "header_description": "",
            "followers_count": 3, "following_count": 2, "statuses_count": 5, "last_status_at": "2026-03-02",
            "hide_collections": false, "noindex": false, "emojis": [], "roles": [],
            "fields": [{
                "name": "Web",
                "value": "<a href=\"https://a.example\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">a.example</a>",
                "verified_at": null,
            }],
        });
        assert_eq!(to_value(Account::of(&site(), &person())).unwrap(), expected);
    }

    #[test]
    fn the_owner_sees_the_profile_as_written() {
        let mut person = person();
        person.account.role = AccountRole::Admin.into();
        person.account.default_camera_shown = true;
        let value = to_value(CredentialAccount::of(&site(), &person, 0)).unwrap();
        assert_eq!(
            value["source"],
            json!({
                "privacy": "unlisted", "sensitive": false, "language": "en", "note": "Light & shadow",
                "fields": [{"name": "Web", "value": "https://a.example", "verified_at": null}],
                "follow_requests_count": 0, "hide_collections": false, "discoverable": true, "indexable": false,
                "attribution_domains": [], "originals_shared": false, "camera_shown": true,
            })
        );
        assert_eq!(value["role"]["name"], "Admin");
        assert_eq!(value["username"], "ada");
    }

    #[test]
    fn who_never_posted_has_no_day_of_the_last_post() {
        let mut person = person();
        person.posts.last_posted_at_us = 0;
        assert_eq!(Account::of(&site(), &person).last_status_at, None);
    }
}
