//! testing-kit
