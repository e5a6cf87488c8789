//! Budgets of memory that fit where the process runs.
//!
//! Defaults are meant for a machine with two gigabytes or more. On a smaller one, or in a smaller
//! container, what works on pictures, checks passwords and caches things gets a share of what there
//! is, so that a photo that is too large for the machine is refused instead of ending the process.

use super::Configuration;

const MIB: u64 = 1024 * 1024;
/// The setting of what pictures have.
const PICTURES: &str = "media.memory_bytes_max";
/// What the program takes beside its budgets, in bytes: itself, its threads' stacks, what requests
/// hold. With more than 49 MiB a HEIC of 12 megapixels (131.3 MiB with a file of 4) would not be
/// taken on a machine with 256.
const BASE_BYTES: u64 = 48 * MIB;
/// The part of all memory that is left alone, one in so many bytes: what heaps leave in pieces, and
/// what the system takes.
const MARGIN_SHARE: u64 = 16;
/// The least that pictures get, in bytes, also where it does not fit: with less hardly any photo of
/// a telephone could be read, and with this many are refused.
const PICTURES_BYTES_MIN: u64 = 64 * MIB;
/// How long a process of codecs is kept that has nothing to do where memory is short, in seconds:
/// what it holds then is memory that its budget has given to others.
const CODECS_IDLE_S: u64 = 5;
/// What this process has beside an encoder at work, in bytes: the file, the largest rendition
/// twice, and what was made.
const BESIDE_ENCODER_BYTES: u64 = 36 * MIB;

/// Makes budgets smaller where the defaults do not fit into so much memory. Never larger. Pictures
/// have what the others leave: a photo of 12 megapixels should be read where it can be.
pub(super) fn fit(configuration: &mut Configuration, limit_bytes: u64) {
    let spare = spare_bytes(limit_bytes).saturating_sub(BASE_BYTES);
    let media = &mut configuration.media;
    media.rendition_cache_bytes = media.rendition_cache_bytes.min(spare / 16);
    configuration.database_cache_bytes = configuration.database_cache_bytes.min(spare / 16);
    let accounts = &mut configuration.accounts;
    let checks = spare / 8 / password_bytes(accounts).max(1);
    let checks = u32::try_from(checks).unwrap_or(u32::MAX).max(1);
    accounts.password_checks_max = accounts.password_checks_max.min(checks);
    // Pictures last: what the others do not take is theirs.
    let others = media.rendition_cache_bytes
        + configuration.database_cache_bytes
        + all_passwords_bytes(accounts);
    let pictures = business_media::Settings::memory_within(spare.saturating_sub(others))
        .max(PICTURES_BYTES_MIN);
    media.memory_bytes_max = media.memory_bytes_max.min(pictures);
    // An encoder may have all that its process may take, and is given no more than all pictures
    // have.
    let worker = pictures
        .saturating_sub(BESIDE_ENCODER_BYTES)
        .max(pictures / 2);
    let codecs = &mut configuration.codecs;
    if worker < codecs.memory_bytes_max {
        codecs.memory_bytes_max = worker;
        codecs.idle_s_max = codecs.idle_s_max.min(CODECS_IDLE_S);
    }
}

/// What may be used of so much memory.
const fn spare_bytes(limit_bytes: u64) -> u64 {
    limit_bytes - limit_bytes / MARGIN_SHARE
}

/// Sentences about what is set and does not fit, or is too little.
pub(super) fn warnings(configuration: &Configuration, limit_bytes: u64) -> Vec<String> {
    let too_much = too_much(configuration, limit_bytes);
    too_much
        .into_iter()
        .chain(too_little(configuration))
        .collect()
}

fn too_much(configuration: &Configuration, limit_bytes: u64) -> Option<String> {
    let budgets = budgets(configuration);
    let sum = budgets
        .iter()
        .fold(BASE_BYTES, |sum, (_, bytes)| sum.saturating_add(*bytes));
    if sum <= spare_bytes(limit_bytes) {
        return None;
    }
    let (largest, bytes) = budgets.iter().max_by_key(|(_, bytes)| *bytes)?;
    let is_small = configuration.media.memory_bytes_max <= PICTURES_BYTES_MIN;
    let advice = if is_small && *largest == PICTURES {
        "give the server more memory".to_owned()
    } else {
        let takes = bytes / MIB;
        format!("set {largest} lower (it takes {takes} MiB) or leave it to its default")
    };
    Some(format!(
        "the memory that is set aside may add up to {} MiB, and of {} MiB {} should be used: the system may end the process; \
         {advice}",
        sum / MIB,
        limit_bytes / MIB,
        spare_bytes(limit_bytes) / MIB,
    ))
}

fn too_little(configuration: &Configuration) -> Option<String> {
    let bytes = configuration.media.memory_bytes_max;
    (bytes <= PICTURES_BYTES_MIN).then(|| {
        format!(
            "pictures have {} MiB of memory (media.memory_bytes_max), and many photos of telephones take more to be read and \
             are refused: set it higher, or give the server more memory (12 megapixels as HEIC take 256 MiB in all)",
            bytes / MIB
        )
    })
}

/// What is reserved, by the setting that changes it.
fn budgets(configuration: &Configuration) -> [(&'static str, u64); 4] {
    [
        (PICTURES, configuration.media.memory_in_all()),
        (
            "media.rendition_cache_bytes",
            configuration.media.rendition_cache_bytes,
        ),
        ("database_cache_bytes", configuration.database_cache_bytes),
        (
            "accounts.password_memory_bytes times accounts.password_checks_max",
            all_passwords_bytes(&configuration.accounts),
        ),
    ]
}

fn all_passwords_bytes(accounts: &business_accounts::Settings) -> u64 {
    password_bytes(accounts).saturating_mul(accounts.password_checks_max.into())
}

/// What one check of a password takes, in bytes.
fn password_bytes(accounts: &business_accounts::Settings) -> u64 {
    accounts.password_memory_bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(limit_bytes: u64) -> Configuration {
        let mut configuration = Configuration::default();
        fit(&mut configuration, limit_bytes);
        configuration
    }

    #[test]
    fn a_machine_with_room_keeps_the_defaults() {
        let (usual, fitted) = (Configuration::default(), fitted(4 * 1024 * MIB));
        assert_eq!(fitted.media, usual.media);
        assert_eq!(fitted.codecs, usual.codecs);
        assert_eq!(fitted.accounts, usual.accounts);
        assert_eq!(fitted.database_cache_bytes, usual.database_cache_bytes);
    }

    #[test]
    fn what_is_fitted_fits_and_leaves_a_margin() {
        for mebibytes in 32..2_200 {
            let limit_bytes = mebibytes * MIB + 4_711;
            let fitted = fitted(limit_bytes);
            assert!(fitted.accounts.password_checks_max >= 1);
            assert!(fitted.media.memory_bytes_max >= PICTURES_BYTES_MIN);
            if fitted.media.memory_bytes_max == PICTURES_BYTES_MIN {
                assert!(too_little(&fitted).is_some(), "{mebibytes} MiB");
                assert!(mebibytes < 165, "{mebibytes} MiB");
                continue;
            }
            assert_eq!(too_much(&fitted, limit_bytes), None, "{mebibytes} MiB");
            let budgets = budgets(&fitted).map(|(_, bytes)| bytes);
            let sum = BASE_BYTES + budgets.iter().sum::<u64>();
            assert!(sum <= limit_bytes - limit_bytes / 16, "{mebibytes} MiB");
        }
    }

    #[test]
    fn pictures_have_what_the_others_leave() {
        let pictures = |mebibytes| fitted(mebibytes * MIB).media.memory_bytes_max / MIB;
        assert_eq!(pictures(256), 132);
        assert_eq!(fitted(256 * MIB).codecs.memory_bytes_max / MIB, 96);
        assert_eq!(pictures(512), 302);
        assert_eq!(pictures(1_024), 512);
        assert_eq!(fitted(256 * MIB).codecs.idle_s_max, CODECS_IDLE_S);
        // Where they do not fit, they have what they had before the others were estimated.
        assert_eq!(pictures(96), 64);
    }

    #[test]
    fn where_most_photos_are_refused_that_is_said() {
        let small = fitted(128 * MIB);
        let warnings = warnings(&small, 128 * MIB);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[0].ends_with("give the server more memory"),
            "{warnings:?}"
        );
        assert!(
            warnings[1].contains("media.memory_bytes_max"),
            "{warnings:?}"
        );
    }

    #[test]
    fn what_is_set_too_high_is_named() {
        let mut set = fitted(256 * MIB);
        set.media.memory_bytes_max = 512 * MIB;
        let warnings = warnings(&set, 256 * MIB);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("set media.memory_bytes_max lower"));
        assert!(warnings[0].contains("256 MiB"), "{warnings:?}");
    }
}
