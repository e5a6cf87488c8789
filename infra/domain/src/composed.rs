//! A domain whose type its holder need not know.

use std::any::Any;
use std::sync::Arc;

use infra_bus::Consumer;
use infra_db::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{DatabaseSpec, Domain};

/// A domain among others of which the holder knows only that they are domains. Cheap to clone.
#[derive(Clone)]
pub struct Composed {
    database: &'static DatabaseSpec,
    domain: Arc<dyn Erased>,
}

/// What a [`Composed`] needs of a [`Domain`], without the types and constants that differ.
trait Erased: Any + Send + Sync {
    fn list_consumers(&self) -> Vec<Consumer>;
    fn run_all_jobs(self: Arc<Self>, stop: CancellationToken) -> BoxFuture<'static, ()>;
}

impl<D: Domain> Erased for D {
    fn list_consumers(&self) -> Vec<Consumer> {
        self.consumers()
    }

    fn run_all_jobs(self: Arc<Self>, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.run_jobs(stop).await })
    }
}

impl Composed {
    /// Keeps a domain and forgets its type.
    #[must_use]
    pub fn new<D: Domain>(domain: D) -> Self {
        Self {
            database: D::DATABASE,
            domain: Arc::new(domain),
        }
    }

    /// Its database, which also has its name.
    #[must_use]
    pub const fn database(&self) -> &'static DatabaseSpec {
        self.database
    }

    /// As [`Domain::consumers`].
    #[must_use]
    pub fn consumers(&self) -> Vec<Consumer> {
        self.domain.list_consumers()
    }

    /// As [`Domain::run_jobs`], to be spawned.
    #[must_use]
    pub fn run_jobs(&self, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Arc::clone(&self.domain).run_all_jobs(stop)
    }

    /// The domain, if it is this one: for what only one core can do, such as a command of its own.
    #[must_use]
    pub fn downcast_ref<D: Domain>(&self) -> Option<&D> {
        // Through the pointer: asked of the `Arc`, it would be the `Arc`'s type.
        let domain: &dyn Any = &*self.domain;
        domain.downcast_ref()
    }
}
