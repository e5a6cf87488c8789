//! Colours that a container describes by the code points of ITU-T H.273 instead of a profile.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, ToneReprCurve,
    TransferCharacteristics,
};

/// Points of a curve that has no simple formula.
const CURVE_POINTS: u16 = 4_096;
/// What a picture for bright screens calls white, in candelas per square metre (ITU-R BT.2408).
const WHITE_NITS: f32 = 203.0;
/// The brightest that the PQ curve can encode, in candelas per square metre.
const PQ_NITS: f32 = 10_000.0;
/// The screen that HLG pictures are made for, in candelas per square metre, and its exponent (ITU-R
/// BT.2100).
const HLG_NITS: f32 = 1_000.0;
const HLG_SYSTEM_GAMMA: f32 = 1.2;
/// Up to this share of white a bright picture keeps its brightness; what is brighter has to share
/// the rest.
const KNEE: f32 = 0.75;

const BT709: u16 = 1;
const UNSPECIFIED: u16 = 2;
const GAMMA_22: u16 = 4;
const GAMMA_28: u16 = 5;
const LINEAR: u16 = 8;
const PQ: u16 = 16;
const HLG: u16 = 18;

/// An ICC profile of the colours that these code points name; none for sRGB and for what is not
/// known. The curves of video for ordinary screens are taken to be sRGB's, which is what pictures
/// that name them were made on. Those for bright screens are bent so that what is brighter than
/// white keeps its form.
#[must_use]
pub fn profile_of_code_points(primaries: u16, transfer: u16) -> Option<Vec<u8>> {
    let curve = match transfer {
        GAMMA_22 => Some(ToneReprCurve::Parametric(vec![2.2])),
        GAMMA_28 => Some(ToneReprCurve::Parametric(vec![2.8])),
        LINEAR => Some(ToneReprCurve::Parametric(vec![1.0])),
        PQ => Some(table(|signal| bend(pq_to_nits(signal) / WHITE_NITS))),
        HLG => Some(table(|signal| bend(hlg_to_nits(signal) / WHITE_NITS))),
        _ => None,
    };
    let primaries = match primaries {
        UNSPECIFIED => BT709,
        named => named,
    };
    if primaries == BT709 && curve.is_none() {
        return None;
    }
    let color_primaries = CicpColorPrimaries::try_from(u8::try_from(primaries).ok()?).ok()?;
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    profile.update_rgb_colorimetry_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics: TransferCharacteristics::Srgb,
        matrix_coefficients: MatrixCoefficients::Bt709,
        full_range: true,
    });
    // Its response says nothing; what it noted does.
    profile.cicp.as_ref()?;
    if let Some(curve) = curve {
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    // Else the code points would go before the curves.
    profile.cicp = None;
    profile.encode().ok()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
fn table(light: impl Fn(f32) -> f32) -> ToneReprCurve {
    let points = (0..CURVE_POINTS).map(|point| {
        let signal = f32::from(point) / f32::from(CURVE_POINTS - 1);
        (light(signal).clamp(0.0, 1.0) * 65_535.0).round() as u16
    });
    ToneReprCurve::Lut(points.collect())
}

/// ITU-R BT.2100, table 4.
fn pq_to_nits(signal: f32) -> f32 {
    let root = signal.powf(1.0 / 78.843_75);
    let above = (root - 0.835_937_5).max(0.0);
    PQ_NITS * (above / (18.851_563 - 18.6875 * root)).powf(1.0 / 0.159_301_76)
}

/// ITU-R BT.2100, table 5, its system gamma applied to each channel.
fn hlg_to_nits(signal: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 0.284_668_92;
    const C: f32 = 0.559_910_7;
    let scene = if signal <= 0.5 {
        signal * signal / 3.0
    } else {
        (((signal - C) / A).exp() + B) / 12.0
    };
    HLG_NITS * scene.powf(HLG_SYSTEM_GAMMA)
}

/// The same up to the knee, and from there ever slower towards white.
fn bend(light: f32) -> f32 {
    if light <= KNEE {
        return light;
    }
    let rest = 1.0 - KNEE;
    KNEE + rest * (1.0 - (-(light - KNEE) / rest).exp())
}

#[cfg(test)]
mod tests {
    use moxcms::{Layout, TransformOptions};

    use super::*;

    fn to_srgb(profile: &[u8], color: [u8; 3]) -> [u8; 3] {
        let profile = ColorProfile::new_from_slice(profile).unwrap();
        let transform = profile
            .create_transform_8bit(
                Layout::Rgb,
                &ColorProfile::new_srgb(),
                Layout::Rgb,
                TransformOptions::default(),
            )
            .unwrap();
        let mut out = [0; 3];
        transform.transform(&color, &mut out).unwrap();
        out
    }

    #[test]
    fn srgb_and_what_is_not_known_have_no_profile() {
        for (primaries, transfer) in [(1, 13), (1, 1), (2, 2), (1, 6), (200, 13), (7_000, 13)] {
            assert_eq!(profile_of_code_points(primaries, transfer), None);
        }
    }

    #[test]
    fn wider_primaries_are_wider() {
        // Display P3 and BT.2020: a middling green that is more colourful than the same numbers in
        // sRGB.
        let p3 = to_srgb(&profile_of_code_points(12, 13).unwrap(), [100, 150, 100]);
        let bt2020 = to_srgb(&profile_of_code_points(9, 1).unwrap(), [100, 150, 100]);
        // Computed by hand: (0.1274, 0.3050, 0.1274) in linear light, times the matrix from the
        // primaries of SMPTE EG 432-1 to those of ITU-R BT.709, is (0.0875, 0.3124, 0.1134).
        let near = p3
            .iter()
            .zip([83, 152, 95])
            .all(|(p3, srgb)| p3.abs_diff(srgb) <= 2);
        assert!(near, "{p3:?}");
        assert!(bt2020[0] < p3[0], "{bt2020:?}");
        for profile in [(12, 13), (9, 1)] {
            let profile = profile_of_code_points(profile.0, profile.1).unwrap();
            let white = to_srgb(&profile, [255, 255, 255]);
            assert!(white.iter().all(|channel| *channel >= 254), "{white:?}");
        }
    }

    #[test]
    fn pictures_for_bright_screens_are_neither_dark_nor_burnt_out() {
        // PQ: 58 % is white; HLG: 75 % is.
        for (transfer, white) in [(PQ, 148), (HLG, 191)] {
            let profile = profile_of_code_points(9, transfer).unwrap();
            let at_white = to_srgb(&profile, [white; 3])[1];
            let above = to_srgb(&profile, [white + 30; 3])[1];
            assert!((225..=250).contains(&at_white), "{transfer}: {at_white}");
            assert!(above > at_white, "{transfer}: {above} after {at_white}");
        }
    }
}
