//! The worker alone, for the tests of this crate.

fn main() -> std::io::Result<()> {
    business_media_codec_worker::serve_worker()
}
