//! Parameters as a tree, the same one from a query, a form or JSON.
//!
//! Names nest as Rack nests them, because that is what clients of the Mastodon API were written
//! against: `a=1` is a text, `a[]=1` adds to a list, `a[b]=1` is a field of a map, `a[][b]=1` a
//! field of the last map of a list. Where Rack gives up, this bends: a plain name beside `name[]`
//! joins the list, and a map whose keys are numbers is a list when one is wanted. Deserialization
//! is as lenient: a number is taken for a text, a text for a number, null for "not given", and the
//! same name twice is its last value where one is wanted and all of them where a list is. In JSON
//! it is always its last value.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};

/// How deep `a[b][c]` may nest: brackets after a name.
pub(crate) const NESTING_MAX: usize = 4;
/// The most pairs of a query or a form.
pub(crate) const PAIRS_MAX: usize = 1_000;
/// The most characters of a name that are repeated to the client.
const NAME_CHARACTERS_MAX: usize = 64;

/// Parameters by name, without the brackets.
pub(crate) type Map = BTreeMap<String, Node>;

/// A value, or values under it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Truth(bool),
    Number(serde_json::Number),
    Text(String),
    /// One plain name more than once, in the order of the values.
    Repeated(Vec<String>),
    /// Bytes that are no UTF-8: wrong where they are used, and nobody's business where they are
    /// not.
    NotText,
    List(Vec<Self>),
    Map(Map),
}

/// Why parameters could not become a tree: the name at fault, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// Reads `name=value` pairs in form encoding.
pub(crate) fn from_pairs(pairs: &[u8]) -> Result<Map, Malformed> {
    let mut map = Map::new();
    let pairs = pairs.split(|byte| *byte == b'&');
    for (count, pair) in pairs.filter(|pair| !pair.is_empty()).enumerate() {
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &b""[..]),
        };
        let name = String::from_utf8_lossy(&form_decoded(name)).into_owned();
        if count >= PAIRS_MAX {
            let why = format!("there are more than {PAIRS_MAX} parameters");
            return Err(Malformed { name, why });
        }
        insert(&mut map, &name, form_decoded(value))?;
    }
    Ok(map)
}

/// Adds a pair whose name may have brackets.
pub(crate) fn insert(map: &mut Map, name: &str, value: Vec<u8>) -> Result<(), Malformed> {
    let value = String::from_utf8(value).map_or(Node::NotText, Node::Text);
    let (base, segments) = segments(name);
    let put = if segments.len() > NESTING_MAX {
        Err(format!("it nests deeper than {NESTING_MAX}"))
    } else {
        let node = map.entry(base.to_owned()).or_insert(Node::Null);
        put(node, &segments, value)
    };
    put.map_err(|why| Malformed {
        name: name.chars().take(NAME_CHARACTERS_MAX).collect(),
        why,
    })
}

/// `a[b][]` as `a` and its brackets' contents. What is not well formed is a plain name.
fn segments(name: &str) -> (&str, Vec<&str>) {
    let plain = (name, Vec::new());
    let Some(at) = name.find('[').filter(|at| *at > 0) else {
        return plain;
    };
    let (base, mut rest) = name.split_at(at);
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((segment, after)) = inner else {
            return plain;
        };
        segments.push(segment);
        rest = after;
    }
    (base, segments)
}

/// Puts a value at a place in a tree. An empty segment means a list.
fn put(node: &mut Node, segments: &[&str], value: Node) -> Result<(), String> {
    match segments {
        [] => node.add(value),
        [""] => {
            node.as_list()?.push(value);
            Ok(())
        }
        ["", rest @ ..] => {
            let list = node.as_list()?;
            // A field that the last map has already begins the next one.
            if !list.last().is_some_and(|last| last.has_room_for(rest)) {
                list.push(Node::Map(Map::new()));
            }
            match list.last_mut() {
                Some(last) => put(last, rest, value),
                // Not reached: one was pushed above.
                None => Ok(()),
            }
        }
        [key, rest @ ..] => {
            let child = node.as_map()?.entry((*key).to_owned());
            put(child.or_insert(Node::Null), rest, value)
        }
    }
}

impl Node {
    /// Adds a value under a plain name.
    fn add(&mut self, value: Self) -> Result<(), String> {
        match (&mut *self, value) {
            (Self::List(list), value) => list.push(value),
            (Self::Map(_), _) => {
                return Err("it is a text in one place and has fields in another".into());
            }
            (Self::Repeated(texts), Self::Text(text)) => texts.push(text),
            (Self::Text(first), Self::Text(text)) => {
                *self = Self::Repeated(vec![std::mem::take(first), text]);
            }
            (_, value) => *self = value,
        }
        Ok(())
    }

    fn as_list(&mut self) -> Result<&mut Vec<Self>, String> {
        match self {
            Self::List(_) => {}
            Self::Null => *self = Self::List(Vec::new()),
            Self::Map(_) => {
                return Err("it is a list in one place and has fields in another".into());
            }
            Self::Repeated(texts) => {
                let texts = std::mem::take(texts).into_iter();
                *self = Self::List(texts.map(Self::Text).collect());
            }
            _ => *self = Self::List(vec![std::mem::replace(self, Self::Null)]),
        }
        match self {
            Self::List(list) => Ok(list),
            // Not reached: it was made a list above.
            _ => Err(String::new()),
        }
    }

    fn as_map(&mut self) -> Result<&mut Map, String> {
        // An empty text is how a form says that there is nothing.
        if matches!(self, Self::Null) || matches!(self, Self::Text(text) if text.is_empty()) {
            *self = Self::Map(Map::new());
        }
        match self {
            Self::Map(map) => Ok(map),
            _ => Err("it has fields in one place and is something else in another".into()),
        }
    }

    pub(crate) fn is_empty_text(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Repeated(texts) => texts.iter().all(String::is_empty),
            _ => false,
        }
    }

    /// Leaves the empty ones out of what came more than once, unless there is nothing else.
    pub(crate) fn drop_empty_repeated(&mut self) {
        if let Self::Repeated(texts) = self {
            texts.retain(|text| !text.is_empty());
        }
    }

    /// Whether a map has no value at this place yet.
    fn has_room_for(&self, segments: &[&str]) -> bool {
        match (self, segments) {
            (Self::Map(map), [key, rest @ ..]) => {
                map.get(*key).is_none_or(|child| match rest {
                    // One more element of a list is always welcome.
                    [""] => true,
                    [] => false,
                    rest => child.has_room_for(rest),
                })
            }
            _ => false,
        }
    }

    /// The elements, when a list is wanted.
    fn into_elements(self) -> Result<Vec<Self>, Self> {
        let mut elements = match self {
            Self::Null => Vec::new(),
            Self::List(list) => list,
            Self::Repeated(texts) => texts.into_iter().map(Self::Text).collect(),
            Self::Map(map) => numbered(map)?,
            single => vec![single],
        };
        elements.retain(|element| *element != Self::Null);
        Ok(elements)
    }
}

/// The values of a map whose keys are all numbers, in their order; gaps close.
fn numbered(map: Map) -> Result<Vec<Node>, Node> {
    // `name[0]`, `name[1]`, … is how some clients write a list.
    if map.is_empty() || !map.keys().all(|key| key.parse::<u32>().is_ok()) {
        return Err(Node::Map(map));
    }
    let mut elements: Vec<(u32, Node)> = map
        .into_iter()
        // Each is a number, by the check above.
        .map(|(key, node)| (key.parse().unwrap_or(u32::MAX), node))
        .collect();
    elements.sort_by_key(|(number, _)| *number);
    Ok(elements.into_iter().map(|(_, node)| node).collect())
}

fn form_decoded(text: &[u8]) -> Vec<u8> {
    // Before the percent signs are decoded: `%2B` is a plus and stays one.
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).collect()
}

impl From<serde_json::Value> for Node {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Truth(truth),
            serde_json::Value::Number(number) => Self::Number(number),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(list) => {
                Self::List(list.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(map) => Self::Map(
                map.into_iter()
                    .map(|(key, value)| (key, Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.visit_number(visitor)
        }
    )*};
}

impl Node {
    fn visit_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = match &self {
            Self::Text(text) => Some(text.trim()),
            Self::Repeated(texts) => texts.last().map(|text| text.trim()),
            _ => None,
        };
        let number = text.and_then(|text| text.parse::<serde_json::Number>().ok());
        match number {
            Some(number) => Self::Number(number).deserialize_any(visitor),
            None => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Truth(truth) => visitor.visit_bool(truth),
            Self::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Self::Text(text) => visitor.visit_string(text),
            Self::Repeated(mut texts) => visitor.visit_string(texts.pop().unwrap_or_default()),
            Self::NotText => Err(Error::custom("a text that is not UTF-8")),
            Self::List(list) => {
                let present = list.into_iter().filter(|element| *element != Self::Null);
                visitor.visit_seq(SeqDeserializer::new(present))
            }
            Self::Map(map) => {
                // A field that is null gets its default, as one that was not sent.
                let given = map.into_iter().filter(|(_, value)| *value != Self::Null);
                visitor.visit_map(MapDeserializer::new(given))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            given => visitor.visit_some(given),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Number(number) => visitor.visit_string(number.to_string()),
            Self::Truth(truth) => visitor.visit_string(truth.to_string()),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.into_elements() {
            Ok(elements) => visitor.visit_seq(SeqDeserializer::new(elements.into_iter())),
            Err(other) => other.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => Self::Map(Map::new()).deserialize_any(visitor),
            Self::Text(text) if text.is_empty() => Self::Map(Map::new()).deserialize_any(visitor),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    // Not walked: bytes that are no text are wrong only in a field that is used.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        bool i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

#[cfg(test)]
mod tests;
