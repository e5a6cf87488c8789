//! An animation that is too large to be served as it is.

use std::time::Instant;

use business_media_codec::{
    ANIMATION_SIDE_MAX, CodecError, EncoderMemory, Encoding, ExternalCodecs, Format, Frame, Job,
    Ladder, Limits, Pixels, Processed, StoppedBy, process,
};

use crate::pictures::make;

/// Keeps what it is asked to encode.
struct FakeCodecs {
    fails: Option<StoppedBy>,
}

impl ExternalCodecs for FakeCodecs {
    fn reads(&self) -> Vec<Format> {
        Vec::new()
    }

    fn writes(&self) -> Vec<Encoding> {
        vec![Encoding::WebP]
    }

    fn decode(&self, format: Format, _: &[u8], _: u64, _: Instant) -> Result<Pixels, CodecError> {
        panic!("{format:?} is not decoded outside")
    }

    fn encode(
        &self,
        _: &Pixels,
        _: Encoding,
        _: u8,
        _: EncoderMemory,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
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
    let external_codecs = FakeCodecs { fails };
    process(
        file,
        &Job {
            external_codecs: Some(&external_codecs),
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
fn a_large_animation_is_encoded_smaller_by_external_codecs() {
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
fn without_external_codecs_a_large_animation_is_its_poster() {
    let file = large_gif();
    assert_eq!(make(&file).unwrap().animation, None);
    for fails in [StoppedBy::Crash, StoppedBy::Deadline] {
        assert_eq!(make_with(&file, Some(fails)).unwrap().animation, None);
    }
    // That is soon over, and says nothing about the file.
    let error = make_with(&file, Some(StoppedBy::Absence)).unwrap_err();
    assert!(error.is_worth_retrying());
}
