use axum::body::Body;
use futures::{FutureExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Empty};
use infra_resilience::AdmissionBounds;
use tokio::sync::mpsc;

use super::*;

const SILENCE_MAX: Duration = Duration::from_millis(40);

/// A body whose frames come when the test sends them.
fn body() -> (mpsc::UnboundedSender<&'static str>, WatchedBody<Body>) {
    let (sender, receiver) = mpsc::unbounded_channel::<&'static str>();
    let frames = futures::stream::unfold(receiver, |mut receiver| async move {
        let frame = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(Bytes::from(frame)), receiver))
    });
    let body = Body::from_stream(frames.fuse());
    (sender, WatchedBody::new(body, SILENCE_MAX))
}

fn control() -> Arc<AdmissionControl> {
    AdmissionControl::new(AdmissionBounds {
        in_flight_max: 1,
        waiting_max: 8,
        wait_max: Duration::from_millis(200),
    })
}

async fn text(body: &mut WatchedBody<Body>) -> Option<Bytes> {
    let frame = body.frame().await?;
    Some(frame.unwrap().into_data().unwrap())
}

#[tokio::test]
async fn silence_is_measured_from_frame_to_frame() {
    let (sender, mut body) = body();
    for _ in 0..3 {
        sender.send("abc").unwrap();
        assert_eq!(text(&mut body).await.unwrap(), "abc");
        // Time in which nobody asks for more does not count.
        tokio::time::sleep(SILENCE_MAX * 2).await;
    }
    let asked = Instant::now();
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(asked.elapsed() >= SILENCE_MAX);
    let silence_max = SILENCE_MAX;
    assert_eq!(
        IdleTimeout::among(&*error),
        Some(IdleTimeout { silence_max })
    );
    let watch = body.watch().unwrap();
    assert!(watch.is_idle_timeout() && !watch.has_ended());
}

#[tokio::test]
async fn a_body_that_is_there_ends_as_it_is() {
    let (sender, mut body) = body();
    sender.send("abc").unwrap();
    drop(sender);
    assert_eq!(text(&mut body).await.unwrap(), "abc");
    assert!(text(&mut body).await.is_none());
    let watch = body.watch().unwrap();
    assert!(watch.has_ended() && !watch.is_idle_timeout());
    let none = WatchedBody::new(Empty::<Bytes>::new(), SILENCE_MAX);
    assert!(none.watch().is_none());
}

#[tokio::test]
async fn a_place_is_lent_while_the_client_is_waited_for() {
    let control = control();
    let (sender, mut body) = body();
    let held = body.watch().unwrap().hold(control.try_admit().unwrap());
    assert!(control.try_admit().is_none());
    assert!(text(&mut body).now_or_never().is_none());
    let other = control.try_admit().expect("the place is lent");
    // What comes waits until the place is free again.
    sender.send("abc").unwrap();
    assert!(text(&mut body).now_or_never().is_none());
    drop(other);
    assert_eq!(text(&mut body).await.unwrap(), "abc");
    assert!(control.try_admit().is_none());
    drop(held);
    assert_eq!(control.in_flight(), 0);
}

#[tokio::test]
async fn a_body_that_finds_no_place_again_is_shed() {
    let control = control();
    let (sender, mut body) = body();
    let watch = body.watch().unwrap().clone();
    let held = watch.hold(control.try_admit().unwrap());
    assert!(text(&mut body).now_or_never().is_none());
    let _other = control.try_admit().unwrap();
    sender.send("abc").unwrap();
    assert!(body.frame().await.unwrap().is_err());
    assert!(watch.was_shed() && !watch.is_idle_timeout());
    drop(held);
    assert_eq!(control.in_flight(), 1);
}

#[tokio::test]
async fn what_is_read_after_the_request_takes_no_place() {
    let control = control();
    let (sender, mut body) = body();
    let held = body.watch().unwrap().hold(control.try_admit().unwrap());
    assert!(text(&mut body).now_or_never().is_none());
    drop(held);
    sender.send("abc").unwrap();
    assert_eq!(text(&mut body).await.unwrap(), "abc");
    assert_eq!(control.in_flight(), 0);
}
