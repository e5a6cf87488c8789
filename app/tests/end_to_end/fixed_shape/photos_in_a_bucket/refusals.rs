//! A folder knows where its photos are: over another place, or an emptied one, nothing starts.

use super::*;
use crate::harness::Reply;

/// A server with these settings and a photo, stopped.
async fn with_a_photo(settings: &Settings) -> Server {
    let mut server = serve(settings).await;
    let ada = server.person("ada").await;
    ada.photo(Upload::jpeg(photo(1))).await;
    stop(&mut server).await;
    server
}

/// What a start says that is refused.
async fn refused(server: &mut Server, settings: &Settings) -> String {
    server.set(URL, "");
    for (name, value) in settings {
        server.set(name, value);
    }
    let ended = server.start_and_end().await;
    assert!(!ended.success(), "it started: {}", server.said());
    server.said()
}

#[tokio::test]
async fn a_folder_does_not_start_over_another_place_than_that_of_its_photos() {
    let Some(s3) = shared() else { return };
    let (one, two) = (bucket(s3, "places/one"), bucket(s3, "places/two"));
    let mut in_folder = with_a_photo(&Settings::new()).await;
    let words = refused(&mut in_folder, &one).await;
    assert!(words.contains("heliograph move photos --to s3"), "{words}");
    assert_eq!(s3.objects("places/one").names(), Vec::<String>::new());

    let mut server = with_a_photo(&one).await;
    let words = refused(&mut server, &Settings::new()).await;
    assert!(
        words.contains("heliograph move photos --to folder"),
        "{words}"
    );
    let words = refused(&mut server, &two).await;
    assert!(words.contains("heliograph.id is not there"), "{words}");
    let mut other = with_a_photo(&two).await;
    let words = refused(&mut server, &two).await;
    assert!(words.contains("is not the place of the photos"), "{words}");
    // Not even who says that his photos are lost gets those of others.
    let command = ["migrate", "--accept-lost", "photos"];
    let words = fail(server.folder(), &command, &two);
    assert!(words.contains("is not the place of the photos"), "{words}");
    let words = refused(&mut other, &one).await;
    assert!(words.contains("is not the place of the photos"), "{words}");

    // Nor who begins with an empty folder, unless he says that it is the same installation.
    let fresh = tempfile::TempDir::new().unwrap();
    let words = fail(fresh.path(), &["migrate"], &one);
    assert!(words.contains("two would delete each other's"), "{words}");
    let (_, line) = words.split_once("photos s3 ").unwrap();
    let line = format!("photos s3 {}\n", &line[..32]);
    let list = fresh.path().join("databases.list");
    std::fs::write(
        &list,
        format!("{}{line}", std::fs::read_to_string(&list).unwrap()),
    )
    .unwrap();
    succeed(fresh.path(), &["migrate"], &one);
}

#[tokio::test]
async fn an_emptied_bucket_is_a_loss_that_the_operator_has_to_accept() {
    let Some(s3) = shared() else { return };
    let settings = bucket(s3, "emptied/one");
    let mut server = with_a_photo(&settings).await;
    let objects = s3.objects("emptied/one");
    for name in objects.names() {
        objects.remove(&name);
    }
    let words = refused(&mut server, &settings).await;
    assert!(words.contains("--accept-lost photos"), "{words}");
    let check = fail(server.folder(), &["media", "check", "--repair"], &settings);
    assert!(check.contains("heliograph.id is not there"), "{check}");
    let accepted = ["migrate", "--accept-lost", "photos"];
    succeed(server.folder(), &accepted, &settings);
    server.start_again().await;
    let bob = server.person("bob").await;
    bob.photo(Upload::jpeg(photo(2))).await;
    assert!(objects.names().len() > 1);
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused_or_warned_of() {
    let Some(s3) = shared() else { return };
    let settings = bucket(s3, "settings/one");
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    for (name, value, expected) in [
        (ENDPOINT, "http://photos.example", "s3.plain_http"),
        (ENDPOINT, "", "`s3.region`"),
        (URL, "s3://ada:tulip@photos", "the table [s3]"),
        (URL, "https://ada:tulip@photos", "begin with s3://"),
        (SECRET, "", "`s3.secret_access_key`"),
        ("HELIOGRAPH_S3__STYLE", "both", "s3.style"),
        ("HELIOGRAPH_BUS_URL", "kafka://ada:tulip@one", "nats://host"),
        (
            "HELIOGRAPH_DATABASE_URL",
            "mysql://ada:tulip@one/a",
            "postgres://",
        ),
    ] {
        let words = fail(folder, &["config", "check"], &with(&settings, name, value));
        assert!(words.contains(expected), "{name}: {words}");
        assert!(!words.contains("tulip"), "{words}");
    }
    let unused = with(&settings, URL, "");
    let words = succeed(folder, &["config", "check"], &unused);
    assert!(
        words.contains("media_url is not, so it changes nothing"),
        "{words}"
    );
    let shown = succeed(folder, &["config", "show"], &settings);
    assert!(
        shown.contains("s3.access_key_id") && shown.contains("= \"heli…\""),
        "{shown}"
    );

    // Without keys of its own it takes those of Amazon's programs.
    let keys = ["HELIOGRAPH_S3__ACCESS_KEY_ID", SECRET];
    let mut amazon = settings.clone();
    amazon.retain(|(name, _)| !keys.contains(name));
    amazon.push(("AWS_ACCESS_KEY_ID", s3.access_key_id().to_owned()));
    amazon.push(("AWS_SECRET_ACCESS_KEY", s3.secret_access_key().to_owned()));
    let words = succeed(folder, &["config", "check"], &amazon);
    assert!(words.contains("can be written to"), "{words}");
    let shown = succeed(folder, &["config", "show"], &amazon);
    assert!(shown.contains("# AWS_SECRET_ACCESS_KEY"), "{shown}");
    assert!(!shown.contains(s3.secret_access_key()), "{shown}");
    amazon.push(("AWS_SESSION_TOKEN", "tulip".to_owned()));
    let words = fail(folder, &["config", "check"], &amazon);
    assert!(
        words.contains("AWS_SESSION_TOKEN") && !words.contains("tulip"),
        "{words}"
    );
}

// The start of a server takes a thread, and connections end meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_cannot_be_used_ends_a_start_with_what_to_do() {
    let Some(mut s3) = S3::start() else { return };
    let settings = bucket(&s3, "one");
    let mut server = with_a_photo(&settings).await;
    let words = refused(&mut server, &with(&settings, SECRET, "tulip")).await;
    assert!(words.contains("look at s3.secret_access_key"), "{words}");
    assert!(!words.contains("tulip"), "{words}");
    s3.kill();
    let words = refused(&mut server, &settings).await;
    assert!(words.contains("`media_url` leads to no photos"), "{words}");
    s3.restart();
    server.start_again().await;
    // While it is away, what needs no photo goes on, and uploads are asked to come again.
    let ada = server.person("eve").await;
    s3.kill();
    ada.say("still here").await;
    let away: Reply = ada.upload(Upload::jpeg(photo(3))).await;
    assert_eq!(away.status, 503, "{}", away.describe());
    s3.restart();
    ada.photo(Upload::jpeg(photo(3))).await;
}
