//! Lists of values in one value, as `json_each` takes them.

/// Ids as the JSON array that `IN (SELECT value FROM json_each($1))` takes.
pub fn json_ids(ids: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::from("[");
    for id in ids {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&id.to_string());
    }
    text.push(']');
    text
}
