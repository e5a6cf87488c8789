//! Rows for a server's planner, which chooses by how many there are and how they repeat.

use std::fmt::Write as _;
use std::path::Path;

use super::Tables;

/// So many in each table that grows: a whole one is much more than an index finds.
const ROWS: u32 = 20_000;
/// So many different values does a column have that others repeat: an account's posts, a post's
/// likes.
const REPEATED: u32 = 40;

/// A column, as the server's own tables describe it.
struct Column<'a> {
    table: &'a str,
    name: &'a str,
    data_type: &'a str,
    /// Whether no two rows may have the same.
    is_unique: bool,
    /// Whether no two rows may have the same together with others.
    ends_key: bool,
    may_be_absent: bool,
}

/// Fills the tables of a schema that grow, has the server look at them, and sees to it that their
/// indexes may be read alone.
pub(super) fn fill(folder: &Path, schema: &str, tables: Tables) {
    let asked = format!(
        "SELECT relname, attname, format_type(atttypid, NULL), NOT attnotnull, \
             EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisunique \
                 AND indnkeyatts = 1 AND indkey[0] = attnum), \
             EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisunique \
                 AND indkey[indnkeyatts - 1] = attnum) \
         FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid \
         WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' AND attnum > 0 \
             AND NOT attisdropped AND left(relname, 1) <> '_' ORDER BY pg_class.oid, attnum"
    );
    let listed = crate::run_on_server(folder, &asked);
    let columns: Vec<_> = listed.lines().map(column).collect();
    let of_table = columns.chunk_by(|one, next| one.table == next.table);
    let mut texts = format!("SET search_path = {schema}; ");
    for columns in of_table.filter(|columns| !tables.small.contains(&columns[0].table)) {
        let names: Vec<_> = columns.iter().map(|column| column.name).collect();
        let values: Vec<_> = columns.iter().map(|column| value(column, tables)).collect();
        write!(
            texts,
            "INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {ROWS}) AS i; ",
            columns[0].table,
            names.join(", "),
            values.join(", ")
        )
        .expect("a text takes any text");
    }
    crate::run_on_server(folder, &texts);
    crate::run_on_server(folder, "VACUUM ANALYZE");
}

fn column(line: &str) -> Column<'_> {
    let mut parts = line.split('|');
    let mut part = || parts.next().expect("six columns were asked for");
    Column {
        table: part(),
        name: part(),
        data_type: part(),
        may_be_absent: part() == "t",
        is_unique: part() == "t",
        ends_key: part() == "t",
    }
}

/// The value of row `i`. Rows repeat the values of every column but those that may not: the last
/// one of a key of several goes on when the others have had all of theirs. Numbers are spread over
/// those of the rows, which so may refer to each other.
fn value(column: &Column<'_>, tables: Tables) -> String {
    let name = format!("{}.{}", column.table, column.name);
    if let Some((_, value)) = tables.values.iter().find(|(given, _)| *given == name) {
        return (*value).to_owned();
    }
    let number = if column.is_unique {
        "i".to_owned()
    } else if column.ends_key {
        format!("1 + i / {REPEATED} * ({REPEATED} - 1)")
    } else {
        format!("1 + i % {REPEATED} * {}", ROWS / REPEATED)
    };
    let value = match column.data_type {
        "bigint" => format!("({number})"),
        "text" => format!("'v' || ({number})"),
        "bytea" => format!("decode(md5(({number})::text), 'hex')"),
        "boolean" => format!("i % {REPEATED} = 0"),
        "double precision" => "i::double precision".to_owned(),
        other => panic!("{name}: no value for the type {other}"),
    };
    if column.may_be_absent && !column.is_unique {
        return format!("CASE WHEN i % 2 = 0 THEN {value} END");
    }
    value
}
