//! business-graph
