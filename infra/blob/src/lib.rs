//! infra-blob
