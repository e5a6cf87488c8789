//! What all contracts have in common.

use std::sync::Arc;

use crate::{Layers, Method};

/// A gateway's trait as composition handles it, without knowing which it is. Generated code
/// implements it for `dyn` of each gateway.
pub trait Contract: Send + Sync + 'static {
    /// Its name, with which those of its methods begin: "graph".
    const NAME: &'static str;
    /// Every method, in the order of the contract.
    const METHODS: &'static [Method];

    /// Puts the layers of every call round an implementation.
    #[must_use]
    fn layered(inner: Arc<Self>, layers: &Layers) -> Arc<Self>;
}
