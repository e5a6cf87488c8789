//! Each domain's tables are the same in SQLite and in PostgreSQL: columns with their types, keys,
//! indexes, references. Asked of both engines, by what their own catalogues say.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use infra_db::{Database, Migrator};
use testing_engines::Postgres;

/// Every domain, with its migrations for either engine.
const DOMAINS: &[(&str, &Migrator, &Migrator)] = &[
    (
        "accounts",
        &business_accounts::MIGRATIONS,
        &business_accounts::POSTGRES_MIGRATIONS,
    ),
    (
        "engagement",
        &business_engagement::MIGRATIONS,
        &business_engagement::POSTGRES_MIGRATIONS,
    ),
    (
        "feed",
        &product_feed::MIGRATIONS,
        &product_feed::POSTGRES_MIGRATIONS,
    ),
    (
        "graph",
        &business_graph::MIGRATIONS,
        &business_graph::POSTGRES_MIGRATIONS,
    ),
    (
        "media",
        &business_media::MIGRATIONS,
        &business_media::POSTGRES_MIGRATIONS,
    ),
    (
        "moderation",
        &business_moderation::MIGRATIONS,
        &business_moderation::POSTGRES_MIGRATIONS,
    ),
    (
        "posts",
        &business_posts::MIGRATIONS,
        &business_posts::POSTGRES_MIGRATIONS,
    ),
    (
        "notifications",
        &product_notifications::MIGRATIONS,
        &product_notifications::POSTGRES_MIGRATIONS,
    ),
];

/// Table, column, type, whether it may be NULL, default. SQLite keeps 64 bits whatever an integer's
/// type is called; PostgreSQL keeps them in a bigint alone.
const SQLITE_COLUMNS: &str = "SELECT concat_ws(char(9), tables.name, columns.name, \
    CASE lower(columns.type) WHEN 'integer' THEN 'bigint' WHEN 'blob' THEN 'bytea' ELSE lower(columns.type) END, \
    CASE WHEN columns.\"notnull\" OR columns.pk > 0 THEN 'never null' ELSE 'may be null' END, \
    CASE WHEN tables.sql LIKE '% ' || columns.name || ' INTEGER PRIMARY KEY AUTOINCREMENT%' THEN 'numbered' \
    ELSE COALESCE(columns.dflt_value, '') END) \
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns \
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND tables.name <> '_sqlx_migrations'";
const POSTGRES_COLUMNS: &str = "SELECT relname, attname, format_type(atttypid, atttypmod), \
    CASE WHEN attnotnull THEN 'never null' ELSE 'may be null' END, \
    CASE WHEN attidentity <> '' THEN 'numbered' ELSE COALESCE(pg_get_expr(adbin, adrelid), '') END \
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid \
    LEFT JOIN pg_attrdef ON adrelid = pg_class.oid AND adnum = attnum \
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND attnum > 0 AND NOT attisdropped";

/// Table, kind, name (none for a constraint's), columns, condition.
const SQLITE_INDEXES: &str = "SELECT concat_ws(char(9), tables.name, \
    CASE indexes.origin WHEN 'pk' THEN 'key' ELSE CASE WHEN indexes.\"unique\" THEN 'unique' ELSE 'plain' END END, \
    CASE indexes.origin WHEN 'c' THEN indexes.name ELSE '' END, \
    (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(indexes.name) ORDER BY seqno)), \
    CASE WHEN indexes.partial THEN (SELECT substr(sql, instr(sql, 'WHERE') + 5) FROM sqlite_master WHERE name = indexes.name) \
    ELSE '' END) \
    FROM sqlite_master AS tables JOIN pragma_index_list(tables.name) AS indexes \
    WHERE tables.type = 'table' AND tables.name <> '_sqlx_migrations' \
    UNION ALL SELECT concat_ws(char(9), tables.name, 'key', '', columns.name, '') \
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns \
    WHERE tables.type = 'table' AND columns.pk = 1 AND columns.type = 'INTEGER' AND tables.name <> 'sqlite_sequence' \
    AND NOT EXISTS (SELECT 1 FROM pragma_index_list(tables.name) WHERE origin = 'pk')";
const POSTGRES_INDEXES: &str = "SELECT tables.relname, \
    CASE WHEN indisprimary THEN 'key' WHEN indisunique THEN 'unique' ELSE 'plain' END, \
    CASE WHEN EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')) THEN '' \
    ELSE indexes.relname END, \
    (SELECT string_agg(attname, ',' ORDER BY place) FROM unnest(indkey) WITH ORDINALITY AS columns (number, place) \
    JOIN pg_attribute ON attrelid = indrelid AND attnum = number), \
    COALESCE(pg_get_expr(indpred, indrelid), '') \
    FROM pg_index JOIN pg_class AS tables ON tables.oid = indrelid JOIN pg_class AS indexes ON indexes.oid = indexrelid \
    WHERE tables.relnamespace = current_schema()::regnamespace";

/// Table, column, the table it refers to, and the column there.
const SQLITE_REFERENCES: &str = "SELECT concat_ws(char(9), tables.name, refers.\"from\", refers.\"table\", refers.\"to\") \
    FROM sqlite_master AS tables JOIN pragma_foreign_key_list(tables.name) AS refers WHERE tables.type = 'table'";
const POSTGRES_REFERENCES: &str = "SELECT conrelid::regclass, here.attname, confrelid::regclass, there.attname \
    FROM pg_constraint JOIN pg_attribute AS here ON here.attrelid = conrelid AND here.attnum = ANY (conkey) \
    JOIN pg_attribute AS there ON there.attrelid = confrelid AND there.attnum = ANY (confkey) \
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace";

/// Table, and how many checks of its rows it has.
const SQLITE_CHECKS: &str = "SELECT concat_ws(char(9), name, (length(sql) - length(replace(sql, 'CHECK (', ''))) / 7) \
    FROM sqlite_master WHERE type = 'table' AND sql LIKE '%CHECK (%'";
const POSTGRES_CHECKS: &str = "SELECT conrelid::regclass, COUNT(*) FROM pg_constraint \
    WHERE contype = 'c' AND connamespace = current_schema()::regnamespace GROUP BY conrelid";

/// How a row of a catalogue reads.
type Line = fn(&[&str]) -> String;

/// What SQLite is asked, what PostgreSQL is, and how a row of either reads. Rows have tabs between
/// their columns.
const CATALOGUES: [(&str, &str, Line); 4] = [
    (SQLITE_COLUMNS, POSTGRES_COLUMNS, column_line),
    (SQLITE_INDEXES, POSTGRES_INDEXES, index_line),
    (SQLITE_REFERENCES, POSTGRES_REFERENCES, reference_line),
    (SQLITE_CHECKS, POSTGRES_CHECKS, check_line),
];

#[tokio::test]
async fn every_domain_has_the_same_tables_in_both_engines() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let url = server.create_database("schemas");
    for &(domain, sqlite, postgres) in DOMAINS {
        let texts: Vec<&str> = postgres.iter().map(|step| step.sql.as_str()).collect();
        psql(
            &url,
            &format!(
                "CREATE SCHEMA {domain}; SET search_path = {domain}; {}",
                texts.join("\n")
            ),
        );
        let here = schema_of_sqlite(sqlite).await;
        let there = schema_of_postgres(&url, domain);
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).cloned().collect::<Vec<_>>()
        };
        let (only_here, only_there) = (only(&here, &there), only(&there, &here));
        assert!(here.len() > 5, "{domain}: {here:?}");
        assert!(
            only_here.is_empty() && only_there.is_empty(),
            "{domain}: only in SQLite {only_here:#?}, only in PostgreSQL {only_there:#?}"
        );
    }
}

async fn schema_of_sqlite(migrations: &Migrator) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.db");
    let database = Database::open(&path, migrations).await.unwrap();
    let mut lines = BTreeSet::new();
    for (statement, _, line) in CATALOGUES {
        let rows = infra_db::query_scalar(statement).fetch_all(database.reader());
        let rows: Vec<String> = rows.await.unwrap();
        lines.extend(rows.iter().map(|row| line(&columns_of(row))));
    }
    lines
}

fn schema_of_postgres(url: &str, domain: &str) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (_, statement, line) in CATALOGUES {
        let rows = psql(url, &format!("SET search_path = {domain}; {statement};"));
        lines.extend(rows.lines().map(|row| line(&columns_of(row))));
    }
    lines
}

fn columns_of(row: &str) -> Vec<&str> {
    row.split('\t').collect()
}

fn column_line(row: &[&str]) -> String {
    let [table, column, kind, null, default] = row else {
        panic!("{row:?}");
    };
    format!("column {table}.{column} {kind} {null} {}", plain(default))
}

fn index_line(row: &[&str]) -> String {
    let [table, kind, name, columns, condition] = row else {
        panic!("{row:?}");
    };
    format!(
        "index {table} ({columns}) {kind} {name} {}",
        plain(condition)
    )
}

fn reference_line(row: &[&str]) -> String {
    format!("reference {}", row.join(" "))
}

fn check_line(row: &[&str]) -> String {
    format!("checks {}", row.join(" "))
}

/// An expression without what the engines write differently: casts, brackets, spaces, case.
fn plain(expression: &str) -> String {
    let text = expression.to_lowercase().replace("::text", "");
    let text = text.replace("::bigint", "");
    text.chars().filter(|c| !"() \n".contains(*c)).collect()
}

/// Runs statements and returns their rows, a line each, with tabs between the columns.
pub(crate) fn psql(url: &str, statements: &str) -> String {
    let programs = PathBuf::from(std::env::var_os("HELIOGRAPH_TEST_POSTGRES").unwrap());
    let mut child = Command::new(programs.join("psql"))
        .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
        .args(["--field-separator=\t", "--set=ON_ERROR_STOP=1", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("HELIOGRAPH_TEST_POSTGRES names a folder with psql, of the package postgresql-client-15");
    let mut input = child.stdin.take().unwrap();
    input.write_all(statements.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}: {statements}");
    String::from_utf8(output.stdout).unwrap()
}
