//! business-media-codec
