//! presentation-kit
