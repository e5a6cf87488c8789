//! What a move refuses, each with a sentence, and nothing has changed then.

use super::kills::change;
use super::*;
use crate::fixed_shape::engine_schemas::psql;

fn refused(place: &Place, to: &str, url: &str) -> String {
    let refused = place.run(&["move", "databases", "--to", to], url);
    assert!(!refused.status.success(), "{}", said(&refused));
    assert!(!said(&refused).contains("tulip"), "{}", said(&refused));
    said(&refused)
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_before_anything_is() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("photos");
    let mut place = Place::begin().await;
    let sentence = refused(&place, &url, "");
    assert!(sentence.contains("another heliograph serves"), "{sentence}");
    place.stop().await;
    for (to, expected) in [
        ("folder", "in the folder already"),
        ("server", "names no server"),
        ("mysql://ada:tulip@one/photos", "begins with postgres://"),
        ("postgres://ada:tulip@127.0.0.1:1/photos", "no connection"),
    ] {
        let sentence = refused(&place, to, "");
        assert!(sentence.contains(expected), "{to}: {sentence}");
    }
    let folder = place.server.folder().to_owned();
    let warned = |text: &str| {
        let table = "posts";
        format!("UPDATE {table} SET spoiler_text = {text} WHERE spoiler_text <> ''")
    };
    change(&folder, "posts.db", &warned("'a' || char(0)"));
    let sentence = refused(&place, &url, "");
    assert!(
        sentence.contains("table posts, row id = ") && sentence.contains("spoiler_text contains"),
        "{sentence}"
    );
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('accounts', 'posts')";
    assert_eq!(psql(&url, schemas).trim(), "0", "nothing was moved");
    change(&folder, "posts.db", &warned("'a'"));
    place.moved(&url, "");
    let sentence = refused(&place, &url, &url);
    assert!(sentence.contains("on a server already"), "{sentence}");
    let sentence = refused(&place, "folder", "");
    assert!(sentence.contains("set `database_url`"), "{sentence}");
    let other = postgres.create_database("other");
    let sentence = refused(&place, "folder", &other);
    assert!(sentence.contains("is not the one of"), "{sentence}");
}

#[tokio::test]
async fn a_server_that_holds_something_or_is_not_safe_is_refused() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let mut place = Place::begin().await;
    place.stop().await;
    let used = postgres.create_database("used");
    psql(&used, "CREATE SCHEMA graph CREATE TABLE theirs (id BIGINT)");
    let sentence = refused(&place, &used, "");
    assert!(
        sentence.contains("schema graph") && sentence.contains("already holds"),
        "{sentence}"
    );
    let forgetful = postgres.create_database("forgetful");
    psql(
        &forgetful,
        "ALTER DATABASE forgetful SET synchronous_commit = off",
    );
    let sentence = refused(&place, &forgetful, "");
    assert!(sentence.contains("may lose"), "{sentence}");
    let arguments = ["--template=template0", "--locale=C.UTF-8"];
    let ordered = postgres.create_database_with("ordered", &arguments);
    let sentence = refused(&place, &ordered, "");
    assert!(sentence.contains("LC_COLLATE 'C'"), "{sentence}");
    let migrated = place.run(&["migrate"], "");
    assert!(migrated.status.success(), "{}", said(&migrated));
}
