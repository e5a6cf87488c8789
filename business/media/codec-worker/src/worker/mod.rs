//! The side that works: loads what there is, gives everything else up, and serves one request after
//! the other.
//!
//! Nothing is caught here. A panic, an abort or a bad access ends the process, and the other side
//! makes an error of it.

mod heif;
mod webp;

use std::io;

use business_media_codec::{Encoding, Format};
use infra_sandbox::Inside;

use crate::protocol::{
    Abilities, FRAME_PREFIX_BYTES, HEAD_BYTES_MAX, PAYLOAD_BYTES_MAX, Request, response_to_bytes,
};
use heif::{Compression, Heif};

/// Why a picture cannot be read or written, for the log.
type Refusal = String;

/// Works until the other side hangs up. Standard input and output must be its pipes.
///
/// # Errors
/// When nobody is there who speaks as the other side does, or the process cannot be confined.
pub fn serve_worker() -> io::Result<()> {
    let mut inside = Inside::enter()?;
    let heif = Heif::load();
    let (reads, writes) = abilities(&heif);
    let landlock = inside.confine()?;
    let abilities = Abilities {
        reads,
        writes,
        landlock,
        libheif: heif.as_ref().map(Heif::version).map_err(Clone::clone),
    };
    inside.send(&[&abilities.to_bytes()])?;
    while let Some(head) = inside.receive(HEAD_BYTES_MAX)? {
        let request = Request::from_bytes(&head).ok_or_else(|| io::Error::other("no request"))?;
        match request {
            Request::Decode {
                pixels_max,
                width,
                height,
            } => decode(&mut inside, &heif, pixels_max, (width, height))?,
            Request::Encode { .. } => encode(&mut inside, &heif, request)?,
            Request::Animate {
                quality,
                width,
                height,
                loops,
            } => {
                let animation = webp::Animation::new((width, height), loops, quality);
                animate(&mut inside, animation)?;
            }
        }
    }
    Ok(())
}

/// The library is asked for each: it may have been built or installed without some.
fn abilities(heif: &Result<Heif, Refusal>) -> (Vec<Format>, Vec<Encoding>) {
    let (mut reads, mut writes) = (Vec::new(), vec![Encoding::WebP]);
    if let Ok(heif) = heif {
        if heif.reads(Compression::Av1) {
            reads.push(Format::Avif);
        }
        if heif.reads(Compression::Hevc) {
            reads.push(Format::Heic);
        }
        if heif.writes(Compression::Av1) {
            writes.push(Encoding::Avif);
        }
    }
    (reads, writes)
}

fn payload(inside: &mut Inside) -> io::Result<Vec<u8>> {
    let payload = inside.receive(PAYLOAD_BYTES_MAX)?;
    payload.ok_or_else(|| io::Error::other("a request that ends after its head"))
}

fn decode(
    inside: &mut Inside,
    heif: &Result<Heif, Refusal>,
    pixels_max: u64,
    size: (u32, u32),
) -> io::Result<()> {
    let file = payload(inside)?;
    let heif = heif.as_ref().map_err(Clone::clone);
    match heif.and_then(|heif| heif.decode(&file, pixels_max, size)) {
        Ok(decoded) => {
            inside.send(&[&response_to_bytes(Ok(&decoded.picture().to_bytes()))])?;
            inside.send(&decoded.rows())
        }
        Err(refusal) => inside.send(&[&response_to_bytes(Err(&refusal))]),
    }
}

fn encode(inside: &mut Inside, heif: &Result<Heif, Refusal>, request: Request) -> io::Result<()> {
    let Request::Encode {
        encoding,
        quality,
        width,
        height,
        has_alpha,
    } = request
    else {
        return Ok(());
    };
    let source = Source {
        width,
        height,
        has_alpha,
        bytes: &payload(inside)?,
    };
    let file = match encoding {
        Encoding::WebP => webp::encode(&source, quality),
        Encoding::Avif => heif
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|heif| heif.encode_avif(&source, quality)),
    };
    respond_to_file(inside, file)
}

/// Reads every frame, also after one that was refused: the other side speaks first to the end.
fn animate(inside: &mut Inside, mut animation: Result<webp::Animation, Refusal>) -> io::Result<()> {
    loop {
        let message = payload(inside)?;
        if message.is_empty() {
            break;
        }
        let (duration, bytes) = message
            .split_first_chunk::<FRAME_PREFIX_BYTES>()
            .ok_or_else(|| io::Error::other("no frame"))?;
        let duration_ms = u32::from_le_bytes(*duration);
        if let Ok(so_far) = &mut animation
            && let Err(refusal) = so_far.add(bytes, duration_ms)
        {
            animation = Err(refusal);
        }
    }
    respond_to_file(inside, animation.and_then(webp::Animation::finish))
}

fn respond_to_file(inside: &mut Inside, file: Result<Vec<u8>, Refusal>) -> io::Result<()> {
    match file {
        Ok(file) => {
            inside.send(&[&response_to_bytes(Ok(&[]))])?;
            inside.send(&[&file])
        }
        Err(refusal) => inside.send(&[&response_to_bytes(Err(&refusal))]),
    }
}

/// Pixels that are to be encoded.
struct Source<'p> {
    width: u32,
    height: u32,
    has_alpha: bool,
    bytes: &'p [u8],
}

impl Source<'_> {
    fn row_bytes(&self) -> usize {
        self.width as usize * if self.has_alpha { 4 } else { 3 }
    }

    /// The sides as C wants them, when the pixels are as many as they say.
    fn sides(&self) -> Result<(i32, i32), Refusal> {
        if self.bytes.len() != self.row_bytes() * self.height as usize {
            return Err("the pixels are not as many as their size says".to_owned());
        }
        let side = |side: u32| i32::try_from(side).map_err(|error| error.to_string());
        Ok((side(self.width)?, side(self.height)?))
    }
}
