//! How much of this server one account may use.
//!
//! Asked before a file is read, so that nobody sends for nothing, and again in the transaction that
//! adds the item, where it counts: several uploads of one account may have passed the first check
//! together.

use std::time::Duration;

use infra_db::Connection;
use infra_kernel::{AccountId, Error, ErrorCode, Result, Timestamp};

use crate::error::MediaError;
use crate::settings::Settings;
use crate::store::usage::RecentUploads;
use crate::store::{items, usage};

/// When to retry who has uploaded as many bytes as a day has: they leave the day hour by hour.
const DAY_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The bounds; 0 means none, except for what waits for a post.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quotas {
    account_bytes_max: u64,
    account_photos_max: u64,
    uploads_per_hour_max: u32,
    upload_bytes_per_day_max: u64,
    unattached_items_max: u32,
    /// How long after its upload what is in no post can be used, and counts.
    unattached_lifetime: Duration,
}

impl Quotas {
    pub(crate) const fn of(settings: &Settings) -> Self {
        Self {
            account_bytes_max: settings.account_bytes_max,
            account_photos_max: settings.account_photos_max,
            uploads_per_hour_max: settings.uploads_per_hour_max,
            upload_bytes_per_day_max: settings.upload_bytes_per_day_max,
            unattached_items_max: settings.unattached_items_max,
            unattached_lifetime: settings.unattached_lifetime(),
        }
    }

    /// Refuses one more item of this account. `bytes`: how many it adds, 0 when that is not known
    /// yet; nothing when the account has the same content already.
    pub(crate) async fn check(
        &self,
        connection: &mut Connection,
        owner: AccountId,
        bytes: Option<u64>,
        now: Timestamp,
    ) -> Result<(), MediaError> {
        let since = now.minus(self.unattached_lifetime);
        self.check_unattached(items::count_unattached(connection, owner, since).await?)?;
        if self.uploads_per_hour_max > 0 {
            let recent = usage::recent_uploads(connection, owner, now).await?;
            self.check_rate(&recent, now)?;
        }
        if self.upload_bytes_per_day_max > 0 {
            let recent = usage::recent_bytes(connection, owner, now).await?;
            self.check_day(recent, bytes.unwrap_or(0))?;
        }
        let usage = usage::read(connection, owner).await?;
        self.check_photos(usage.items)?;
        match bytes {
            Some(bytes) => Ok(self.check_bytes(usage.bytes, bytes)?),
            None => Ok(()),
        }
    }

    fn check_unattached(&self, unattached: u32) -> Result<()> {
        if unattached < self.unattached_items_max {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::RateLimited,
            format!(
                "You have {unattached} uploaded photos that are in no post yet, which is as many as can wait. Post or delete \
                 some of them; each that is in no post is deleted by itself {} after its upload.",
                hours(self.unattached_lifetime)
            ),
        ))
    }

    fn check_rate(&self, recent: &RecentUploads, now: Timestamp) -> Result<()> {
        let (used, max) = (recent.count(), u64::from(self.uploads_per_hour_max));
        if used < max {
            return Ok(());
        }
        let wait_us = recent.fewer_at(max).microseconds() - now.microseconds();
        // Never 0: a client would come again at once.
        let wait =
            Duration::from_micros(u64::try_from(wait_us).unwrap_or(0)).max(Duration::from_secs(1));
        let minutes = wait.as_secs().div_ceil(60);
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        let sentence = format!(
            "You have uploaded {used} photos within an hour; one account may upload {max}. Please go on in {minutes} {unit}."
        );
        Err(Error::new(ErrorCode::RateLimited, sentence).to_retry_after(wait))
    }

    /// `bytes` may be 0, when it is not known yet: then anything that is left is enough.
    fn check_day(&self, recent: u64, bytes: u64) -> Result<()> {
        let max = self.upload_bytes_per_day_max;
        if bytes.max(1) <= max.saturating_sub(recent) {
            return Ok(());
        }
        let sentence = format!(
            "You have uploaded {} within a day; one account may upload {}. Please go on later.",
            size(recent),
            size(max)
        );
        Err(Error::new(ErrorCode::RateLimited, sentence).to_retry_after(DAY_RETRY_AFTER))
    }

    fn check_photos(&self, used: u64) -> Result<()> {
        let max = self.account_photos_max;
        if max == 0 || used < max {
            return Ok(());
        }
        Err(Error::invalid(
            "file",
            format!(
                "You have {used} photos on this server; one account may have {max}. Delete posts with photos that you no \
                 longer need, then upload this one."
            ),
        ))
    }

    /// `bytes` may be 0, when it is not known yet: then anything that is left is enough.
    fn check_bytes(&self, used: u64, bytes: u64) -> Result<()> {
        let max = self.account_bytes_max;
        let left = max.saturating_sub(used);
        if max == 0 || bytes.max(1) <= left {
            return Ok(());
        }
        let of_file = if bytes == 0 {
            String::new()
        } else {
            format!("This file has {}. ", size(bytes))
        };
        let sentence = format!(
            "{of_file}Your photos take {} of the {} that one account may use; {} are left. Delete posts with photos that you \
             no longer need, or send a smaller file.",
            size(used),
            size(max),
            size(left)
        );
        Err(Error::new(ErrorCode::TooLarge, sentence).for_field("file"))
    }
}

/// A time for a sentence, in hours, rounded up: "24 hours".
fn hours(time: Duration) -> String {
    match time.as_secs().div_ceil(60 * 60) {
        1 => "an hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

/// A number of bytes for a sentence: "812 bytes", "5.2 MiB".
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        None => format!("{bytes} bytes"),
        Some((unit, name)) if bytes.is_multiple_of(*unit) => format!("{} {name}", bytes / unit),
        Some((unit, name)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(*unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas() -> Quotas {
        Quotas {
            account_bytes_max: 10 << 20,
            account_photos_max: 3,
            uploads_per_hour_max: 5,
            upload_bytes_per_day_max: 20 << 20,
            unattached_items_max: 2,
            unattached_lifetime: Duration::from_secs(24 * 3_600),
        }
    }

    #[test]
    fn who_has_too_many_in_no_post_hears_what_helps_and_when_they_go() {
        assert!(quotas().check_unattached(1).is_ok());
        let refused = quotas()
            .check_unattached(2)
            .expect_err("as many as can wait");
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        let sentence = refused.public();
        assert!(
            sentence.contains("Post or delete some of them"),
            "{sentence}"
        );
        assert!(sentence.contains("24 hours after its upload"), "{sentence}");
        assert_eq!(hours(Duration::from_secs(1)), "an hour");
        assert_eq!(hours(Duration::from_secs(3_601)), "2 hours");
    }

    #[test]
    fn bounds_are_where_they_are_said_to_be_and_reported_with_numbers() {
        assert!(quotas().check_bytes(9 << 20, 1 << 20).is_ok());
        let refused = quotas()
            .check_bytes(9 << 20, (1 << 20) + 1)
            .expect_err("one byte too many");
        assert_eq!(refused.code(), ErrorCode::TooLarge);
        assert!(refused.public().contains("take 9 MiB of the 10 MiB"));
        assert!(refused.public().contains("1 MiB are left"));
        assert!(quotas().check_bytes(10 << 20, 0).is_err());
        assert!(quotas().check_day(19 << 20, 1 << 20).is_ok());
        let refused = quotas().check_day(19 << 20, (1 << 20) + 1).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        assert!(refused.public().contains("uploaded 19 MiB within a day"));
        assert!(quotas().check_day(20 << 20, 0).is_err());
        assert!(quotas().check_photos(2).is_ok());
        assert!(quotas().check_photos(3).is_err());
        let none = Quotas {
            account_bytes_max: 0,
            account_photos_max: 0,
            ..quotas()
        };
        assert!(none.check_bytes(u64::MAX, u64::MAX).is_ok());
        assert!(none.check_photos(u64::MAX).is_ok());
    }

    #[test]
    fn sizes_are_rounded_down() {
        let expected = [
            (812, "812 bytes"),
            (1_024, "1 KiB"),
            (5_500_000, "5.2 MiB"),
            (20 << 30, "20 GiB"),
        ];
        for (bytes, text) in expected {
            assert_eq!(size(bytes), text);
        }
    }
}
