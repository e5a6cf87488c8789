//! Animations made for tests, and how another decoder sees one.

use std::io::Cursor;

use business_media_codec::Format;
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;

/// A frame as another decoder sees it.
pub(crate) struct Seen {
    pub(crate) rgba: Vec<u8>,
    pub(crate) duration_ms: u32,
}

/// The frames of an animation as the `image` crate composes them; one or none for a still picture.
pub(crate) fn seen(format: Format, file: &[u8]) -> Vec<Seen> {
    let cursor = Cursor::new(file);
    let frames = match format {
        Format::Gif => GifDecoder::new(cursor).unwrap().into_frames(),
        Format::Png => {
            let decoder = PngDecoder::new(cursor).unwrap();
            if !decoder.is_apng().unwrap() {
                return Vec::new();
            }
            decoder.apng().unwrap().into_frames()
        }
        Format::WebP => {
            let decoder = WebPDecoder::new(cursor).unwrap();
            if !decoder.has_animation() {
                return Vec::new();
            }
            decoder.into_frames()
        }
        _ => return Vec::new(),
    };
    frames
        .map(|frame| {
            let frame = frame.unwrap();
            let (above, below) = frame.delay().numer_denom_ms();
            Seen {
                duration_ms: above / below,
                rgba: frame.into_buffer().into_raw(),
            }
        })
        .collect()
}

/// A canvas of 6 by 4; every frame has a place, a size, a colour, and what becomes of it.
pub(crate) struct Part {
    at: (u32, u32),
    size: (u32, u32),
    color: [u8; 4],
    afterwards: u8,
    duration_ms: u16,
}

const fn part(
    at: (u32, u32),
    size: (u32, u32),
    color: [u8; 4],
    afterwards: u8,
    duration_ms: u16,
) -> Part {
    Part {
        at,
        size,
        color,
        afterwards,
        duration_ms,
    }
}

pub(crate) const RED: [u8; 4] = [200, 10, 10, 255];
pub(crate) const GREEN: [u8; 4] = [10, 200, 10, 255];
pub(crate) const BLUE: [u8; 4] = [10, 10, 200, 255];
pub(crate) const NOTHING: [u8; 4] = [0; 4];
/// What becomes of a part: it stays, it is cleared, it is taken back. None is taken back right
/// after one that is cleared: there the other decoder goes back to before the clearing, which
/// neither format says.
pub(crate) const PARTS: [Part; 6] = [
    part((0, 0), (6, 4), RED, 0, 50),
    part((3, 0), (2, 3), BLUE, 2, 70),
    part((1, 1), (3, 2), GREEN, 1, 90),
    part((0, 2), (6, 2), NOTHING, 0, 110),
    part((5, 3), (1, 1), GREEN, 2, 0),
    part((0, 0), (2, 2), BLUE, 1, 300),
];

pub(crate) fn gif(parts: &[Part], interlaced: bool) -> Vec<u8> {
    let palette: Vec<u8> = [RED, GREEN, BLUE, NOTHING]
        .iter()
        .flat_map(|color| color[..3].to_vec())
        .collect();
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, 6, 4, &palette).unwrap();
    encoder.set_repeat(gif::Repeat::Finite(3)).unwrap();
    for part in parts {
        let index = [RED, GREEN, BLUE, NOTHING]
            .iter()
            .position(|color| *color == part.color)
            .unwrap();
        let (width, height) = (part.size.0 as u16, part.size.1 as u16);
        let mut frame = gif::Frame {
            left: part.at.0 as u16,
            top: part.at.1 as u16,
            width,
            height,
            delay: part.duration_ms / 10,
            transparent: Some(3),
            dispose: [
                gif::DisposalMethod::Keep,
                gif::DisposalMethod::Background,
                gif::DisposalMethod::Previous,
            ][usize::from(part.afterwards)],
            buffer: vec![index as u8; usize::from(width) * usize::from(height)].into(),
            ..gif::Frame::default()
        };
        frame.interlaced = interlaced;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    file
}

pub(crate) fn moving_gif() -> Vec<u8> {
    gif(&PARTS, true)
}

/// `other_still`: whether readers without animation are shown a picture of their own.
pub(crate) fn apng(other_still: bool, blends: png::BlendOp) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 6, 4);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(PARTS.len() as u32, 2).unwrap();
    if other_still {
        encoder.set_sep_def_img(true).unwrap();
    }
    encoder.set_blend_op(blends).unwrap();
    let mut writer = encoder.write_header().unwrap();
    if other_still {
        writer.write_image_data(&[255; 96]).unwrap();
    }
    for part in PARTS {
        writer.set_frame_delay(part.duration_ms, 1_000).unwrap();
        writer
            .set_dispose_op(
                [
                    png::DisposeOp::None,
                    png::DisposeOp::Background,
                    png::DisposeOp::Previous,
                ][usize::from(part.afterwards)],
            )
            .unwrap();
        writer.reset_frame_position().unwrap();
        writer
            .set_frame_dimension(part.size.0, part.size.1)
            .unwrap();
        writer.set_frame_position(part.at.0, part.at.1).unwrap();
        let mut color = part.color;
        if color == GREEN {
            color[3] = 100;
        }
        writer
            .write_image_data(&color.repeat((part.size.0 * part.size.1) as usize))
            .unwrap();
    }
    writer.finish().unwrap();
    file
}

/// Frames of lossless WebP put together by hand; places are even in it.
pub(crate) fn moving_webp() -> Vec<u8> {
    let chunk = |kind: &[u8], body: &[u8]| {
        [
            kind,
            &(body.len() as u32).to_le_bytes(),
            body,
            &[0][..body.len() % 2],
        ]
        .concat()
    };
    let u24 = |number: u32| number.to_le_bytes()[..3].to_vec();
    let mut inside = b"WEBP".to_vec();
    inside.extend(chunk(
        b"VP8X",
        &[&[0x12, 0, 0, 0][..], &u24(5), &u24(3)].concat(),
    ));
    inside.extend(chunk(b"ANIM", &[0, 0, 0, 0, 3, 0]));
    for part in PARTS {
        let pixels = part.color.repeat((part.size.0 * part.size.1) as usize);
        let mut still = Vec::new();
        image_webp::WebPEncoder::new(&mut still)
            .encode(
                &pixels,
                part.size.0,
                part.size.1,
                image_webp::ColorType::Rgba8,
            )
            .unwrap();
        let left = (part.at.0 / 2).min((6 - part.size.0) / 2);
        let top = (part.at.1 / 2).min((4 - part.size.1) / 2);
        let mut frame = [
            u24(left),
            u24(top),
            u24(part.size.0 - 1),
            u24(part.size.1 - 1),
        ]
        .concat();
        frame.extend(u24(part.duration_ms.into()));
        frame.push(part.afterwards & 1);
        frame.extend(&still[12..]);
        frame.extend(chunk(b"XMP ", b"<?xpacket serial number ?>"));
        inside.extend(chunk(b"ANMF", &frame));
    }
    chunk(b"RIFF", &inside)
}
