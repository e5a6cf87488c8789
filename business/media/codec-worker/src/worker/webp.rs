//! WebP, by libwebp, which is built into the program.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::ptr;

use libwebp_sys as sys;

use super::{Refusal, Source};

/// How hard the encoder tries with a still picture and with each frame of an animation, of which
/// there are many; 0 to 6. See `docs/adr/0017` for what the steps cost and save.
const METHOD: c_int = 6;
const FRAME_METHOD: c_int = 4;

/// A lossy file of these pixels.
pub(super) fn encode(source: &Source<'_>, quality: u8) -> Result<Vec<u8>, Refusal> {
    let mut config = config(quality, METHOD)?;
    // Colours are stored at half the size; this looks for those that are nearest when they are
    // shown: see `docs/adr/0017`.
    config.use_sharp_yuv = 1;
    let mut picture = Picture::of(source)?;
    // SAFETY: the writer, the configuration and the picture outlive the call; the writer's memory
    // is copied before it is released.
    unsafe {
        let mut writer: sys::WebPMemoryWriter = std::mem::zeroed();
        sys::WebPMemoryWriterInit(&raw mut writer);
        picture.0.writer = Some(sys::WebPMemoryWrite);
        picture.0.custom_ptr = (&raw mut writer).cast();
        let done = sys::WebPEncode(&raw const config, &raw mut picture.0) != 0;
        let file = if done && !writer.mem.is_null() {
            Ok(std::slice::from_raw_parts(writer.mem, writer.size).to_vec())
        } else {
            Err(format!("libwebp says {:?}", picture.0.error_code))
        };
        sys::WebPMemoryWriterClear(&raw mut writer);
        file
    }
}

fn config(quality: u8, method: c_int) -> Result<sys::WebPConfig, Refusal> {
    // SAFETY: a structure of numbers, for which zero is a value, filled by the library.
    let config = unsafe {
        let mut config: sys::WebPConfig = std::mem::zeroed();
        sys::WebPInitConfig(&raw mut config).then_some(config)
    };
    let mut config = config.ok_or("libwebp is of another version than its header")?;
    config.quality = f32::from(quality.clamp(1, 100));
    config.method = method;
    Ok(config)
}

/// Pixels as the library holds them.
struct Picture(sys::WebPPicture);

impl Picture {
    fn of(source: &Source<'_>) -> Result<Self, Refusal> {
        let (width, height) = source.sides()?;
        let stride = c_int::try_from(source.row_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: the library fills the structure; the source has as many rows of so many bytes as
        // it is told, which `sides` has checked, and is copied.
        unsafe {
            let mut picture = Self(std::mem::zeroed());
            if !sys::WebPPictureInit(&raw mut picture.0) {
                return Err("libwebp is of another version than its header".to_owned());
            }
            (picture.0.width, picture.0.height) = (width, height);
            // Kept as colours until the configuration is known; animations are compared frame by
            // frame as colours, too.
            picture.0.use_argb = 1;
            let import = if source.has_alpha {
                sys::WebPPictureImportRGBA
            } else {
                sys::WebPPictureImportRGB
            };
            if import(&raw mut picture.0, source.bytes.as_ptr(), stride) == 0 {
                return Err(format!("libwebp says {:?}", picture.0.error_code));
            }
            Ok(picture)
        }
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: initialised by the library, freed once.
        unsafe { sys::WebPPictureFree(&raw mut self.0) };
    }
}

/// An animation that grows by a frame at a time. It holds what is encoded, and of pixels those of
/// two or three frames.
pub(super) struct Animation {
    encoder: ptr::NonNull<sys::WebPAnimEncoder>,
    config: sys::WebPConfig,
    width: u32,
    height: u32,
    /// When the next frame begins.
    at_ms: c_int,
}

impl Animation {
    pub(super) fn new(
        (width, height): (u32, u32),
        loops: u16,
        quality: u8,
    ) -> Result<Self, Refusal> {
        let config = config(quality, FRAME_METHOD)?;
        let side = |side: u32| c_int::try_from(side).map_err(|error| error.to_string());
        let (columns, rows) = (side(width)?, side(height)?);
        let version = sys::WEBP_MUX_ABI_VERSION as c_int;
        // SAFETY: a structure of numbers, filled by the library, which copies it.
        let encoder = unsafe {
            let mut options: sys::WebPAnimEncoderOptions = std::mem::zeroed();
            sys::WebPAnimEncoderOptionsInitInternal(&raw mut options, version);
            options.anim_params.loop_count = c_int::from(loops);
            sys::WebPAnimEncoderNewInternal(columns, rows, &raw const options, version)
        };
        Ok(Self {
            encoder: ptr::NonNull::new(encoder).ok_or("libwebp makes no animation of this size")?,
            config,
            width,
            height,
            at_ms: 0,
        })
    }

    /// Adds a frame of RGBA.
    pub(super) fn add(&mut self, bytes: &[u8], duration_ms: u32) -> Result<(), Refusal> {
        let mut picture = Picture::of(&Source {
            width: self.width,
            height: self.height,
            has_alpha: true,
            bytes,
        })?;
        // SAFETY: encoder, picture and configuration are alive; the library copies what it keeps.
        let added = unsafe {
            sys::WebPAnimEncoderAdd(
                self.encoder.as_ptr(),
                &raw mut picture.0,
                self.at_ms,
                &raw const self.config,
            )
        };
        if added == 0 {
            return Err(self.error());
        }
        let duration = c_int::try_from(duration_ms).unwrap_or(c_int::MAX);
        self.at_ms = self.at_ms.saturating_add(duration);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, Refusal> {
        // SAFETY: the encoder is alive; no picture tells it when the last frame ends. Its file is
        // copied, then released.
        unsafe {
            let encoder = self.encoder.as_ptr();
            let ended =
                sys::WebPAnimEncoderAdd(encoder, ptr::null_mut(), self.at_ms, ptr::null()) != 0;
            let mut data: sys::WebPData = std::mem::zeroed();
            sys::WebPDataInit(&mut data);
            if !ended || sys::WebPAnimEncoderAssemble(encoder, &raw mut data) == 0 {
                return Err(self.error());
            }
            let file = std::slice::from_raw_parts(data.bytes, data.size).to_vec();
            sys::WebPDataClear(&mut data);
            Ok(file)
        }
    }

    fn error(&self) -> Refusal {
        // SAFETY: the encoder is alive, and so is its text, which is copied at once.
        unsafe {
            let text = sys::WebPAnimEncoderGetError(self.encoder.as_ptr());
            if text.is_null() {
                return "libwebp does not say why".to_owned();
            }
            CStr::from_ptr(text).to_string_lossy().into_owned()
        }
    }
}

impl Drop for Animation {
    fn drop(&mut self) {
        // SAFETY: made by the library, deleted once.
        unsafe { sys::WebPAnimEncoderDelete(self.encoder.as_ptr()) };
    }
}
