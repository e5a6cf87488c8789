//! The entities of the Mastodon API, as documented for version 4: complete, and without nulls where
//! clients do not expect them.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod application;
pub(crate) mod conversation;
pub(crate) mod filter;
pub(crate) mod instance;
pub(crate) mod list;
pub(crate) mod media;
pub(crate) mod moment;
pub(crate) mod notification;
pub(crate) mod notification_group;
pub(crate) mod notification_policy;
pub(crate) mod notification_request;
pub(crate) mod push_subscription;
pub(crate) mod relationship;
pub(crate) mod report;
pub(crate) mod report_event;
pub(crate) mod status;
pub(crate) mod status_edit;
pub(crate) mod tag;

pub(crate) use account::{Account, CredentialAccount};
pub(crate) use admin::AdminReport;
pub(crate) use application::{Application, CredentialApplication, Token};
pub(crate) use instance::{InstanceV1, InstanceV2};
pub(crate) use list::List;
pub(crate) use media::MediaAttachment;
pub(crate) use notification::Notification;
pub(crate) use notification_group::GroupedNotificationsResults;
pub(crate) use push_subscription::WebPushSubscription;
pub(crate) use relationship::Relationship;
pub(crate) use report::Report;
pub(crate) use report_event::ReportEvent;
pub(crate) use status::{Status, StatusContext};
pub(crate) use status_edit::{StatusEdit, StatusSource};
pub(crate) use tag::Hashtag;

/// Nothing, as Mastodon writes it.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Nothing {}

/// A list of things that this product does not have yet: custom emoji, tags, badges.
pub(crate) type Empty = [serde_json::Value; 0];

/// Writes things as a list, each as this writes it.
///
/// # Errors
/// When one cannot be written, which would be a fault of this program.
pub(crate) fn list<T>(
    items: &[T],
    write: impl Fn(&T, &mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<u8>> {
    let mut json = vec![b'['];
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(item, &mut json)?;
    }
    json.push(b']');
    Ok(json)
}
