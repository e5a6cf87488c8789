//! The streams that there are, by the names that Mastodon has for them.

use std::sync::Arc;

use business_accounts_gateway::Scope;
use business_graph_gateway::ListId;
use business_posts_gateway::text::hashtag_name;
use serde::Deserialize;

/// What listeners hear of together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    /// The home timeline.
    Home,
    /// Notifications.
    Told,
    /// Conversations in direct posts.
    Direct,
    /// Public posts.
    Public,
    /// Those with photos.
    PublicMedia,
    /// Public posts with a hashtag, by its name as hashtags are compared.
    Tag(String),
    /// The timeline of a list.
    List(ListId),
}

/// How a stream is called in what is sent of it: its name, and which hashtag or list.
pub(super) type Label = Arc<[Box<str>]>;

/// A stream that somebody listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) label: Label,
    /// What is heard in it, with the scope that is needed for it.
    pub(super) channels: Vec<Channel>,
    /// The scope without which it cannot be listened to.
    pub(super) scope: Scope,
}

/// What is asked for beside the name.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Parameters {
    pub(super) tag: Option<String>,
    pub(super) list: Option<ListParameter>,
    pub(super) only_media: Option<TruthParameter>,
}

/// Whether something is so; anything else than a text or a truth says nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum TruthParameter {
    Text(String),
    Truth(bool),
    Other(serde::de::IgnoredAny),
}

/// The id of a list, as text or as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum ListParameter {
    Text(String),
    Number(u64),
}

/// Why there is no such stream, in Mastodon's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoStream {
    Unknown,
    NoTag,
    NoList,
}

impl NoStream {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown stream type",
            Self::NoTag => "Missing tag name parameter",
            Self::NoList => "Missing list name parameter",
        }
    }
}

/// The longest name of a hashtag that is taken, in bytes: longer than any that a post can have.
const TAG_BYTES_MAX: usize = 2_048;

impl Stream {
    /// The stream of this name.
    ///
    /// # Errors
    /// When there is none, or not with these parameters.
    pub(super) fn named(name: &str, parameters: &Parameters) -> Result<Self, NoStream> {
        let only_media = parameters.only_media.as_ref();
        let only_media = only_media.is_some_and(TruthParameter::is_true);
        let mut label = vec![Box::from(name)];
        let mut scope = Scope::READ_STATUSES;
        let channels = match name {
            "user" => vec![Channel::Home, Channel::Told],
            "user:notification" => {
                scope = Scope::READ_NOTIFICATIONS;
                vec![Channel::Told]
            }
            "direct" => vec![Channel::Direct],
            "public" | "public:local" if !only_media => vec![Channel::Public],
            "public" | "public:local" | "public:media" | "public:local:media" => {
                vec![Channel::PublicMedia]
            }
            // Of other servers there is nothing.
            "public:remote" | "public:remote:media" => Vec::new(),
            "hashtag" | "hashtag:local" => {
                let tag = parameters.tag.as_deref().unwrap_or_default();
                label.push(Box::from(tag));
                vec![Channel::Tag(tag_named(tag)?)]
            }
            "list" => {
                let list = parameters.list.as_ref().ok_or(NoStream::NoList)?;
                let list = list.id().ok_or(NoStream::NoList)?;
                label.push(list.to_string().into());
                vec![Channel::List(list)]
            }
            _ => return Err(NoStream::Unknown),
        };
        // As its clients know it, whichever way they asked.
        if only_media && !name.ends_with(":media") && channels == [Channel::PublicMedia] {
            label = vec![format!("{name}:media").into()];
        }
        Ok(Self {
            label: label.into(),
            channels,
            scope,
        })
    }

    /// The list that it is about, if it is about one.
    pub(super) fn list(&self) -> Option<ListId> {
        self.channels.iter().find_map(|channel| match channel {
            Channel::List(list) => Some(*list),
            _ => None,
        })
    }
}

impl Channel {
    /// The scope that is needed to hear of it.
    pub(super) const fn scope(&self) -> Scope {
        match self {
            Self::Told => Scope::READ_NOTIFICATIONS,
            _ => Scope::READ_STATUSES,
        }
    }
}

fn tag_named(tag: &str) -> Result<String, NoStream> {
    let name = match tag.len() {
        0..=TAG_BYTES_MAX => hashtag_name(tag),
        _ => String::new(),
    };
    match name.is_empty() {
        true => Err(NoStream::NoTag),
        false => Ok(name),
    }
}

impl TruthParameter {
    fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => matches!(text.as_str(), "true" | "1"),
            Self::Truth(truth) => *truth,
            Self::Other(_) => false,
        }
    }
}

impl ListParameter {
    fn id(&self) -> Option<ListId> {
        let id = match self {
            Self::Text(text) => text.parse().ok()?,
            Self::Number(number) => *number,
        };
        (id != 0).then(|| ListId::new(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, parameters: serde_json::Value) -> Result<Stream, NoStream> {
        Stream::named(name, &serde_json::from_value(parameters).unwrap())
    }

    fn label(name: &str, parameters: serde_json::Value) -> Vec<String> {
        let stream = named(name, parameters).unwrap();
        stream.label.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn streams_are_named_as_clients_name_them() {
        use serde_json::json;
        for name in [
            "user",
            "user:notification",
            "direct",
            "public",
            "public:local",
            "public:remote",
            "public:media",
            "public:local:media",
            "public:remote:media",
        ] {
            assert_eq!(label(name, json!({})), [name]);
        }
        let tag = json!({"tag": "Möwe"});
        assert_eq!(
            label("hashtag:local", tag.clone()),
            ["hashtag:local", "Möwe"]
        );
        let of_tag = named("hashtag", tag).unwrap().channels;
        assert_eq!(
            of_tag,
            named("hashtag", json!({"tag": "#möwe"})).unwrap().channels
        );
        for list in [json!({"list": "12"}), json!({"list": 12})] {
            assert_eq!(label("list", list), ["list", "12"]);
        }
        let only_media = json!({"only_media": "true"});
        assert_eq!(label("public", only_media.clone()), ["public:media"]);
        assert_eq!(label("public:local", only_media), ["public:local:media"]);
    }

    #[test]
    fn what_is_none_is_refused_in_mastodons_words() {
        use serde_json::json;
        for (name, parameters, expected) in [
            ("home", json!({}), NoStream::Unknown),
            ("", json!({}), NoStream::Unknown),
            ("hashtag", json!({}), NoStream::NoTag),
            ("hashtag", json!({"tag": "#"}), NoStream::NoTag),
            (
                "hashtag",
                json!({"tag": "a".repeat(3_000)}),
                NoStream::NoTag,
            ),
            ("list", json!({}), NoStream::NoList),
            ("list", json!({"list": "x"}), NoStream::NoList),
            ("list", json!({"list": 0}), NoStream::NoList),
        ] {
            assert_eq!(named(name, parameters), Err(expected), "{name}");
        }
    }
}
