//! What is used of libheif: its functions, looked up by name, and its structures, as far as all
//! versions from 1.15 on have them in common. Everything is as in its `heif.h`.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::worker::Refusal;

/// The library's name, the same in every version with this interface.
const NAME: &str = "libheif.so.1";
/// 1.15, Debian 12's: older ones lack what bounds the size of pictures by and how deep colours are
/// made shallow.
pub(super) const VERSION_MIN: u32 = 0x010f_0000;

/// Something that only the library looks into.
pub(super) enum Opaque {}
pub(super) type Context = *mut Opaque;
pub(super) type Handle = *mut Opaque;
pub(super) type Image = *mut Opaque;
pub(super) type Encoder = *mut Opaque;

pub(super) const COLORSPACE_RGB: c_int = 1;
pub(super) const COLORSPACE_MONOCHROME: c_int = 2;
/// As the picture is compressed.
pub(super) const COLORSPACE_UNDEFINED: c_int = 99;
pub(super) const CHROMA_UNDEFINED: c_int = 99;
pub(super) const CHROMA_INTERLEAVED_RGB: c_int = 10;
pub(super) const CHROMA_INTERLEAVED_RGBA: c_int = 11;
pub(super) const CHANNEL_Y: c_int = 0;
pub(super) const CHANNEL_RED: c_int = 3;
pub(super) const CHANNEL_ALPHA: c_int = 6;
pub(super) const CHANNEL_INTERLEAVED: c_int = 10;

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Error {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

impl Error {
    /// What a callback returns when all is well.
    pub(super) const fn none() -> Self {
        Self {
            code: 0,
            subcode: 0,
            message: c"".as_ptr(),
        }
    }

    pub(super) fn check(self) -> Result<(), Refusal> {
        if self.code == 0 {
            return Ok(());
        }
        let message = if self.message.is_null() {
            String::new()
        } else {
            // SAFETY: the library's messages are constant, or live as long as the object that was
            // worked on.
            unsafe { CStr::from_ptr(self.message) }
                .to_string_lossy()
                .into_owned()
        };
        let Self { code, subcode, .. } = self;
        Err(format!("libheif says {code}.{subcode}: {message}"))
    }
}

/// The beginning of `heif_decoding_options`, up to what version 2 of it added.
#[repr(C)]
pub(super) struct DecodingOptions {
    pub(super) version: u8,
    ignore_transformations: u8,
    progress: [*const c_void; 4],
    pub(super) convert_hdr_to_8bit: u8,
}

/// The beginning of `heif_color_profile_nclx`.
#[repr(C)]
pub(super) struct Nclx {
    version: u8,
    pub(super) primaries: c_int,
    pub(super) transfer: c_int,
    pub(super) matrix: c_int,
    pub(super) full_range: u8,
}

/// The beginning of `heif_security_limits`, which libheif has since 1.19.
#[repr(C)]
pub(super) struct SecurityLimits {
    version: u8,
    pub(super) image_pixels_max: u64,
}

#[repr(C)]
pub(super) struct Writer {
    pub(super) version: c_int,
    pub(super) write: unsafe extern "C" fn(Context, *const c_void, usize, *mut c_void) -> Error,
}

/// Declares the table of functions and how it is filled.
macro_rules! functions {
    ($($field:ident = $symbol:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        pub(super) struct Functions {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            /// Since 1.19.
            pub(super) security_limits: Option<unsafe extern "C" fn(Context) -> *mut SecurityLimits>,
        }

        impl Functions {
            /// # Safety
            /// The library must be libheif.
            unsafe fn look_up(library: &Library) -> Result<Self, libloading::Error> {
                // SAFETY: the types are those of the library's header.
                unsafe {
                    Ok(Self {
                        $($field: *library.get($symbol)?,)*
                        security_limits: library
                            .get("heif_context_get_security_limits")
                            .ok()
                            .map(|symbol| *symbol),
                    })
                }
            }
        }
    };
}

functions! {
    init = "heif_init": fn(*const c_void) -> Error;
    version = "heif_get_version_number": fn() -> u32;
    have_decoder = "heif_have_decoder_for_format": fn(c_int) -> c_int;
    have_encoder = "heif_have_encoder_for_format": fn(c_int) -> c_int;
    context_alloc = "heif_context_alloc": fn() -> Context;
    context_free = "heif_context_free": fn(Context);
    context_read = "heif_context_read_from_memory_without_copy":
        fn(Context, *const c_void, usize, *const c_void) -> Error;
    context_limit_side = "heif_context_set_maximum_image_size_limit": fn(Context, c_int);
    context_limit_threads = "heif_context_set_max_decoding_threads": fn(Context, c_int);
    primary_handle = "heif_context_get_primary_image_handle": fn(Context, *mut Handle) -> Error;
    handle_release = "heif_image_handle_release": fn(Handle);
    handle_width = "heif_image_handle_get_width": fn(Handle) -> c_int;
    handle_height = "heif_image_handle_get_height": fn(Handle) -> c_int;
    handle_has_alpha = "heif_image_handle_has_alpha_channel": fn(Handle) -> c_int;
    handle_is_premultiplied = "heif_image_handle_is_premultiplied_alpha": fn(Handle) -> c_int;
    handle_profile_size = "heif_image_handle_get_raw_color_profile_size": fn(Handle) -> usize;
    handle_profile = "heif_image_handle_get_raw_color_profile": fn(Handle, *mut c_void) -> Error;
    handle_nclx = "heif_image_handle_get_nclx_color_profile": fn(Handle, *mut *mut Nclx) -> Error;
    nclx_alloc = "heif_nclx_color_profile_alloc": fn() -> *mut Nclx;
    nclx_free = "heif_nclx_color_profile_free": fn(*mut Nclx);
    options_alloc = "heif_decoding_options_alloc": fn() -> *mut DecodingOptions;
    options_free = "heif_decoding_options_free": fn(*mut DecodingOptions);
    decode = "heif_decode_image":
        fn(Handle, *mut Image, c_int, c_int, *const DecodingOptions) -> Error;
    image_create = "heif_image_create": fn(c_int, c_int, c_int, c_int, *mut Image) -> Error;
    image_add_plane = "heif_image_add_plane": fn(Image, c_int, c_int, c_int, c_int) -> Error;
    image_release = "heif_image_release": fn(Image);
    image_width = "heif_image_get_width": fn(Image, c_int) -> c_int;
    image_height = "heif_image_get_height": fn(Image, c_int) -> c_int;
    image_depth = "heif_image_get_bits_per_pixel": fn(Image, c_int) -> c_int;
    image_colorspace = "heif_image_get_colorspace": fn(Image) -> c_int;
    image_sample_bits = "heif_image_get_bits_per_pixel_range": fn(Image, c_int) -> c_int;
    image_nclx = "heif_image_get_nclx_color_profile": fn(Image, *mut *mut Nclx) -> Error;
    image_plane = "heif_image_get_plane_readonly": fn(Image, c_int, *mut c_int) -> *const u8;
    image_plane_mut = "heif_image_get_plane": fn(Image, c_int, *mut c_int) -> *mut u8;
    image_set_nclx = "heif_image_set_nclx_color_profile": fn(Image, *const Nclx) -> Error;
    encoder_get = "heif_context_get_encoder_for_format": fn(Context, c_int, *mut Encoder) -> Error;
    encoder_release = "heif_encoder_release": fn(Encoder);
    encoder_quality = "heif_encoder_set_lossy_quality": fn(Encoder, c_int) -> Error;
    encoder_number = "heif_encoder_set_parameter_integer":
        fn(Encoder, *const c_char, c_int) -> Error;
    encoder_word = "heif_encoder_set_parameter_string":
        fn(Encoder, *const c_char, *const c_char) -> Error;
    encode = "heif_context_encode_image":
        fn(Context, Image, Encoder, *const c_void, *mut Handle) -> Error;
    context_write = "heif_context_write": fn(Context, *mut Writer, *mut c_void) -> Error;
}

/// Finds the library, with everything it stands on: what is bound now need not be opened later,
/// when nothing can be.
pub(super) fn load() -> Result<Functions, Refusal> {
    // SAFETY: the dynamic linker runs what the library does at its start; it is the operator's own,
    // like the C library.
    let library = unsafe { Library::open(Some(NAME), RTLD_NOW | RTLD_LOCAL) }
        .map_err(|error| format!("{NAME} is not found: {}", cause(&error)))?;
    // SAFETY: that name is libheif's.
    let functions = unsafe { Functions::look_up(&library) }
        .map_err(|error| format!("{NAME} is too old: {}", cause(&error)))?;
    // Its functions are called until the process ends.
    std::mem::forget(library);
    Ok(functions)
}

/// The dynamic linker's own words.
fn cause(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
