//! product-feed
