//! presentation-web
