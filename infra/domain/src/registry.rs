//! Gateways, found by their contract.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use infra_rpc::Contract;

/// The gateways that are composed so far, at most one of a contract. Cheap to clone.
#[derive(Clone, Default)]
pub struct GatewayRegistry {
    /// Each is an `Arc<G>` of the contract whose type is its key.
    gateways: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

/// A mistake in the list of domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CompositionError {
    /// A gateway is asked for that is not there yet.
    #[error(
        "the gateway of {0} is not composed yet: in the list of domains it must stand before those that call it"
    )]
    Missing(&'static str),
    /// Two domains have one contract.
    #[error("the gateway of {0} is composed twice: one domain has one entry in the list")]
    Duplicate(&'static str),
}

impl GatewayRegistry {
    /// Adds a gateway.
    ///
    /// # Errors
    /// When there is one of this contract already.
    pub fn insert<G: Contract + ?Sized>(
        &mut self,
        gateway: Arc<G>,
    ) -> Result<(), CompositionError> {
        if self.gateways.contains_key(&TypeId::of::<G>()) {
            return Err(CompositionError::Duplicate(G::NAME));
        }
        // In another `Arc`: `dyn Any` holds a sized type, which an `Arc` of any gateway is.
        self.gateways.insert(TypeId::of::<G>(), Arc::new(gateway));
        Ok(())
    }

    /// The gateway of a contract, if it is there.
    #[must_use]
    pub fn find<G: Contract + ?Sized>(&self) -> Option<Arc<G>> {
        let gateway = self.gateways.get(&TypeId::of::<G>())?;
        gateway.downcast_ref::<Arc<G>>().cloned()
    }

    /// The gateway of a contract.
    ///
    /// # Errors
    /// When it is not there; the error names it.
    pub fn get<G: Contract + ?Sized>(&self) -> Result<Arc<G>, CompositionError> {
        self.find().ok_or(CompositionError::Missing(G::NAME))
    }
}
