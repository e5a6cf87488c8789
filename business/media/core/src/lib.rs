//! business-media
