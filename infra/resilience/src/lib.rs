//! infra-resilience
