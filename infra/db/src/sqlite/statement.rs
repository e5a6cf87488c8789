//! One statement on one connection.

use rusqlite::{CachedStatement, Connection};

use super::Collect;
use crate::row::RawRow;
use crate::{DbError, SqlText, Value};

/// Runs a statement to its end, or until enough rows are collected, and returns how many rows it
/// wrote.
///
/// # Errors
/// When the statement fails, or its values or rows are not what it takes or returns.
pub(crate) fn run<C: Collect>(
    connection: &Connection,
    text: &SqlText,
    values: &[Value<'_>],
    collect: &mut C,
) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(text.as_str())?;
    bind(&mut statement, text, values)?;
    let only_reads = statement.readonly();
    let mut is_enough = false;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if !is_enough && collect.take(RawRow::Sqlite(row))?.is_break() {
            is_enough = true;
            // What writes is done only at its end.
            if only_reads {
                break;
            }
        }
    }
    drop(rows);
    // SQLite goes on to say how many rows the statement before wrote.
    Ok(if only_reads { 0 } else { connection.changes() })
}

/// Runs a statement that takes nothing and returns nothing.
///
/// # Errors
/// When it fails.
pub(crate) fn run_text(connection: &Connection, text: &'static str) -> Result<(), DbError> {
    run(connection, &text.into(), &[], &mut super::Nothing).map(drop)
}

/// SQLite numbers the places of a text in the order in which their names, `$1` and so on, appear
/// in it.
fn bind(
    statement: &mut CachedStatement<'_>,
    text: &SqlText,
    values: &[Value<'_>],
) -> Result<(), DbError> {
    let places = statement.parameter_count();
    // More values than places are all right, so only a difference is worth counting the places.
    if places != values.len() {
        text.check_places(values.len())?;
    }
    // Nearly every text: no name has to be asked for.
    if is_in_order(text) {
        for (index, value) in values.iter().take(places).enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        return Ok(());
    }
    for index in 1..=places {
        let name = statement.parameter_name(index);
        let place: Option<usize> = name.and_then(|name| name.strip_prefix('$')?.parse().ok());
        let value = place.and_then(|place| values.get(place.checked_sub(1)?));
        if let Some(value) = value {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(())
}

/// Whether each place appears first after all those of lower numbers.
fn is_in_order(text: &SqlText) -> bool {
    let mut highest = 0;
    text.places().all(|place| {
        let is_next = place == highest + 1;
        highest += usize::from(is_next);
        is_next || place <= highest
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::First;

    fn first(connection: &Connection, text: &'static str, values: &[Value<'_>]) -> (i64, i64) {
        let mut first = First::<(i64, i64)>(None);
        run(connection, &text.into(), values, &mut first).unwrap();
        first.0.unwrap()
    }

    #[test]
    fn values_go_to_their_places_wherever_these_are() {
        let connection = Connection::open_in_memory().unwrap();
        let values = [Value::from(1_i64), Value::from(2_i64)];
        for (text, expected) in [
            ("SELECT $1, $2", (1, 2)),
            ("SELECT $2, $1", (2, 1)),
            ("SELECT $1 + $1, $2", (2, 2)),
            ("SELECT 7, $1", (7, 1)),
            ("SELECT $2, json_extract('[7]', '$[0]') + $1", (2, 8)),
        ] {
            assert_eq!(first(&connection, text, &values), expected, "{text}");
        }
        let few = run(
            &connection,
            &"SELECT $1, $2".into(),
            &values[1..],
            &mut First::<(i64, i64)>(None),
        );
        let error = few.unwrap_err().to_string();
        assert!(error.contains("1 values for the 2 places"), "{error}");
    }

    #[test]
    fn a_statement_that_writes_is_done_though_one_row_of_it_is_enough() {
        let connection = Connection::open_in_memory().unwrap();
        run_text(&connection, "CREATE TABLE things (id INTEGER)").unwrap();
        let text = "INSERT INTO things VALUES (1), (2), (3) RETURNING id, id";
        assert_eq!(first(&connection, text, &[]), (1, 1));
        let counted = first(&connection, "SELECT count(*), max(id) FROM things", &[]);
        assert_eq!(counted, (3, 3));
        let mut nothing = crate::sqlite::Nothing;
        let update = "UPDATE things SET id = id + 1 WHERE id > 1".into();
        assert_eq!(run(&connection, &update, &[], &mut nothing).unwrap(), 2);
        let read = "SELECT id FROM things".into();
        assert_eq!(run(&connection, &read, &[], &mut nothing).unwrap(), 0);
    }
}
