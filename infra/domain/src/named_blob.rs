/// A file in the blob store that a database names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBlob {
    /// The blob's key as the domain's rows have it.
    pub key: String,
    /// Whether it is known to be lost: nobody misses it, and it is welcome where it still is.
    pub is_lost: bool,
}
