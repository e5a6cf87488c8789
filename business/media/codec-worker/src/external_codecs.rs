//! The side that asks.

use std::time::{Duration, Instant};

use business_media_codec::{
    ANIMATION_BYTES_MAX, CodecError, EncoderMemory, Encoding, ExternalCodecs, Format, FormatSet,
    Frame, Limits, Pixels, StoppedBy, profile_of_code_points, read_header,
};
use infra_sandbox::{Landlock, Lease, Pool, Program, SandboxError};

use crate::Settings;
use crate::protocol::{self, Abilities, HEAD_BYTES_MAX, PROFILE_BYTES_MAX, Picture, Request};

/// How long the first worker may take to say what it can do.
const FIND_MAX: Duration = Duration::from_secs(10);
/// The most that an encoded file is longer than the pixels it was made of, in bytes: the containers
/// around tiny pictures.
const CONTAINER_BYTES_MAX: usize = 64 * 1024;

/// The most that is read of an animation. What is larger than this is too large to be served also
/// when it is made smaller once more.
const ANIMATION_RESPONSE_BYTES_MAX: usize = 4 * ANIMATION_BYTES_MAX;

/// Codecs in worker processes. A request waits for a worker, and no longer than its deadline.
#[derive(Debug)]
pub struct CodecWorkers {
    found: Result<(Pool, Abilities), String>,
}

/// What works on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The formats that can be read.
    pub reads: Vec<Format>,
    /// The forms that can be written.
    pub writes: Vec<Encoding>,
    /// How far Landlock confines the workers; none when there are no workers.
    pub landlock: Option<Landlock>,
    /// The version of libheif that was found, or why none was.
    pub libheif: Result<String, String>,
    /// Why there are no workers at all, when there are none.
    pub absence: Option<String>,
}

impl CodecWorkers {
    /// Starts a first worker to hear what it can do. Blocks for some ten milliseconds, at most ten
    /// seconds. Where no worker can be started there is nothing that can be read or written, and
    /// the report says why.
    #[must_use]
    pub fn find(program: Program, settings: &Settings) -> Self {
        let find = || {
            let pool = Pool::new(program, settings.bounds())?;
            let lease = pool.lease(Instant::now() + FIND_MAX)?;
            let abilities = Abilities::from_bytes(lease.greeting())
                .ok_or_else(|| SandboxError::malformed("a greeting that is none"))?;
            lease.finish();
            Ok((pool, abilities))
        };
        Self {
            found: find().map_err(|error: SandboxError| error.to_string()),
        }
    }

    /// What works here, for the operator.
    #[must_use]
    pub fn report(&self) -> Report {
        match &self.found {
            Ok((_, abilities)) => Report {
                reads: abilities.reads.clone(),
                writes: abilities.writes.clone(),
                landlock: Some(abilities.landlock),
                libheif: abilities.libheif.clone(),
                absence: None,
            },
            Err(cause) => Report {
                reads: Vec::new(),
                writes: Vec::new(),
                landlock: None,
                libheif: Err(cause.clone()),
                absence: Some(cause.clone()),
            },
        }
    }

    fn pool(&self) -> Result<&Pool, CodecError> {
        match &self.found {
            Ok((pool, _)) => Ok(pool),
            Err(cause) => Err(CodecError::Stopped {
                by: StoppedBy::Absence,
                cause: cause.clone(),
            }),
        }
    }

    /// A worker that is given nothing but pixels.
    fn lease(&self, deadline: Instant) -> Result<Lease, CodecError> {
        self.pool()?.lease(deadline).map_err(stopped)
    }
}

impl ExternalCodecs for CodecWorkers {
    fn reads(&self) -> Vec<Format> {
        self.report().reads
    }

    fn writes(&self) -> Vec<Encoding> {
        self.report().writes
    }

    fn decode(
        &self,
        format: Format,
        file: &[u8],
        pixels_max: u64,
        deadline: Instant,
    ) -> Result<Pixels, CodecError> {
        let (width, height) = size_to_be(format, file, pixels_max)?;
        // Never released: the one whose file took the worker over would else see, and make, what is
        // next of somebody else's.
        let mut lease = self.pool()?.lease_once(deadline).map_err(stopped)?;
        let request = Request::Decode {
            pixels_max,
            width,
            height,
        };
        lease.send(&[&request.to_bytes()]).map_err(stopped)?;
        lease.send(&[file]).map_err(stopped)?;
        let head = match response(&mut lease)? {
            Ok(head) => head,
            Err(cause) => return Err(CodecError::Broken { cause }),
        };
        let (picture, length) = picture_of_size(&head, (width, height))?;
        let bytes = lease.receive(length).map_err(stopped)?;
        if bytes.len() != length {
            return Err(malformed("fewer pixels than it said"));
        }
        Ok(pixels(picture, bytes))
    }

    fn encode(
        &self,
        pixels: &Pixels,
        encoding: Encoding,
        quality: u8,
        memory: EncoderMemory,
        deadline: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        let Pixels {
            width,
            height,
            ref bytes,
            has_alpha,
            ..
        } = *pixels;
        if pixel_bytes(width, height, has_alpha) != Some(bytes.len()) {
            return Err(refused(
                "the pixels to encode are not as many as their size says",
            ));
        }
        let mut lease = match encoding {
            Encoding::WebP => self.lease(deadline)?,
            // Its heap is left in pieces, which would count against the next picture.
            Encoding::Avif => self.pool()?.lease_once(deadline).map_err(stopped)?,
        };
        // Opacity is a picture of its own.
        let pictures = if has_alpha { 2 } else { 1 };
        let memory_bytes = encoding.encoder_bytes(width, height, memory) * pictures;
        lease.allow_memory(memory_bytes).map_err(stopped)?;
        let request = Request::Encode {
            encoding,
            quality,
            width,
            height,
            has_alpha,
        };
        lease.send(&[&request.to_bytes()]).map_err(stopped)?;
        lease.send(&[bytes]).map_err(stopped)?;
        let format = match encoding {
            Encoding::WebP => Format::WebP,
            Encoding::Avif => Format::Avif,
        };
        file(lease, bytes.len(), format, (width, height))
    }

    fn encode_animation(
        &self,
        (width, height): (u32, u32),
        frames: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        loops: u16,
        quality: u8,
        deadline: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        let mut lease = self.lease(deadline)?;
        let request = Request::Animate {
            quality,
            width,
            height,
            loops,
        };
        lease.send(&[&request.to_bytes()]).map_err(stopped)?;
        let mut sent = 0;
        for frame in frames {
            let Frame { bytes, duration_ms } = frame?;
            if pixel_bytes(width, height, true) != Some(bytes.len()) {
                return Err(refused("a frame is not as large as its canvas"));
            }
            lease
                .send(&[&duration_ms.to_le_bytes(), &bytes])
                .map_err(stopped)?;
            sent += bytes.len() + CONTAINER_BYTES_MAX;
        }
        lease.send(&[]).map_err(stopped)?;
        let bytes_max = sent.min(ANIMATION_RESPONSE_BYTES_MAX);
        file(lease, bytes_max, Format::WebP, (width, height))
    }
}

/// The size that a file's header says: nothing else is decoded or taken for a response.
fn size_to_be(format: Format, file: &[u8], pixels_max: u64) -> Result<(u32, u32), CodecError> {
    // The caller has held the header against limits of their own.
    let limits = Limits {
        pixels_max,
        side_max: u32::MAX,
        memory_bytes_max: u64::MAX,
        ..Limits::default()
    };
    let header = read_header(file, &limits, &FormatSet::new([format]))?;
    Ok((header.width, header.height))
}

/// Reads the head of a picture, and how many bytes its pixels take, before any of them is received.
fn picture_of_size(head: &[u8], size: (u32, u32)) -> Result<(Picture, usize), CodecError> {
    let picture = Picture::from_bytes(head)
        .filter(|picture| picture.profile.len() <= PROFILE_BYTES_MAX)
        .ok_or_else(|| malformed("the head of a picture that is none"))?;
    let length = pixel_bytes(picture.width, picture.height, picture.has_alpha)
        .filter(|_| (picture.width, picture.height) == size)
        .ok_or_else(|| malformed("a picture of another size than its header says"))?;
    Ok((picture, length))
}

/// Reads the head of a response: what follows, or why nothing does.
fn response(lease: &mut Lease) -> Result<Result<Vec<u8>, String>, CodecError> {
    let head = lease.receive(HEAD_BYTES_MAX).map_err(stopped)?;
    let response = protocol::response_from_bytes(&head);
    let response = response.ok_or_else(|| malformed("an answer that is neither good nor bad"))?;
    Ok(response.map(<[u8]>::to_vec))
}

/// Reads the response to encoding so many bytes of pixels, and gives the worker back: it has seen
/// nothing but pixels.
fn file(
    mut lease: Lease,
    pixel_bytes: usize,
    format: Format,
    size: (u32, u32),
) -> Result<Vec<u8>, CodecError> {
    if let Err(cause) = response(&mut lease)? {
        lease.finish();
        return Err(refused(cause));
    }
    let file = lease
        .receive(pixel_bytes + CONTAINER_BYTES_MAX)
        .map_err(stopped)?;
    let header = read_header(&file, &Limits::default(), &FormatSet::new([format]));
    if !header.is_ok_and(|header| (header.width, header.height) == size) {
        return Err(malformed("a file that is not what was asked for"));
    }
    lease.finish();
    Ok(file)
}

fn pixels(picture: Picture, bytes: Vec<u8>) -> Pixels {
    let profile = if picture.profile.is_empty() {
        profile_of_code_points(picture.primaries, picture.transfer)
    } else {
        Some(picture.profile)
    };
    Pixels {
        width: picture.width,
        height: picture.height,
        bytes,
        has_alpha: picture.has_alpha,
        profile,
    }
}

/// What a picture's pixels take; none when that is nothing, or more than can be.
fn pixel_bytes(width: u32, height: u32, has_alpha: bool) -> Option<usize> {
    let pixels = (width as usize).checked_mul(height as usize)?;
    let bytes = pixels.checked_mul(if has_alpha { 4 } else { 3 })?;
    (bytes > 0).then_some(bytes)
}

/// Nothing is known against the picture that the pixels are of: it was decoded.
fn refused(cause: impl Into<String>) -> CodecError {
    CodecError::Stopped {
        by: StoppedBy::Refusal,
        cause: cause.into(),
    }
}

fn malformed(cause: &str) -> CodecError {
    stopped(SandboxError::malformed(cause))
}

#[allow(clippy::needless_pass_by_value)] // so that it can be handed to `map_err`
fn stopped(error: SandboxError) -> CodecError {
    let by = match error {
        SandboxError::Absent { .. } | SandboxError::Busy { .. } => StoppedBy::Absence,
        SandboxError::Deadline | SandboxError::ProcessorTime { .. } => StoppedBy::Deadline,
        SandboxError::Died { .. } | SandboxError::Rubbish { .. } => StoppedBy::Crash,
    };
    CodecError::Stopped {
        by,
        cause: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_of_another_size_is_refused_by_its_head() {
        let head = |width, height, has_alpha| {
            let picture = Picture {
                width,
                height,
                has_alpha,
                primaries: 1,
                transfer: 13,
                profile: Vec::new(),
            };
            picture.to_bytes()
        };
        let (_, length) = picture_of_size(&head(300, 200, true), (300, 200)).unwrap();
        assert_eq!(length, 300 * 200 * 4);
        // As many pixels, fewer, more, and none.
        for (width, height) in [(200, 300), (60_000, 1), (300, 199), (301, 200), (0, 200)] {
            let error = picture_of_size(&head(width, height, false), (300, 200)).unwrap_err();
            assert!(error.cause().contains("another size"), "{error:?}");
        }
        assert!(picture_of_size(&head(300, 200, false)[..12], (300, 200)).is_err());
    }
}
