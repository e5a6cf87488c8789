//! heliograph
