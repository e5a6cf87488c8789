//! What no log would take is refused where it is written; the largest that is written arrives on
//! every log.

use infra_bus::{Event, Headers, Relay};
use infra_kernel::Error;
use testing_engines::Nats;
use tokio_util::sync::CancellationToken;

use crate::conformance::{Place, Stage};
use crate::kit::{Recorder, accept, count, subscription};
use crate::relay::{open_domain, write};

/// More than one read of an outbox or a log takes.
const LARGE: u64 = 10;

async fn tell(place: Place) {
    let stage = Stage::new(&place).await;
    let domain = open_domain(stage.folder.path()).await;
    let of_bytes = |number: u64, bytes: usize| {
        let mut event = stage.event(number, number);
        event.payload.resize(bytes, 7);
        event
    };
    let too_large = of_bytes(1, Event::PAYLOAD_BYTES_MAX + 1);
    let refused = write(&domain, too_large).await.unwrap_err();
    assert!(!refused.is_transient(), "{refused}");
    let said = Error::from(refused).causes();
    let has_both = said.contains("524289 bytes") && said.contains("524288");
    assert!(has_both, "{said}");
    let refused = write(&domain, stage.event_on("two words", 1, 1)).await;
    let said = Error::from(refused.unwrap_err()).causes();
    assert!(said.contains("`two words`"), "{said}");
    assert_eq!(count(&domain, "writes").await, 0);
    for number in 0..LARGE {
        let mut event = of_bytes(number, Event::PAYLOAD_BYTES_MAX);
        let note = "x".repeat(Headers::BYTES_MAX - 100);
        event.headers.others.insert("note".to_owned(), note.into());
        write(&domain, event).await.unwrap();
    }
    write(&domain, stage.event(1, LARGE)).await.unwrap();
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    let stop = CancellationToken::new();
    stop.cancel();
    Relay::new(domain.clone(), stage.bus()).run(stop).await;
    recorder.has_seen(LARGE as usize + 1).await;
    run.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_and_the_largest_arrives_by_the_embedded_log() {
    tell(Place::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_and_the_largest_arrives_by_jetstream() {
    let Some(server) = Nats::start() else { return };
    tell(Place::jet_stream(&server, "sizes")).await;
}
