//! A move that was cut off after the switch is finished by the next one, and one that is done is
//! not done again.

use super::*;
use crate::moving::outboxes::Publishing;

/// How a move to the folder ends whose servers go away when all that is left to ask them for is to
/// empty the stream.
async fn cut_off(pair: &Pair, server: &mut Nats, outboxes: &[Database]) -> MoveError {
    let mut progress = |progress: Progress| {
        if matches!(progress, Progress::Compared { .. }) {
            server.kill();
        }
    };
    let moving = move_log(&pair.jet_stream, &pair.embedded, outboxes, &mut progress);
    moving.await.unwrap_err()
}

#[tokio::test]
async fn a_move_that_is_cut_off_after_the_switch_is_finished() {
    let Some(mut server) = Nats::start() else {
        return;
    };
    let pair = Pair::open(&server, "switched").await;
    let publishing = Publishing::half_read(&pair).await;
    let outboxes = [publishing.domain.clone()];
    let cut_off = cut_off(&pair, &mut server, &outboxes).await;
    assert!(matches!(cut_off, MoveError::Log(_)), "{cut_off}");
    assert_eq!(log_place(&pair.database).await.unwrap(), LogPlace::Here);

    // The log is in the folder: a start goes on there, with nothing published again.
    publishing.relay(&pair.embedded).await;
    assert_eq!(count(&publishing.domain, "outbox").await, 0);
    assert_whole(&read(&pair.embedded, slow(), 10).await, 10..20);
    let seen = read(&pair.embedded, subscription(), 0).await;
    assert!(seen.is_empty(), "{seen:?} came again");

    server.restart();
    eventually("the move is finished", async || {
        let again = pair.to_folder(&outboxes).await;
        again.is_ok_and(|moved| moved.events == 0 && moved.subscriptions == 2)
    })
    .await;
    assert_eq!(pair.kept_on(&server).await, 0, "the stream is emptied");
}

#[tokio::test]
async fn a_move_back_finishes_the_one_before() {
    let Some(mut server) = Nats::start() else {
        return;
    };
    let pair = Pair::open(&server, "back").await;
    let publishing = Publishing::half_read(&pair).await;
    let outboxes = [publishing.domain.clone()];
    cut_off(&pair, &mut server, &outboxes).await;
    server.restart();
    eventually("it is moved back", async || {
        let (from, to) = (&pair.embedded, &pair.jet_stream);
        let back = move_log(from, to, &outboxes, &mut |_| {}).await;
        back.is_ok_and(|moved| moved.events == 10)
    })
    .await;
    publishing.relay(&pair.jet_stream).await;
    assert_eq!(pair.kept_on(&server).await, 10, "nothing is there twice");
    assert_whole(&read(&pair.jet_stream, slow(), 10).await, 10..20);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_yet_is_known_and_moved() {
    let (Some(server), Some(other)) = (Nats::start(), Nats::start()) else {
        return;
    };
    let pair = Pair::open(&server, "unread").await;
    assert!(!pair.jet_stream.note_use().await.unwrap());
    pair.publish(&pair.jet_stream, 0..10).await;
    // A start in the folder would not see them.
    let place = log_place(&pair.database).await.unwrap();
    assert_eq!(place, LogPlace::Elsewhere);
    // Other servers are not those that have it.
    let elsewhere = connect(&other, &pair.stream, &pair.database).await;
    let moving = move_log(&elsewhere, &pair.embedded, &[], &mut |_| {}).await;
    let refused = moving.unwrap_err();
    assert!(matches!(refused, MoveError::OtherLog), "{refused}");
    // A start over them says so, once in each direction.
    for bus in [&elsewhere, &pair.jet_stream] {
        assert!(bus.note_use().await.unwrap());
        assert!(!bus.note_use().await.unwrap());
    }
    assert_eq!(pair.to_folder(&[]).await.unwrap().events, 10);
    assert_eq!(log_place(&pair.database).await.unwrap(), LogPlace::Here);
    let seen = read(&pair.embedded, subscription(), 10).await;
    assert_whole(&seen, 0..10);
    assert_eq!(pair.to_nats().await.subscriptions, 1);
    assert!(!pair.jet_stream.note_use().await.unwrap());
}

#[tokio::test]
async fn a_log_that_nobody_reads_yet_is_moved_once() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "unread").await;
    pair.publish(&pair.embedded, 0..10).await;
    assert_eq!(pair.to_nats().await.events, 10);
    assert_eq!(pair.to_nats().await.events, 0);
    assert_eq!(
        log_place(&pair.database).await.unwrap(),
        LogPlace::Elsewhere
    );
    let seen = read(&pair.jet_stream, subscription(), 10).await;
    assert_whole(&seen, 0..10);
}

#[tokio::test]
async fn ids_go_on_above_what_was_moved_though_nothing_of_it_is_kept() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "ids").await;
    pair.publish(&pair.jet_stream, 0..10).await;
    read(&pair.jet_stream, subscription(), 10).await;
    let last = pair.jet_stream.last_event().await.unwrap();
    assert!(last.is_some());
    assert_eq!(pair.to_folder(&[]).await.unwrap().events, 0);
    assert_eq!(count(&pair.database, "log").await, 0);
    assert_eq!(pair.embedded.last_event().await.unwrap(), last);
    assert_eq!(pair.to_nats().await.events, 0);
    assert_eq!(pair.jet_stream.last_event().await.unwrap(), last);
}
