//! Values for the places of a statement, by what stands before each: a server that knows them plans
//! as it does for a request.

/// As many as a page has.
const LIMIT: &str = "20";
/// An id that most others are below, of which there are as many as rows.
const ID_BELOW: &str = "15000";
/// A moment or a number that few others are below: what is swept is the oldest.
const BELOW: &str = "2";
/// What most others are above.
const ABOVE: &str = "10";
/// A list of ids, or of texts.
const LIST: &str = "[1,2,3]";
/// Anything else: it is a number, a text, bytes, or true.
const ONE: &str = "1";

/// The values of a statement's places, as PostgreSQL's literals of no type.
pub(super) fn of(statement: &str) -> Vec<String> {
    let mut values: Vec<&str> = Vec::new();
    let parts: Vec<&str> = statement.split('$').collect();
    for two in parts.windows(2) {
        let digits = two[1].bytes().take_while(u8::is_ascii_digit).count();
        let Ok(place) = two[1][..digits].parse::<usize>() else {
            continue;
        };
        if values.len() < place {
            values.resize(place, ONE);
        }
        if let Some(value) = behind(two[0].trim_end()) {
            values[place - 1] = value;
        }
    }
    values.iter().map(|value| format!("'{value}'")).collect()
}

fn behind(text: &str) -> Option<&'static str> {
    if text.ends_with("json_each(") {
        return Some(LIST);
    }
    let words: Vec<&str> = text
        .trim_end_matches("CAST(")
        .split_whitespace()
        .rev()
        .take(2)
        .collect();
    match words[..] {
        ["LIMIT" | "OFFSET", ..] => Some(LIMIT),
        ["<" | "<=", column] if column.ends_with("id") || column.ends_with("position") => {
            Some(ID_BELOW)
        }
        ["<" | "<=", _] => Some(BELOW),
        [">" | ">=", _] => Some(ABOVE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn values_are_those_of_a_request() {
        let page = "SELECT id FROM pages WHERE id < $1 AND id > $2 AND author_id = $4 \
             ORDER BY id LIMIT CAST($3 AS BIGINT)";
        assert_eq!(of(page), ["'15000'", "'10'", "'20'", "'1'"]);
        let sweep =
            "DELETE FROM keys WHERE created_at <= $1 AND id IN (SELECT value FROM json_each($2))";
        assert_eq!(of(sweep), ["'2'", "'[1,2,3]'"]);
        assert!(of("SELECT 1").is_empty());
    }
}
