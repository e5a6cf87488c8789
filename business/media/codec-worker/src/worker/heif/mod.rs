//! HEIC and AVIF, by libheif, where the machine has it.
#![allow(unsafe_code)]

mod decoded;
mod encode;
mod gray;
mod library;

use std::ffi::{c_int, c_void};
use std::ptr;

use business_media_codec::is_monochrome;

use self::decoded::{Decoded, Planes};
use self::library::{CHROMA_INTERLEAVED_RGB, CHROMA_INTERLEAVED_RGBA, COLORSPACE_RGB, Functions};
use super::Refusal;
use crate::protocol::{PROFILE_BYTES_MAX, Picture};

/// The code point that says "not said".
const UNSPECIFIED: u16 = 2;
/// The longest side that the library may be asked for, in pixels.
const SIDE_MAX: u64 = 65_535;

/// How a picture in the container is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Hevc = 1,
    Av1 = 4,
}

/// What a picture's numbers mean, by the code points of ITU-T H.273.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    primaries: u16,
    transfer: u16,
    is_full_range: bool,
}

/// The library, ready for use.
pub(super) struct Heif {
    functions: Functions,
    version: u32,
}

impl Heif {
    /// Loads the library and the plugins that it loads in its turn.
    pub(super) fn load() -> Result<Self, Refusal> {
        let functions = library::load()?;
        // SAFETY: no parameters are a valid argument.
        let version = unsafe {
            (functions.init)(ptr::null()).check()?;
            (functions.version)()
        };
        if version < library::VERSION_MIN {
            return Err(format!(
                "libheif {} is too old; 1.15 is the first that is used",
                version_name(version)
            ));
        }
        Ok(Self { functions, version })
    }

    pub(super) fn version(&self) -> String {
        version_name(self.version)
    }

    pub(super) fn reads(&self, compression: Compression) -> bool {
        // SAFETY: takes and gives a number.
        unsafe { (self.functions.have_decoder)(compression as c_int) != 0 }
    }

    pub(super) fn writes(&self, compression: Compression) -> bool {
        // SAFETY: takes and gives a number.
        unsafe { (self.functions.have_encoder)(compression as c_int) != 0 }
    }

    /// The primary picture of a file, turned, mirrored and cropped as the file says. It must then
    /// have the size that it is said to have: by the library's own reading of the file, before a
    /// pixel is decoded, and by its pixels.
    pub(super) fn decode(
        &self,
        file: &[u8],
        pixels_max: u64,
        size: (u32, u32),
    ) -> Result<Decoded<'_>, Refusal> {
        let library = &self.functions;
        let context = Owned::new(self.context(pixels_max)?, library.context_free);
        let mut handle = ptr::null_mut();
        // SAFETY: the file outlives the context, which does not copy it, and everything made from
        // the context is released before it; an option that is null is none.
        unsafe {
            (library.context_read)(
                context.pointer,
                file.as_ptr().cast(),
                file.len(),
                ptr::null(),
            )
            .check()?;
            (library.primary_handle)(context.pointer, &raw mut handle).check()?;
        }
        let handle = Owned::new(handle, library.handle_release);
        // SAFETY: the handle is alive.
        let (width, height, has_alpha, is_premultiplied) = unsafe {
            (
                (library.handle_width)(handle.pointer),
                (library.handle_height)(handle.pointer),
                (library.handle_has_alpha)(handle.pointer) != 0,
                (library.handle_is_premultiplied)(handle.pointer) != 0,
            )
        };
        check_size((width, height), size)?;
        let profile = self.profile(&handle)?;
        let meaning = self.meaning(&handle);
        let gray = if is_monochrome(file) {
            self.gray(&handle, meaning, size, has_alpha)?
        } else {
            None
        };
        let planes = match gray {
            Some(pixels) => Planes::own(pixels),
            None => Planes::of_library(library, self.pixels(&handle, has_alpha)?, size, has_alpha)?,
        };
        let picture = Picture {
            width: size.0,
            height: size.1,
            has_alpha,
            primaries: meaning.map_or(UNSPECIFIED, |meaning| meaning.primaries),
            transfer: meaning.map_or(UNSPECIFIED, |meaning| meaning.transfer),
            profile,
        };
        Ok(Decoded::new(picture, planes, is_premultiplied && has_alpha))
    }

    /// A context that takes no more than so many pixels.
    fn context(&self, pixels_max: u64) -> Result<library::Context, Refusal> {
        let library = &self.functions;
        // SAFETY: the context is new; its limits live as long as it does, and the field that is set
        // is in every version.
        unsafe {
            let context = (library.context_alloc)();
            if context.is_null() {
                return Err("libheif has no memory for a context".to_owned());
            }
            // The tiles of a picture one after the other: other pictures use the other processors.
            (library.context_limit_threads)(context, 0);
            let side = pixels_max.min(SIDE_MAX);
            (library.context_limit_side)(context, c_int::try_from(side).unwrap_or(c_int::MAX));
            if let Some(security_limits) = library.security_limits
                && let Some(limits) = security_limits(context).as_mut()
            {
                limits.image_pixels_max = pixels_max;
            }
            Ok(context)
        }
    }

    /// The ICC profile; empty when there is none, or one too large to be one.
    fn profile(&self, handle: &Owned) -> Result<Vec<u8>, Refusal> {
        // SAFETY: the handle is alive, and the profile is as long as the library says.
        unsafe {
            let length = (self.functions.handle_profile_size)(handle.pointer);
            if length == 0 || length > PROFILE_BYTES_MAX {
                return Ok(Vec::new());
            }
            let mut profile = vec![0; length];
            (self.functions.handle_profile)(handle.pointer, profile.as_mut_ptr().cast()).check()?;
            Ok(profile)
        }
    }

    /// What the numbers mean, where the container says so.
    fn meaning(&self, handle: &Owned) -> Option<Meaning> {
        // SAFETY: the handle is alive, and the library gives something that is released.
        self.meaning_by(|nclx| unsafe { (self.functions.handle_nclx)(handle.pointer, nclx) })
    }

    fn meaning_by(
        &self,
        ask: impl FnOnce(*mut *mut library::Nclx) -> library::Error,
    ) -> Option<Meaning> {
        let mut nclx = ptr::null_mut();
        let found = ask(&raw mut nclx).check();
        // SAFETY: what the library gave, or nothing; read once and released.
        unsafe {
            let fields = nclx.as_ref().filter(|_| found.is_ok())?;
            let point = |point: c_int| u16::try_from(point).unwrap_or(UNSPECIFIED);
            let meaning = Meaning {
                primaries: point(fields.primaries),
                transfer: point(fields.transfer),
                is_full_range: fields.full_range != 0,
            };
            (self.functions.nclx_free)(nclx);
            Some(meaning)
        }
    }

    /// The picture in interleaved bytes.
    fn pixels(&self, handle: &Owned, has_alpha: bool) -> Result<Owned, Refusal> {
        let library = &self.functions;
        let chroma = if has_alpha {
            CHROMA_INTERLEAVED_RGBA
        } else {
            CHROMA_INTERLEAVED_RGB
        };
        let mut image = ptr::null_mut();
        // SAFETY: handle and options are alive; the field that is set is there in versions that say
        // so.
        unsafe {
            let options = (library.options_alloc)();
            if let Some(options) = options.as_mut().filter(|options| options.version >= 2) {
                options.convert_hdr_to_8bit = 1;
            }
            let decoded = (library.decode)(
                handle.pointer,
                &raw mut image,
                COLORSPACE_RGB,
                chroma,
                options,
            );
            (library.options_free)(options);
            decoded.check()?;
        }
        Ok(Owned::new(image, library.image_release))
    }
}

/// Refuses a size of the library's that is not the one that the header says.
fn check_size((width, height): (c_int, c_int), size: (u32, u32)) -> Result<(), Refusal> {
    let side = |side: c_int| u32::try_from(side).unwrap_or(0);
    if (side(width), side(height)) == size {
        return Ok(());
    }
    let (header_width, header_height) = size;
    Err(format!(
        "libheif says {width} by {height} pixels, the header {header_width} by {header_height}"
    ))
}

fn version_name(version: u32) -> String {
    let [major, minor, patch, _] = version.to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

/// Something of the library's that is released when it is dropped.
struct Owned {
    pointer: *mut library::Opaque,
    release: unsafe extern "C" fn(*mut library::Opaque),
}

impl Owned {
    fn new(
        pointer: *mut library::Opaque,
        release: unsafe extern "C" fn(*mut library::Opaque),
    ) -> Self {
        Self { pointer, release }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.pointer.is_null() {
            // SAFETY: given by the library, released once, by the function that is meant for it.
            unsafe { (self.release)(self.pointer) };
        }
    }
}

/// Where the library writes a file to.
///
/// # Safety
/// `userdata` must be a `Vec<u8>` that nobody else uses, and `data` must be as long as `size` says.
unsafe extern "C" fn append(
    _: library::Context,
    data: *const c_void,
    size: usize,
    userdata: *mut c_void,
) -> library::Error {
    // SAFETY: as the caller promises.
    unsafe {
        let file = &mut *userdata.cast::<Vec<u8>>();
        file.extend_from_slice(std::slice::from_raw_parts(data.cast(), size));
    }
    library::Error::none()
}
