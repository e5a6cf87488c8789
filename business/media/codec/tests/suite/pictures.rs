//! Pictures made for tests, and how to look at what came out.

use business_media_codec::{
    CodecError, Format, FormatSet, Job, Ladder, Limits, Processed, process,
};

/// Every format that the codec knows, for what is not about which are taken.
pub(crate) fn every_format() -> FormatSet {
    FormatSet::new(Format::ALL)
}
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

/// A picture of red, green, blue bytes.
#[derive(Clone)]
pub(crate) struct Rgb {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<u8>,
}

impl Rgb {
    pub(crate) fn new(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let pixels = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| color(x, y))
            .collect();
        Self {
            width,
            height,
            pixels,
        }
    }

    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * self.width as usize + x as usize) * 3;
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]
    }

    pub(crate) fn plain(width: u32, height: u32, color: [u8; 3]) -> Self {
        Self::new(width, height, |_, _| color)
    }

    /// Four quarters in four colours: top left red, top right green, bottom left blue, bottom right
    /// yellow.
    pub(crate) fn quarters(width: u32, height: u32) -> Self {
        Self::new(width, height, |x, y| {
            match (x * 2 < width, y * 2 < height) {
                (true, true) => [200, 30, 30],
                (false, true) => [30, 200, 30],
                (true, false) => [30, 30, 200],
                (false, false) => [220, 220, 30],
            }
        })
    }

    pub(crate) fn jpeg(
        &self,
        exif: Option<&[u8]>,
        icc: Option<&[u8]>,
        progressive: bool,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
        encoder.set_progressive(progressive);
        if let Some(exif) = exif {
            encoder.add_exif_metadata(exif).unwrap();
        }
        if let Some(icc) = icc {
            encoder.add_icc_profile(icc).unwrap();
        }
        let (width, height) = (self.width as u16, self.height as u16);
        encoder
            .encode(&self.pixels, width, height, ColorType::Rgb)
            .unwrap();
        bytes
    }
}

/// EXIF data with nothing but an orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff
}

pub(crate) fn png(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
    prepare: impl FnOnce(&mut png::Info<'_>),
) -> Vec<u8> {
    let mut info = png::Info::with_size(width, height);
    info.color_type = color;
    info.bit_depth = depth;
    prepare(&mut info);
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info)
        .unwrap()
        .write_header()
        .unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

pub(crate) fn webp(
    width: u32,
    height: u32,
    color: image_webp::ColorType,
    data: &[u8],
    prepare: impl FnOnce(&mut image_webp::WebPEncoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut bytes);
    prepare(&mut encoder);
    encoder.encode(data, width, height, color).unwrap();
    bytes
}

pub(crate) fn make(bytes: &[u8]) -> Result<Processed, CodecError> {
    process(bytes, &Job::new(&Limits::default(), &Ladder::default()))
}

/// What a reader sees of a rendition.
pub(crate) fn look(processed: &Processed, name: &str) -> Rgb {
    let rendition = processed
        .renditions
        .iter()
        .find(|rendition| rendition.name == name)
        .expect("the rendition is there");
    let mut decoder = JpegDecoder::new(ZCursor::new(&rendition.bytes));
    let pixels = decoder.decode().expect("what is served decodes");
    let (width, height) = decoder.dimensions().unwrap();
    assert_eq!(
        (width as u32, height as u32),
        (rendition.width, rendition.height),
        "the size that is told is the size that is served"
    );
    Rgb {
        width: width as u32,
        height: height as u32,
        pixels,
    }
}

pub(crate) fn assert_close(seen: [u8; 3], expected: [u8; 3], within: u8, what: &str) {
    let close = seen
        .iter()
        .zip(expected)
        .all(|(seen, expected)| seen.abs_diff(expected) <= within);
    assert!(close, "{what}: saw {seen:?}, expected {expected:?}");
}
