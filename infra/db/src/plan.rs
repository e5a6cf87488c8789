//! How an engine would look rows up, for tests that hold statements to an index.

use sqlx::Row as _;

use crate::postgres::bounded;
use crate::{DbError, Reader, SqlText};

/// The steps by which SQLite would run a statement, whatever its values, without running it.
///
/// # Errors
/// When the database does not understand the statement.
pub async fn query_plan(reader: &Reader, statement: &str) -> Result<Vec<String>, DbError> {
    let text = SqlText::assembled(&format!("EXPLAIN QUERY PLAN {statement}"));
    // It is not run, so its values are nobody's.
    let places = text.places().max().unwrap_or(0);
    let asked = (0..places).fold(crate::query(text), |asked, _| asked.bind(None::<i64>));
    let steps: Vec<(i64, i64, i64, String)> = asked.fetch_all(reader).await?;
    Ok(steps.into_iter().map(|(.., detail)| detail).collect())
}

/// The lines of the plan by which a PostgreSQL server would run a statement with these values,
/// which are literals as it writes them, without running it. It chooses by what `ANALYZE` has seen
/// in the tables, and here as for a disk that is as fast anywhere as it is in order.
///
/// # Errors
/// When the database does not understand the statement.
pub async fn query_plan_for(
    reader: &Reader,
    statement: &str,
    values: &[String],
) -> Result<Vec<String>, DbError> {
    let mut connection = reader.acquire().await?;
    let session = connection.opened_session().await?;
    let values = match values.join(", ") {
        none if none.is_empty() => none,
        values => format!("({values})"),
    };
    // One transaction, which leaves the session as it was.
    let asked = format!(
        "BEGIN; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL random_page_cost = 1.1; \
         PREPARE asked AS {statement}; EXPLAIN (COSTS OFF) EXECUTE asked{values}; \
         DEALLOCATE asked; COMMIT"
    );
    let text = SqlText::assembled(&asked).into_sqlx();
    let rows = bounded(sqlx::raw_sql(text).fetch_all(session.begin()?)).await;
    let rows = match session.end(rows) {
        Ok(rows) => rows,
        Err(error) => {
            session.run("ROLLBACK").await?;
            session.forgive();
            // What failed behind it has left it there.
            session.run("DEALLOCATE asked").await.ok();
            return Err(error);
        }
    };
    let lines = rows.iter().map(|row| row.try_get(0));
    Ok(lines.collect::<Result<_, _>>()?)
}
