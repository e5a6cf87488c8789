//! What else may be in the log that is moved: what somebody publishes meanwhile, what is no event,
//! and what was published again after a loss.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_to_the_old_log_meanwhile_is_noticed() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::half_read(&server, "meanwhile").await;
    pair.to_nats().await;
    let late = pair.event(200);
    let mut is_published = false;
    let mut progress = |progress: Progress| {
        if matches!(progress, Progress::Copied { .. }) && !is_published {
            let publishing = pair.jet_stream.publish(std::slice::from_ref(&late));
            tokio::task::block_in_place(|| Handle::current().block_on(publishing)).unwrap();
            is_published = true;
        }
    };
    let moving = move_log(&pair.jet_stream, &pair.embedded, &[], &mut progress);
    let refused = moving.await.unwrap_err();
    assert!(matches!(refused, MoveError::Changed), "{refused}");
    assert_eq!(
        log_place(&pair.database).await.unwrap(),
        LogPlace::Elsewhere
    );
    assert_eq!(pair.to_folder(&[]).await.unwrap().events, 101);
    let seen = read(&pair.embedded, slow(), 101).await;
    assert_whole(&seen, 100..201);
}

#[tokio::test]
async fn what_is_no_event_is_counted() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "strangers").await;
    pair.publish(&pair.jet_stream, 0..10).await;
    read(&pair.jet_stream, subscription(), 10).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let strangers = async_nats::jetstream::new(client);
    for _ in 0..3 {
        let subject = format!("strangers.events.{TOPIC}");
        let sent = strangers.publish(subject, "no event".into()).await.unwrap();
        sent.await.unwrap();
    }
    pair.publish(&pair.jet_stream, 10..20).await;
    let moved = pair.to_folder(&[]).await.unwrap();
    assert_eq!((moved.events, moved.skipped), (10, 3));
    let seen = read(&pair.embedded, subscription(), 10).await;
    assert_whole(&seen, 10..20);
}

#[tokio::test]
async fn what_was_published_again_after_a_loss_is_moved_once() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "repeated").await;
    let events: Vec<_> = (0..10).map(|number| pair.event(number)).collect();
    let log = pair.jet_stream.lossy().unwrap();
    let anchor = log.publish(&events).await.unwrap().unwrap();
    log.note_loss(&anchor).await.unwrap();
    log.publish(&events).await.unwrap();
    assert_eq!(pair.kept_on(&server).await, 20);
    read(&pair.jet_stream, subscription(), 20).await;
    // One that has read another log gets all of it.
    pair.database
        .write::<(), infra_db::DbError, _>(|connection| {
            Box::pin(async move {
                let known = "INSERT INTO subscriptions (name, position, created_at, log_history) \
                     VALUES ('test.slow', 0, 0, 'of old')";
                infra_db::query(known).execute(connection).await.map(drop)
            })
        })
        .await
        .unwrap();
    assert_eq!(pair.to_folder(&[]).await.unwrap().events, 10);
    let seen = read(&pair.embedded, slow(), 10).await;
    assert_whole(&seen, 0..10);
    assert_eq!(seen.len(), 10, "each once");
    let seen = read(&pair.embedded, subscription(), 0).await;
    assert!(seen.is_empty(), "{seen:?} came again");
}
