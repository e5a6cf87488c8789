//! HEIC and AVIF, by libheif, where the machine has it.
#![allow(unsafe_code)]

mod encode;
mod library;

use std::ffi::{c_int, c_void};
use std::ptr;

use self::library::{
    CHANNEL_INTERLEAVED, CHROMA_INTERLEAVED_RGB, CHROMA_INTERLEAVED_RGBA, COLORSPACE_RGB, Functions,
};
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

    /// The primary picture of a file, turned, mirrored and cropped as the file says.
    pub(super) fn decode(&self, file: &[u8], pixels_max: u64) -> Result<Decoded<'_>, Refusal> {
        let library = &self.functions;
        let context = Owned::new(self.context(pixels_max)?, library.context_free);
        let mut handle = ptr::null_mut();
        // SAFETY: the file outlives the context, which does not copy it, and everything made from the context is released
        // before it; an option that is null is none.
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
        let pixels = i64::from(width) * i64::from(height);
        if u64::try_from(pixels).is_ok_and(|pixels| pixels > pixels_max) {
            return Err(format!(
                "{width} by {height} pixels are more than {pixels_max}"
            ));
        }
        let profile = self.profile(&handle)?;
        let (primaries, transfer) = self.code_points(&handle);
        let image = self.pixels(&handle, has_alpha)?;
        Decoded::new(
            library,
            image,
            has_alpha,
            is_premultiplied && has_alpha,
            |width, height| Picture {
                width,
                height,
                has_alpha,
                primaries,
                transfer,
                profile,
            },
        )
    }

    /// A context that takes no more than so many pixels.
    fn context(&self, pixels_max: u64) -> Result<library::Context, Refusal> {
        let library = &self.functions;
        // SAFETY: the context is new; its limits live as long as it does, and the field that is set is in every version.
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

    /// What the numbers mean, where the container says so: primaries and transfer.
    fn code_points(&self, handle: &Owned) -> (u16, u16) {
        let mut nclx = ptr::null_mut();
        // SAFETY: the handle is alive; what the library gives is read once and given back.
        unsafe {
            let found = (self.functions.handle_nclx)(handle.pointer, &raw mut nclx).check();
            let Some(fields) = nclx.as_ref().filter(|_| found.is_ok()) else {
                return (UNSPECIFIED, UNSPECIFIED);
            };
            let point = |point: c_int| u16::try_from(point).unwrap_or(UNSPECIFIED);
            let points = (point(fields.primaries), point(fields.transfer));
            (self.functions.nclx_free)(nclx);
            points
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
        // SAFETY: handle and options are alive; the field that is set is there in versions that say so.
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

fn version_name(version: u32) -> String {
    let [major, minor, patch, _] = version.to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

/// Something of the library's that is given back when it is dropped.
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

/// A decoded picture, still in the library's memory.
pub(super) struct Decoded<'l> {
    picture: Picture,
    rows: Rows<'l>,
    /// Keeps the rows alive.
    _image: Owned,
}

enum Rows<'l> {
    Borrowed(Vec<&'l [u8]>),
    /// With opacity taken out of the colours again.
    Own(Vec<u8>),
}

impl<'l> Decoded<'l> {
    fn new(
        library: &'l Functions,
        image: Owned,
        has_alpha: bool,
        is_premultiplied: bool,
        picture: impl FnOnce(u32, u32) -> Picture,
    ) -> Result<Self, Refusal> {
        let mut stride = 0;
        // SAFETY: the image is alive.
        let (width, height, depth, plane) = unsafe {
            (
                (library.image_width)(image.pointer, CHANNEL_INTERLEAVED),
                (library.image_height)(image.pointer, CHANNEL_INTERLEAVED),
                (library.image_depth)(image.pointer, CHANNEL_INTERLEAVED),
                (library.image_plane)(image.pointer, CHANNEL_INTERLEAVED, &raw mut stride),
            )
        };
        let channels = if has_alpha { 4 } else { 3 };
        let size = |side: c_int| usize::try_from(side).unwrap_or(0);
        let (columns, lines, stride) = (size(width), size(height), size(stride));
        let row_bytes = columns * channels;
        if plane.is_null() || row_bytes == 0 || lines == 0 || stride < row_bytes {
            return Err("libheif gave no pixels".to_owned());
        }
        if size(depth) != channels * 8 {
            return Err(format!("libheif gave pixels of {depth} bits"));
        }
        // SAFETY: the plane has so many rows of so many bytes, each a stride after the last, and lives as long as the image,
        // which is kept beside the rows and dropped with them.
        let rows: Vec<&[u8]> = (0..lines)
            .map(|line| unsafe { std::slice::from_raw_parts(plane.add(line * stride), row_bytes) })
            .collect();
        let rows = if is_premultiplied {
            Rows::Own(without_opacity(&rows))
        } else {
            Rows::Borrowed(rows)
        };
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        Ok(Self {
            picture: picture(side(columns), side(lines)),
            rows,
            _image: image,
        })
    }

    pub(super) const fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(super) fn rows(&self) -> Vec<&[u8]> {
        match &self.rows {
            Rows::Borrowed(rows) => rows.clone(),
            Rows::Own(pixels) => vec![pixels],
        }
    }
}

/// The colours as they are where nothing shines through.
fn without_opacity(rows: &[&[u8]]) -> Vec<u8> {
    let mut pixels = rows.concat();
    let (whole, _) = pixels.as_chunks_mut::<4>();
    for [red, green, blue, alpha] in whole {
        let alpha = u32::from(*alpha);
        for color in [red, green, blue] {
            let scaled = (u32::from(*color) * 255 + alpha / 2).checked_div(alpha);
            *color = u8::try_from(scaled.unwrap_or(0)).unwrap_or(255);
        }
    }
    pixels
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
