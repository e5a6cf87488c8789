//! What moves keeps moving: every frame, as long as before, looking as another decoder composes it.

use std::io::Cursor;
use std::time::Instant;

use business_media_codec::{
    ANIMATION_SIDE_MAX, CodecError, EncodedAnimation, Encoding, Format, Frame, Job, Ladder, Limits,
    OutsideCodecs, Pixels, Processed, StoppedBy, frames, process, read_header,
};
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;

use crate::pictures::{assert_close, every_format, look, make};
use crate::shared::{files, folder};

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

fn as_shown(duration_ms: u32) -> u32 {
    if duration_ms <= 10 { 100 } else { duration_ms }
}

/// Two colours that are both as good as not there are the same.
pub(crate) fn assert_same_pixels(ours: &[u8], theirs: &[u8], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let (ours, theirs) = (ours.as_chunks::<4>().0, theirs.as_chunks::<4>().0);
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let same = (ours[3] == 0 && theirs[3] == 0)
            || ours
                .iter()
                .zip(theirs)
                .all(|(ours, theirs)| ours.abs_diff(*theirs) <= 2);
        assert!(same, "{what}: pixel {at} is {ours:?} and not {theirs:?}");
    }
}

fn format_of(file: &[u8]) -> Format {
    read_header(file, &Limits::default(), &every_format())
        .unwrap()
        .format
}

fn compare_frames(name: &str, file: &[u8]) {
    let format = format_of(file);
    let theirs = seen(format, file);
    let ours: Vec<Frame> = frames(format, file, &Limits::default())
        .unwrap()
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_same_pixels(&ours.bytes, &theirs.rgba, &format!("{name}, frame {at}"));
        assert_eq!(
            ours.duration_ms,
            as_shown(theirs.duration_ms),
            "{name}, frame {at}"
        );
    }
}

/// The animation that was kept of a file is its own container with the same frames.
fn assert_kept(name: &str, file: &[u8], animation: &EncodedAnimation) {
    let format = format_of(file);
    assert_eq!(animation.content_type, format.content_type(), "{name}");
    let (before, after) = (seen(format, file), seen(format, &animation.bytes));
    assert_eq!(before.len(), after.len(), "{name}");
    assert_eq!(animation.frames as usize, before.len(), "{name}");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.duration_ms, after.duration_ms, "{name}");
        assert!(before.rgba == after.rgba, "{name}");
    }
    let shown: u32 = before.iter().map(|frame| as_shown(frame.duration_ms)).sum();
    assert_eq!(animation.duration_ms, u64::from(shown), "{name}");
}

#[test]
fn every_real_animation_is_kept_with_its_frames_and_durations() {
    let Some(folder) = folder("good") else { return };
    let mut animations = 0;
    for (name, file) in files(&folder) {
        if ![".gif", ".png", ".webp"]
            .iter()
            .any(|kind| name.ends_with(kind))
        {
            continue;
        }
        let header = read_header(&file, &Limits::default(), &every_format()).unwrap();
        let counted = seen(header.format, &file).len().max(1);
        assert_eq!(header.frames as usize, counted, "{name}");
        let processed = make(&file).unwrap();
        assert_eq!(processed.animation.is_some(), counted > 1, "{name}");
        let Some(animation) = processed.animation else {
            continue;
        };
        animations += 1;
        assert_eq!(
            (animation.width, animation.height),
            (header.width, header.height)
        );
        assert_kept(&name, &file, &animation);
        if header.format != Format::WebP {
            compare_frames(&name, &file);
        }
    }
    assert!(animations >= 4, "only {animations} files of the set move");
}

/// A canvas of 6 by 4; every frame has a place, a size, a colour, and what becomes of it.
struct Part {
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

const RED: [u8; 4] = [200, 10, 10, 255];
const GREEN: [u8; 4] = [10, 200, 10, 255];
const BLUE: [u8; 4] = [10, 10, 200, 255];
const NOTHING: [u8; 4] = [0; 4];
/// What becomes of a part: it stays, it is cleared, it is taken back.
/// None is taken back right after one that is cleared: there the other decoder goes back to before the clearing, which
/// neither format says.
const PARTS: [Part; 6] = [
    part((0, 0), (6, 4), RED, 0, 50),
    part((3, 0), (2, 3), BLUE, 2, 70),
    part((1, 1), (3, 2), GREEN, 1, 90),
    part((0, 2), (6, 2), NOTHING, 0, 110),
    part((5, 3), (1, 1), GREEN, 2, 0),
    part((0, 0), (2, 2), BLUE, 1, 300),
];

fn gif(parts: &[Part], interlaced: bool) -> Vec<u8> {
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

#[test]
fn every_way_to_dispose_and_blend_is_composed_as_others_do() {
    compare_frames("gif", &gif(&PARTS, false));
    compare_frames("apng over", &apng(false, png::BlendOp::Over));
    compare_frames("apng source", &apng(false, png::BlendOp::Source));
}

#[test]
fn an_interlaced_gif_looks_like_one_that_is_not() {
    let Some(folder) = folder("good") else { return };
    compare_frames(
        "interlaced",
        &std::fs::read(folder.join("gif__interlaced.gif")).unwrap(),
    );
}

#[test]
fn a_cleared_frame_of_a_webp_leaves_nothing() {
    let file = moving_webp();
    let frames: Vec<Frame> = frames(Format::WebP, &file, &Limits::default())
        .unwrap()
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(frames.len(), 6);
    let pixel = |frame: usize, x: usize, y: usize| &frames[frame].bytes[(y * 6 + x) * 4..][..4];
    assert_eq!(pixel(0, 5, 3), RED);
    // The third is green at the top left, three by two, and cleared when the fourth is drawn.
    assert_eq!((pixel(2, 0, 0), pixel(2, 2, 1)), (&GREEN[..], &GREEN[..]));
    assert_eq!(
        (pixel(3, 0, 0), pixel(3, 2, 1)),
        (&NOTHING[..], &NOTHING[..])
    );
    assert_eq!(pixel(3, 5, 3), RED);
}

#[test]
fn a_small_animation_is_kept_as_it_is_with_a_poster() {
    for (name, file, format) in [
        ("gif", gif(&PARTS, false), Format::Gif),
        ("apng", apng(false, png::BlendOp::Over), Format::Png),
        ("webp", moving_webp(), Format::WebP),
    ] {
        let header = read_header(&file, &Limits::default(), &every_format()).unwrap();
        assert_eq!(
            (header.format, header.frames, header.width),
            (format, 6, 6),
            "{name}"
        );
        let processed = make(&file).unwrap();
        let animation = processed.animation.as_ref().unwrap();
        assert_kept(name, &file, animation);
        assert_eq!(
            animation.duration_ms,
            50 + 70 + 90 + 110 + 100 + 300,
            "{name}"
        );
        assert!(
            memchr::memmem::find(&animation.bytes, b"xpacket").is_none(),
            "{name}"
        );
        assert_close(look(&processed, "full").at(3, 2), [200, 10, 10], 6, name);
    }
}

#[test]
fn the_poster_is_the_first_frame_and_not_the_still_for_old_readers() {
    let processed = make(&apng(true, png::BlendOp::Over)).unwrap();
    assert_eq!(processed.animation.as_ref().unwrap().frames, 6);
    assert_close(
        look(&processed, "full").at(3, 2),
        [200, 10, 10],
        6,
        "the poster",
    );
}

#[test]
fn a_gif_that_does_not_move_is_a_picture() {
    let processed = make(&gif(&PARTS[..1], false)).unwrap();
    assert_eq!(processed.animation, None);
    assert_close(
        look(&processed, "full").at(3, 2),
        [200, 10, 10],
        6,
        "the picture",
    );
}

#[test]
fn too_many_frames_or_pixels_are_refused_before_anything_is_decoded() {
    let file = gif(&PARTS, false);
    let few = Limits {
        frames_max: 5,
        ..Limits::default()
    };
    let small = Limits {
        animation_pixels_max: 6 * 4 * 6 - 1,
        ..Limits::default()
    };
    for (limits, words) in [(few, "more than 5 frames"), (small, "megapixels")] {
        let error = read_header(&file, &limits, &every_format()).unwrap_err();
        assert!(matches!(error, CodecError::TooLarge { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let enough = Limits {
        frames_max: 6,
        animation_pixels_max: 6 * 4 * 6,
        ..Limits::default()
    };
    assert!(read_header(&file, &enough, &every_format()).is_ok());
}

/// Keeps what it is asked to encode.
struct Outside {
    fails: Option<StoppedBy>,
}

impl OutsideCodecs for Outside {
    fn reads(&self) -> Vec<Format> {
        Vec::new()
    }

    fn writes(&self) -> Vec<Encoding> {
        vec![Encoding::WebP]
    }

    fn decode(&self, format: Format, _: &[u8], _: u64, _: Instant) -> Result<Pixels, CodecError> {
        panic!("{format:?} is not decoded outside")
    }

    fn encode(&self, _: &Pixels, _: Encoding, _: u8, _: Instant) -> Result<Vec<u8>, CodecError> {
        panic!("no still is encoded outside")
    }

    fn encode_animation(
        &self,
        (width, height): (u32, u32),
        frames: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        loops: u16,
        _: u8,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        if let Some(by) = self.fails {
            return Err(CodecError::Stopped {
                by,
                cause: String::new(),
            });
        }
        let mut made = format!("{width}x{height} {loops} times:");
        for frame in frames {
            let frame = frame?;
            assert_eq!(frame.bytes.len() as u32, width * height * 4);
            let [.., red, green, blue, opacity] = frame.bytes[..] else {
                panic!("pixels")
            };
            made += &format!(" {red},{green},{blue},{opacity} {}ms", frame.duration_ms);
        }
        Ok(made.into_bytes())
    }
}

fn make_with(file: &[u8], fails: Option<StoppedBy>) -> Result<Processed, CodecError> {
    let (limits, ladder) = (Limits::default(), Ladder::default());
    let outside = Outside { fails };
    process(
        file,
        &Job {
            outside: Some(&outside),
            ..Job::new(&limits, &ladder)
        },
    )
}

fn large_gif() -> Vec<u8> {
    let mut file = Vec::new();
    let side = ANIMATION_SIDE_MAX as u16 * 2;
    let mut encoder =
        gif::Encoder::new(&mut file, side, side / 2, &[200, 10, 10, 10, 200, 10]).unwrap();
    encoder.set_repeat(gif::Repeat::Infinite).unwrap();
    for color in 0..2 {
        let frame = gif::Frame {
            width: side,
            height: side / 2,
            delay: 4 + u16::from(color),
            buffer: vec![color; usize::from(side) * usize::from(side / 2)].into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    file
}

#[test]
fn a_large_animation_is_encoded_smaller_outside() {
    let animation = make_with(&large_gif(), None).unwrap().animation.unwrap();
    assert_eq!(
        String::from_utf8(animation.bytes).unwrap(),
        "1080x540 0 times: 200,10,10,255 40ms 10,200,10,255 50ms"
    );
    assert_eq!(
        (animation.content_type, animation.width, animation.height),
        ("image/webp", 1_080, 540)
    );
    assert_eq!((animation.frames, animation.duration_ms), (2, 90));
}

#[test]
fn without_help_from_outside_a_large_animation_is_its_poster() {
    let file = large_gif();
    assert_eq!(make(&file).unwrap().animation, None);
    for fails in [StoppedBy::Crash, StoppedBy::Deadline] {
        assert_eq!(make_with(&file, Some(fails)).unwrap().animation, None);
    }
    // That is soon over, and says nothing about the file.
    let error = make_with(&file, Some(StoppedBy::Absence)).unwrap_err();
    assert!(error.is_worth_retrying());
}

#[test]
fn an_animation_that_breaks_off_is_its_poster() {
    let mut file = gif(&PARTS, false);
    // The last image's code size: of a kind that there is not.
    let last = memchr::memmem::rfind(&file, b"\x2c\0\0\0\0\x02\0\x02\0").unwrap();
    file[last + 10] = 13;
    let processed = make(&file).unwrap();
    assert_eq!(processed.animation, None);
    assert_eq!(processed.renditions.len(), 3);
}
