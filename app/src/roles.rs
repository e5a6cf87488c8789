//! What a process does. Roles are positive and named; a process has a set of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves requests: the page, the API, the photos.
    Web,
    /// Relays events, acts on them, makes renditions, sweeps. Alone, it works off what is waiting
    /// while nobody can write anything new.
    Worker,
}

impl Role {
    /// Every role: what a process does when nothing is said.
    pub const ALL: [Self; 2] = [Self::Web, Self::Worker];
}
