//! What the two processes say to each other. They are the same file of the same version, so there
//! is no versioning.
//!
//! The worker greets with its [`Abilities`]. A request is its head, one message, and then what it
//! is about: the file, the pixels, or each frame and an empty message after the last. A response is
//! its head and, when that is good, the pixels or the file. Numbers are little-endian.

use business_media_codec::{Encoding, Format};
use infra_sandbox::Landlock;

/// The most that a head may be, in bytes: a few numbers, and in a response a profile or a cause.
pub(crate) const HEAD_BYTES_MAX: usize = PROFILE_BYTES_MAX + 64;
/// The largest colour profile that is carried, in bytes; larger ones count as none.
pub(crate) const PROFILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most that a worker reads at once, in bytes. Its memory limit is what really bounds it.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 30;
/// A frame's message begins with its duration.
pub(crate) const FRAME_PREFIX_BYTES: usize = 4;

/// A request to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Followed by the file. The size is what its header says, upright.
    Decode {
        pixels_max: u64,
        width: u32,
        height: u32,
    },
    /// Followed by the pixels.
    Encode {
        encoding: Encoding,
        quality: u8,
        width: u32,
        height: u32,
        has_alpha: bool,
    },
    /// Followed by the frames.
    Animate {
        quality: u8,
        width: u32,
        height: u32,
        loops: u16,
    },
}

/// What a decoded picture is; its pixels follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) has_alpha: bool,
    /// What its numbers mean, by the code points of ITU-T H.273.
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    /// Empty when there is none.
    pub(crate) profile: Vec<u8>,
}

/// What a worker can do on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Abilities {
    pub(crate) reads: Vec<Format>,
    pub(crate) writes: Vec<Encoding>,
    pub(crate) landlock: Landlock,
    /// The version of libheif, or why there is none.
    pub(crate) libheif: Result<String, String>,
}

impl Request {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Decode {
                pixels_max,
                width,
                height,
            } => {
                bytes.push(0);
                bytes.extend(pixels_max.to_le_bytes());
                bytes.extend(width.to_le_bytes());
                bytes.extend(height.to_le_bytes());
            }
            Self::Encode {
                encoding,
                quality,
                width,
                height,
                has_alpha,
            } => {
                bytes.extend([1, u8::from(encoding == Encoding::Avif), quality]);
                bytes.extend(width.to_le_bytes());
                bytes.extend(height.to_le_bytes());
                bytes.push(u8::from(has_alpha));
            }
            Self::Animate {
                quality,
                width,
                height,
                loops,
            } => {
                bytes.extend([2, quality]);
                bytes.extend(width.to_le_bytes());
                bytes.extend(height.to_le_bytes());
                bytes.extend(loops.to_le_bytes());
            }
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        Some(match reader.byte()? {
            0 => Self::Decode {
                pixels_max: u64::from_le_bytes(reader.bytes()?),
                width: reader.number()?,
                height: reader.number()?,
            },
            1 => Self::Encode {
                encoding: if reader.flag()? {
                    Encoding::Avif
                } else {
                    Encoding::WebP
                },
                quality: reader.byte()?,
                width: reader.number()?,
                height: reader.number()?,
                has_alpha: reader.flag()?,
            },
            2 => Self::Animate {
                quality: reader.byte()?,
                width: reader.number()?,
                height: reader.number()?,
                loops: u16::from_le_bytes(reader.bytes()?),
            },
            _ => return None,
        })
    }
}

/// The head of a response: a description of what follows, or why nothing does.
pub(crate) fn response_to_bytes(response: Result<&[u8], &str>) -> Vec<u8> {
    let (kind, rest) = match response {
        Ok(head) => (0, head),
        Err(cause) => (1, cause.as_bytes()),
    };
    let mut bytes = vec![kind];
    bytes.extend(&rest[..rest.len().min(HEAD_BYTES_MAX - 1)]);
    bytes
}

pub(crate) fn response_from_bytes(bytes: &[u8]) -> Option<Result<&[u8], String>> {
    let (kind, rest) = bytes.split_first()?;
    match kind {
        0 => Some(Ok(rest)),
        1 => Some(Err(String::from_utf8_lossy(rest).into_owned())),
        _ => None,
    }
}

impl Picture {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.width.to_le_bytes());
        bytes.extend(self.height.to_le_bytes());
        bytes.push(u8::from(self.has_alpha));
        bytes.extend(self.primaries.to_le_bytes());
        bytes.extend(self.transfer.to_le_bytes());
        bytes.extend(&self.profile);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        Some(Self {
            width: reader.number()?,
            height: reader.number()?,
            has_alpha: reader.flag()?,
            primaries: u16::from_le_bytes(reader.bytes()?),
            transfer: u16::from_le_bytes(reader.bytes()?),
            profile: reader.0.to_vec(),
        })
    }
}

impl Abilities {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let landlock = match self.landlock {
            Landlock::Full => 0,
            Landlock::Partial => 1,
            Landlock::Absent => 2,
        };
        let (found, text) = match &self.libheif {
            Ok(version) => (1, version),
            Err(cause) => (0, cause),
        };
        let mut bytes = vec![
            u8::from(self.reads.contains(&Format::Avif)),
            u8::from(self.reads.contains(&Format::Heic)),
            u8::from(self.writes.contains(&Encoding::WebP)),
            u8::from(self.writes.contains(&Encoding::Avif)),
            landlock,
            found,
        ];
        bytes.extend(text.as_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let mut reads = Vec::new();
        for format in [Format::Avif, Format::Heic] {
            if reader.flag()? {
                reads.push(format);
            }
        }
        let mut writes = Vec::new();
        for encoding in [Encoding::WebP, Encoding::Avif] {
            if reader.flag()? {
                writes.push(encoding);
            }
        }
        let landlock = match reader.byte()? {
            0 => Landlock::Full,
            1 => Landlock::Partial,
            _ => Landlock::Absent,
        };
        let found = reader.flag()?;
        let text = String::from_utf8_lossy(reader.0).into_owned();
        Some(Self {
            reads,
            writes,
            landlock,
            libheif: if found { Ok(text) } else { Err(text) },
        })
    }
}

/// Bytes that are read from the front.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Option<bool> {
        self.byte().map(|byte| byte != 0)
    }

    fn number(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_heard() {
        let requests = [
            Request::Decode {
                pixels_max: 5_000_000_000,
                width: 80_000,
                height: 7,
            },
            Request::Encode {
                encoding: Encoding::Avif,
                quality: 55,
                width: 70_000,
                height: 3,
                has_alpha: true,
            },
            Request::Animate {
                quality: 80,
                width: 1,
                height: 70_000,
                loops: 300,
            },
        ];
        for request in requests {
            assert_eq!(Request::from_bytes(&request.to_bytes()), Some(request));
        }
        let picture = Picture {
            width: 70_000,
            height: 2,
            has_alpha: true,
            primaries: 12,
            transfer: 300,
            profile: b"profile".to_vec(),
        };
        assert_eq!(Picture::from_bytes(&picture.to_bytes()), Some(picture));
        let abilities = Abilities {
            reads: vec![Format::Heic],
            writes: vec![Encoding::WebP],
            landlock: Landlock::Partial,
            libheif: Err("not found".to_owned()),
        };
        assert_eq!(
            Abilities::from_bytes(&abilities.to_bytes()),
            Some(abilities)
        );
    }

    #[test]
    fn what_is_cut_short_says_nothing() {
        let whole = Request::Decode {
            pixels_max: 1,
            width: 1,
            height: 1,
        };
        let whole = whole.to_bytes();
        for length in 0..whole.len() {
            assert_eq!(Request::from_bytes(&whole[..length]), None);
        }
        assert_eq!(response_from_bytes(&[]), None);
        assert_eq!(response_from_bytes(&[9, 1, 2]), None);
        assert_eq!(Picture::from_bytes(&[0; 12]), None);
        assert_eq!(Abilities::from_bytes(&[1; 5]), None);
    }
}
