//! What moves keeps moving: every frame, as long as before, looking as another decoder composes it.

use business_media_codec::{
    CodecError, EncodedAnimation, Format, Frame, Limits, frames, read_header,
};

use crate::moving::{GREEN, NOTHING, PARTS, RED, apng, gif, moving_webp, seen};
use crate::pictures::{assert_close, every_format, look, make};
use crate::shared::{files, folder};

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
