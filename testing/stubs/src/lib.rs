//! Stand-ins for gateways, for tests of what calls them.
//!
//! A test implements `Stub…` for its own type, only the methods that it needs, and hands out
//! [`Stub`] of it where a gateway is wanted. A method that it did not implement panics with its
//! name. Everything but this page is generated from the contracts by `cargo xtask generate`, so a
//! new method is nothing that a test has to know of.
//!
//! It decides nothing: what a stub returns is the test's.

#[allow(missing_docs, unused_variables, clippy::all, clippy::pedantic)]
mod generated;

use std::sync::Arc;

pub use generated::*;

use infra_rpc::Method;

/// A gateway, or several, made of what a test implements of them.
#[derive(Debug)]
pub struct Stub<T: ?Sized>(Arc<T>);

impl<T> Stub<T> {
    /// The gateway that calls this.
    #[must_use]
    pub fn of(implemented: &Arc<T>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(implemented)))
    }
}

/// What a method does that a test did not implement.
fn not_stubbed(method: &Method) -> ! {
    panic!(
        "a test called {}, which its stub does not implement",
        method.name
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use business_graph_gateway::{FollowReply, FollowRequest, Graph, UnfollowRequest};
    use infra_kernel::{Context, Result};

    use super::*;

    struct Followed;

    #[async_trait]
    impl StubGraph for Followed {
        async fn follow(&self, _: &Context, _: FollowRequest) -> Result<FollowReply> {
            Ok(FollowReply {
                created: true,
                ..FollowReply::default()
            })
        }
    }

    fn graph() -> Arc<dyn Graph> {
        Stub::of(&Arc::new(Followed))
    }

    fn context() -> Context {
        Context::background(Duration::from_secs(1))
    }

    #[tokio::test]
    async fn what_a_test_implements_is_called() {
        let reply = graph().follow(&context(), FollowRequest::default()).await;
        assert!(reply.unwrap().created);
    }

    #[tokio::test]
    #[should_panic(expected = "graph.unfollow")]
    async fn what_it_does_not_is_named() {
        let request = UnfollowRequest::default();
        let _ = graph().unfollow(&context(), request).await;
    }
}
