//! Settings that had another name before: the old one is still read, and a warning names the new.

use toml::Value;

use super::super::error::ConfigError;
use super::Origin;

const KIB_BYTES: i64 = 1024;
const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;

/// Each by its section, its old name, its name of today, and how many of today's unit one of the
/// old is.
pub(super) const RENAMED: [(&str, &str, &str, i64); 13] = [
    (
        "accounts",
        "application_window_seconds",
        "application_window_s",
        1,
    ),
    (
        "accounts",
        "password_memory_kib",
        "password_memory_bytes",
        KIB_BYTES,
    ),
    (
        "accounts",
        "registration_window_seconds",
        "registration_window_s",
        1,
    ),
    (
        "accounts",
        "session_lifetime_days",
        "session_lifetime_s",
        DAY_S,
    ),
    // Not `sign_in_failure_window_s`: `sign_in_failures_window_s` is another setting.
    (
        "accounts",
        "sign_in_failure_window_seconds",
        "sign_in_failures_per_account_window_s",
        1,
    ),
    ("accounts", "sign_in_window_seconds", "sign_in_window_s", 1),
    ("bus", "drain_seconds", "drain_s", 1),
    ("bus", "retention_hours", "retention_s", HOUR_S),
    ("bus", "trim_interval_seconds", "trim_interval_s", 1),
    ("feed", "active_days", "active_window_s", DAY_S),
    ("feed", "tidy_interval_seconds", "tidy_interval_s", 1),
    ("media", "job_seconds_max", "job_s_max", 1),
    (
        "media",
        "processor_seconds_per_hour_max",
        "processor_s_per_hour_max",
        1,
    ),
];

/// What a source calls by its old name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renamed {
    /// The dotted name of today.
    pub(super) setting: String,
    times: i64,
}

/// The setting that had this dotted name before.
pub(super) fn find(name: &str) -> Option<Renamed> {
    let (section, inner) = name.split_once('.')?;
    let found = RENAMED
        .iter()
        .find(|(in_section, old, ..)| *in_section == section && *old == inner);
    found.map(|(_, _, new, times)| Renamed {
        setting: format!("{section}.{new}"),
        times: *times,
    })
}

impl Renamed {
    /// The value in the unit of today.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn converted(&self, value: &Value) -> Result<Value, String> {
        let Value::Integer(number) = value else {
            return Err(format!("{value} is not a whole number"));
        };
        let converted = number.checked_mul(self.times);
        let converted = converted.ok_or_else(|| format!("{number} is too large"))?;
        Ok(Value::Integer(converted))
    }

    /// What to write instead.
    pub(super) fn warning(&self, name: &str, value: &Value, origin: &Origin) -> String {
        let setting = &self.setting;
        format!(
            "{origin} sets `{name}`, which is called `{setting}` now; set `{setting}` to {value} instead"
        )
    }
}

/// Refuses a source that sets one thing by both of its names.
///
/// Elsewhere the later source wins; within one, nobody can say which of the two was meant. Nothing
/// is lost by refusing: a program that knows only one of the names would refuse the other, too, so
/// no file serves an old and a new program by having both.
///
/// # Errors
/// When there is such a pair; both names are given.
pub(super) fn refuse_both_names<'names>(
    names: &(impl Iterator<Item = &'names str> + Clone),
    source: &str,
) -> Result<(), ConfigError> {
    for old in names.clone() {
        let Some(renamed) = find(old) else {
            continue;
        };
        if names.clone().any(|name| name == renamed.setting) {
            return Err(ConfigError::BothNames {
                origin: source.to_owned(),
                old: old.to_owned(),
                new: renamed.setting,
            });
        }
    }
    Ok(())
}
