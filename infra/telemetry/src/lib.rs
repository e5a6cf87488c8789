//! infra-telemetry
