//! What an operator may set about accounts.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DAY_S: u64 = 24 * 60 * 60;

/// Accounts: who may sign up, how passwords are kept, and how often anyone may try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether anyone may sign up. The setup link and the operator's commands make accounts either
    /// way. Default: true.
    pub registrations_open: bool,
    /// How long a browser session lives without being used, in seconds; less than 86400 (a day)
    /// counts as a day. Default: 7776000 (90 days).
    pub session_lifetime_s: u64,
    /// The memory that one password check takes (argon2id), in bytes, used in whole KiB; at least
    /// 8192 for each lane. Default: 19922944 (19 MiB).
    pub password_memory_bytes: u64,
    /// How often a password check goes over its memory (argon2id). Default: 2.
    pub password_iterations: u32,
    /// The lanes of a password check (argon2id). Default: 1.
    pub password_lanes: u32,
    /// How many passwords are checked concurrently; each takes `password_memory_bytes`, which is
    /// allocated at the first use and kept. Default: 4.
    pub password_checks_max: u32,
    /// How many password checks may wait for their turn, in lines that are fair between addresses;
    /// further ones are asked to retry. Default: 64.
    pub password_waiting_max: u32,
    /// How often one address may try to sign in within `sign_in_window_s`; 0 for no limit.
    /// Default: 20.
    pub sign_ins_per_address: u32,
    /// The time in which `sign_ins_per_address` are allowed, in seconds. Default: 300.
    pub sign_in_window_s: u32,
    /// How many wrong passwords one address, or a browser that has signed in to the account before,
    /// may try for one name within `sign_in_failures_per_account_window_s`; a whole IPv6 /48 may
    /// try four times as many. 0 for no limit. Default: 10.
    pub sign_in_failures_per_account: u32,
    /// The time in which `sign_in_failures_per_account` are allowed, in seconds. Default: 900.
    pub sign_in_failures_per_account_window_s: u32,
    /// How many wrong passwords all addresses together may try for one name within
    /// `sign_in_failures_window_s`; browsers that have signed in to the account before are neither
    /// counted nor held up. 0 for no limit. Default: 100.
    pub sign_in_failures_max: u32,
    /// The time in which `sign_in_failures_max` are allowed, in seconds. Default: 3600.
    pub sign_in_failures_window_s: u32,
    /// How often one address may sign up within `registration_window_s`; 0 for no limit.
    /// Default: 10.
    pub registrations_per_address: u32,
    /// The time in which `registrations_per_address` are allowed, in seconds. Default: 3600.
    pub registration_window_s: u32,
    /// How many people may sign up within an hour, all together; 0 for no limit. Default: 200.
    pub registrations_per_hour_max: u32,
    /// How many people may sign up within a day, all together; 0 for no limit. Default: 1000.
    pub registrations_per_day_max: u32,
    /// How many client applications one address may register within `application_window_s`; 0
    /// for no limit. Default: 30.
    pub applications_per_address: u32,
    /// The time in which `applications_per_address` are allowed, in seconds. Default: 600.
    pub application_window_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registrations_open: true,
            session_lifetime_s: 90 * DAY_S,
            password_memory_bytes: 19 * 1024 * 1024,
            password_iterations: 2,
            password_lanes: 1,
            password_checks_max: 4,
            password_waiting_max: 64,
            sign_ins_per_address: 20,
            sign_in_window_s: 300,
            sign_in_failures_per_account: 10,
            sign_in_failures_per_account_window_s: 900,
            sign_in_failures_max: 100,
            sign_in_failures_window_s: 3_600,
            registrations_per_address: 10,
            registration_window_s: 3_600,
            registrations_per_hour_max: 200,
            registrations_per_day_max: 1_000,
            applications_per_address: 30,
            application_window_s: 600,
        }
    }
}

impl Settings {
    /// Never less than a day: that a session is in use is recorded once an hour, and a session must
    /// outlive that by far.
    pub(crate) fn session_lifetime(&self) -> Duration {
        Duration::from_secs(self.session_lifetime_s.max(DAY_S))
    }

    /// What one password check takes, in KiB, the unit of argon2.
    pub(crate) fn password_memory_kib(&self) -> u32 {
        u32::try_from(self.password_memory_bytes / 1024).unwrap_or(u32::MAX)
    }
}
