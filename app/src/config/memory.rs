//! Budgets of memory that fit where the process runs.
//!
//! Defaults are meant for a machine with two gigabytes or more. On a smaller one, or in a smaller container, what works on
//! pictures, checks passwords and keeps things at hand gets a share of what there is, so that a photo that is too large for
//! the machine is refused instead of ending the process.

use super::Configuration;

const MIB: u64 = 1024 * 1024;
/// What the program takes beside its budgets, in bytes: itself, its threads' stacks, what requests hold.
const BASE_BYTES: u64 = 64 * MIB;
/// The least that pictures get, in bytes: with less no photo of a telephone could be read.
const PICTURES_BYTES_MIN: u64 = 64 * MIB;

/// Makes budgets smaller where the defaults do not fit into so much memory. Never larger.
pub(super) fn fit(configuration: &mut Configuration, limit_bytes: u64) {
    let spare = limit_bytes.saturating_sub(BASE_BYTES);
    let pictures = (spare / 2).max(PICTURES_BYTES_MIN);
    let media = &mut configuration.media;
    media.memory_bytes_max = media.memory_bytes_max.min(pictures);
    media.rendition_cache_bytes = media.rendition_cache_bytes.min(spare / 16);
    let codecs = &mut configuration.codecs;
    codecs.memory_bytes_max = codecs.memory_bytes_max.min(pictures);
    configuration.database_cache_bytes = configuration.database_cache_bytes.min(spare / 8);
    let accounts = &mut configuration.accounts;
    let checks = spare / 8 / password_bytes(accounts).max(1);
    let checks = u32::try_from(checks).unwrap_or(u32::MAX).max(1);
    accounts.password_checks_max = accounts.password_checks_max.min(checks);
}

/// A sentence when what is set does not fit.
pub(super) fn warning(configuration: &Configuration, limit_bytes: u64) -> Option<String> {
    let accounts = &configuration.accounts;
    let budgets = [
        (
            "media.memory_bytes_max",
            configuration.media.memory_bytes_max,
        ),
        (
            "media.rendition_cache_bytes",
            configuration.media.rendition_cache_bytes,
        ),
        ("database_cache_bytes", configuration.database_cache_bytes),
        (
            "accounts.password_memory_kib times accounts.password_checks_max",
            password_bytes(accounts).saturating_mul(accounts.password_checks_max.into()),
        ),
    ];
    let sum = budgets
        .iter()
        .fold(BASE_BYTES, |sum, (_, bytes)| sum.saturating_add(*bytes));
    if sum <= limit_bytes {
        return None;
    }
    let (largest, bytes) = budgets.iter().max_by_key(|(_, bytes)| *bytes)?;
    Some(format!(
        "the memory that is set aside may add up to {} MiB, and there are {} MiB: the system may end the process; set {largest} \
         lower (it is {} MiB) or leave it to its default",
        sum / MIB,
        limit_bytes / MIB,
        bytes / MIB,
    ))
}

/// What one check of a password takes, in bytes.
fn password_bytes(accounts: &business_accounts::Settings) -> u64 {
    u64::from(accounts.password_memory_kib).saturating_mul(1024)
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
    fn what_is_fitted_fits() {
        for mebibytes in [192, 256, 384, 512, 768, 1024, 2048] {
            let fitted = fitted(mebibytes * MIB);
            assert_eq!(warning(&fitted, mebibytes * MIB), None, "{mebibytes} MiB");
            assert!(fitted.media.memory_bytes_max >= PICTURES_BYTES_MIN);
            assert!(fitted.accounts.password_checks_max >= 1);
        }
        assert_eq!(fitted(256 * MIB).media.memory_bytes_max, 96 * MIB);
    }

    #[test]
    fn what_is_set_too_high_is_named() {
        let mut set = fitted(256 * MIB);
        set.media.memory_bytes_max = 512 * MIB;
        let warning = warning(&set, 256 * MIB).unwrap();
        assert!(warning.contains("media.memory_bytes_max"), "{warning}");
        assert!(warning.contains("256 MiB"), "{warning}");
    }
}
