//! What the steps of a plan say.

use super::May;
use super::indexes::Indexes;

/// What a plan does that its statement may not, in the order of its steps.
pub(super) fn faults(judged: Vec<Step>, may: May, small: &[&str]) -> Vec<String> {
    let fault = |step| match step {
        Step::Scan { table, .. } if small.contains(&table.as_str()) => None,
        Step::Scan { table, by_index } if may.scans(&table, by_index) => None,
        Step::Scan {
            table,
            by_index: true,
        } => Some(format!("reads {table} from its beginning")),
        Step::Scan { table, .. } => Some(format!("reads all of {table}")),
        Step::Sort if may.sorts() => None,
        Step::Sort => Some("puts rows in order".to_owned()),
    };
    judged.into_iter().filter_map(fault).collect()
}

/// A step that costs more with more rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Reads a table from one end, or an index of it.
    Scan { table: String, by_index: bool },
    /// Puts rows in order.
    Sort,
}

/// SQLite's steps. What it calls a scan may be of a list of values, of a subquery with steps of its
/// own, or of what a recursion has found: of rows that are there for the statement alone.
pub(super) fn of_sqlite(steps: &[String], statement: &str) -> Vec<Step> {
    let is_table = |name: &str| {
        let is_subquery = steps.iter().any(|step| {
            let made = step.strip_prefix("CO-ROUTINE ");
            made.or_else(|| step.strip_prefix("MATERIALIZE ")) == Some(name)
        });
        let is_recursion = statement.contains(&format!("WITH RECURSIVE {name} ("));
        !is_subquery && !is_recursion
    };
    let judged = steps.iter().filter_map(|step| {
        if step.starts_with("USE TEMP B-TREE FOR") && step.ends_with("ORDER BY") {
            return Some(Step::Sort);
        }
        // An index that it makes for the statement alone: of all rows. And a search by none is for
        // the least or the most of a column, from one end.
        let is_made = step.contains(" USING AUTOMATIC ");
        let is_from_end = !step.contains(" USING ");
        let searched = step
            .strip_prefix("SEARCH ")
            .filter(|_| is_made || is_from_end);
        let mut words = step.strip_prefix("SCAN ").or(searched)?.split(' ');
        let name = words.next()?;
        let is_searched = searched.is_some();
        let is_listed = step.contains("VIRTUAL TABLE") || step == "SCAN CONSTANT ROW";
        (!is_listed && is_table(name)).then(|| Step::Scan {
            table: aliased(name, statement),
            // The table itself lies in the order of its key, from which a limit takes the first.
            by_index: !is_made
                && (step.contains(" USING ") || is_searched || statement.contains("LIMIT ")),
        })
    });
    judged.collect()
}

/// The table that a statement calls by this name.
fn aliased(name: &str, statement: &str) -> String {
    let words: Vec<_> = statement
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("AS"))
        .collect();
    let named = words
        .windows(3)
        .find(|words| matches!(words[0], "FROM" | "JOIN") && words[2] == name);
    named.map_or(name, |words| words[1]).to_owned()
}

/// PostgreSQL's steps: a line for each, and below it lines that say more.
pub(super) fn of_postgres(lines: &[String], indexes: &Indexes) -> Vec<Step> {
    let mut judged = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let Some(step) = step_of_postgres(line, place) else {
            continue;
        };
        let below = lines[place + 1..].iter().enumerate();
        let details: Vec<&str> = below
            .take_while(|(further, line)| step_of_postgres(line, place + 1 + further).is_none())
            .map(|(_, line)| line.trim())
            .collect();
        let named = word_behind(step, " on ");
        // A bitmap is made of an index, and what reads the table by it stands above.
        let table = indexes.table(&named).unwrap_or(&named).to_owned();
        if step.starts_with("Seq Scan") {
            judged.push(Step::Scan {
                table,
                by_index: false,
            });
        } else if is_indexed(step) && reads_past(step, &details, indexes) {
            judged.push(Step::Scan {
                table,
                by_index: true,
            });
        } else if step.starts_with("Sort") || step.starts_with("Incremental Sort") {
            judged.push(Step::Sort);
        }
    }
    judged
}

fn is_indexed(step: &str) -> bool {
    step.contains("Scan") && (step.contains("Index") || step.starts_with("Bitmap Heap"))
}

/// Whether a step that goes along an index reads rows only to leave them out: it begins nowhere, or
/// at a bound alone, and filters what follows.
fn reads_past(step: &str, details: &[&str], indexes: &Indexes) -> bool {
    let index = match step.strip_prefix("Bitmap Index Scan on ") {
        Some(behind) => behind.split(' ').next().unwrap_or_default().to_owned(),
        None => word_behind(step, " using "),
    };
    let told = |names: &[&str]| {
        let mut details = details.iter();
        details.find_map(|detail| names.iter().find_map(|name| detail.strip_prefix(name)))
    };
    match told(&["Index Cond:", "Recheck Cond:"]) {
        None => true,
        Some(condition) if !indexes.begins(&index, condition) => true,
        Some(condition) => !condition.contains(" = ") && told(&["Filter:"]).is_some(),
    }
}

/// What a line says of a step, if it begins one: the first of all, and those behind an arrow.
fn step_of_postgres(line: &str, place: usize) -> Option<&str> {
    let arrow = line.trim_start().strip_prefix("->");
    arrow.map(str::trim).or((place == 0).then_some(line))
}

fn word_behind(text: &str, marker: &str) -> String {
    let behind = text.split_once(marker).map_or("", |(_, behind)| behind);
    behind.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn scan(table: &str, by_index: bool) -> Step {
        Step::Scan {
            table: table.to_owned(),
            by_index,
        }
    }

    #[test]
    fn of_a_servers_plan_the_scans_and_sorts_are_found() {
        let plan = "Limit\n  ->  Sort\n        Sort Key: posts.id\n        ->  Nested Loop\n              \
             ->  Seq Scan on posts item\n                    Filter: (author_id = $1)\n              \
             ->  Index Only Scan using media_by_owner on media\n                    \
             Index Cond: (owner_id = posts.author_id)\n              \
             ->  Index Scan Backward using likes_pkey on likes\n              \
             ->  Index Scan using follows_pkey on follows\n                    \
             Index Cond: (id > '10'::bigint)\n                    Filter: (follower_id = 1)";
        let found = of_postgres(&lines(plan), &Indexes::default());
        let indexed = [scan("likes", true), scan("follows", true)];
        let expected = [&[Step::Sort, scan("posts", false)], &indexed[..]].concat();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_server_finds_by_an_index_is_no_fault() {
        let plan = "Delete on likes\n  ->  Nested Loop\n        ->  HashAggregate\n              \
             Group Key: \"ANY_subquery\".id\n              ->  Subquery Scan on \"ANY_subquery\"\n                    \
             ->  Limit\n                          ->  Bitmap Heap Scan on likes likes_1\n                                \
             Recheck Cond: (post_id = $1)\n                                \
             ->  Bitmap Index Scan on likes_of_post\n                                      \
             Index Cond: (post_id = $1)";
        let indexes = Indexes::of([["likes_of_post", "likes", "post_id"]].into_iter());
        assert_eq!(of_postgres(&lines(plan), &indexes), []);
        // The condition is on its second column alone.
        let indexes = Indexes::of([["likes_of_post", "likes", "account_id"]].into_iter());
        assert_eq!(of_postgres(&lines(plan), &indexes), [scan("likes", true)]);
    }

    #[test]
    fn of_sqlites_plan_the_scans_of_tables_and_sorts_are_found() {
        let plan = "SCAN wanted VIRTUAL TABLE INDEX 1:\nCO-ROUTINE few\nSCAN few\nSCAN walk\n\
             SCAN b USING INDEX books_by_age\nSEARCH likes USING INDEX likes_pair (account_id=?)\n\
             SEARCH posts USING AUTOMATIC COVERING INDEX (author_id=?)\nSCAN outbox\n\
             USE TEMP B-TREE FOR DISTINCT\nUSE TEMP B-TREE FOR LAST TERM OF ORDER BY";
        let statement = "WITH RECURSIVE walk (id) AS (SELECT 1) SELECT b.id FROM books AS b";
        let found = of_sqlite(&lines(plan), statement);
        let made = [scan("posts", false), scan("outbox", false)];
        assert_eq!(
            found,
            [&[scan("books", true)], &made[..], &[Step::Sort]].concat()
        );
    }
}
