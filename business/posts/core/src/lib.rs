//! business-posts
