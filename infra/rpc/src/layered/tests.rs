use infra_kernel::{CallerKey, Identity, SystemClock};

use super::*;
use crate::method::CallShape;

const SECOND: Duration = Duration::from_secs(1);
/// Over soon.
const SHORT: Duration = Duration::from_millis(20);
const METHODS: &[Method] = &[
    method(0, "test.unary", CallShape::Unary),
    method(1, "test.takes_stream", CallShape::ClientStreaming),
    Method {
        scopes: &["write:tests"],
        ..method(2, "test.scoped", CallShape::Unary)
    },
];

const fn method(index: usize, name: &'static str, shape: CallShape) -> Method {
    Method {
        name,
        path: "/test.Test/Method",
        index,
        shape,
        is_idempotent: true,
        routing_key: None,
        scopes: &[],
    }
}

struct Scene {
    metrics: CallMetrics,
    layered: Layered<()>,
}

fn scene() -> Scene {
    let metrics = CallMetrics::default();
    let layers = Layers::new(metrics.clone());
    let layered = Layered::new(Arc::new(()), METHODS, &layers);
    Scene { metrics, layered }
}

impl Scene {
    async fn call<R>(
        &self,
        index: usize,
        context: &Context,
        call: impl Future<Output = Result<R>> + Send,
    ) -> Result<R> {
        self.layered
            .call(&METHODS[index], context, Box::pin(call))
            .await
    }

    fn outcomes(&self) -> Vec<(&'static str, u64)> {
        let summaries = self.metrics.summaries();
        summaries
            .into_iter()
            .flat_map(|summary| summary.outcomes)
            .collect()
    }
}

/// What never ends, and says whether it was begun.
async fn endless(begun: &mut bool) -> Result<()> {
    *begun = true;
    std::future::pending().await
}

#[tokio::test]
async fn a_call_in_process_is_cut_at_its_deadline() {
    let scene = scene();
    let mut begun = false;
    let context = Context::background(SHORT);
    let error = scene.call(0, &context, endless(&mut begun)).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::DeadlineExceeded);
    assert!(begun);
    assert_eq!(scene.outcomes(), [("deadline_exceeded", 1)]);
}

#[tokio::test]
async fn a_call_whose_deadline_is_over_is_not_begun() {
    let scene = scene();
    let mut begun = false;
    let context = Context::background(Duration::ZERO);
    let error = scene.call(0, &context, endless(&mut begun)).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::DeadlineExceeded);
    assert!(!begun);
}

#[tokio::test]
async fn a_call_that_takes_in_a_stream_may_keep_what_has_arrived() {
    let scene = scene();
    let context = Context::background(SHORT);
    let keeping = async {
        tokio::time::sleep_until(context.deadline().into()).await;
        tokio::task::yield_now().await;
        Ok(())
    };
    scene.call(1, &context, keeping).await.unwrap();
    assert!(context.remaining().is_zero());
}

#[tokio::test]
async fn a_caller_that_has_expired_begins_nothing() {
    let scene = scene();
    let mut begun = false;
    let key = CallerKey::new(&[1; 32], Arc::new(SystemClock));
    let expired = key.mint_for(Identity::default(), Duration::ZERO);
    let context = Context::background(SECOND).with_caller(expired);
    let error = scene.call(0, &context, endless(&mut begun)).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::Unauthenticated);
    assert!(!begun);
}

#[tokio::test]
async fn a_caller_without_the_scope_begins_nothing() {
    let scene = scene();
    let key = CallerKey::new(&[1; 32], Arc::new(SystemClock));
    let granted = |scopes: &str| {
        key.mint(Identity {
            scopes: scopes.to_owned(),
            ..Identity::default()
        })
    };
    let mut begun = false;
    let reading = Context::background(SECOND).with_caller(granted("read"));
    let error = scene.call(2, &reading, endless(&mut begun)).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::Forbidden);
    assert!(!begun);
    let writing = Context::background(SECOND).with_caller(granted("read write"));
    scene.call(2, &writing, async { Ok(()) }).await.unwrap();
    assert_eq!(scene.outcomes(), [("ok", 1), ("forbidden", 1)]);
}

#[tokio::test]
async fn what_becomes_of_a_call_is_counted() {
    let scene = scene();
    let context = Context::background(SECOND);
    scene.call(0, &context, async { Ok(()) }).await.unwrap();
    let refused = async { Err::<(), _>(Error::not_found("post")) };
    scene.call(0, &context, refused).await.unwrap_err();
    let mut begun = false;
    let given_up = scene.call(0, &context, endless(&mut begun));
    assert!(futures::FutureExt::now_or_never(given_up).is_none());
    assert_eq!(
        scene.outcomes(),
        [("ok", 1), ("cancelled", 1), ("not_found", 1)]
    );
}

#[tokio::test]
async fn a_domain_whose_lease_does_not_hold_answers_nothing() {
    let lease = HomeLease::expired();
    let layers = Layers::default().under(lease.clone());
    let scene = Scene {
        metrics: CallMetrics::default(),
        layered: Layered::new(Arc::new(()), METHODS, &layers),
    };
    let context = Context::background(SECOND);
    let refused = scene.call(0, &context, async { Ok(7) }).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    lease.renew(Instant::now());
    assert_eq!(scene.call(0, &context, async { Ok(7) }).await.unwrap(), 7);
}
