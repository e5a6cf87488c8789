//! The bounds of pushes, and how what is wanted is kept.

use std::time::Duration;

use product_notifications_gateway::Alert;

/// The most subscriptions of an account: more devices and applications than anyone reads on. More
/// of them would have each thing that an account is told sent to as many addresses as it likes.
pub(crate) const SUBSCRIPTIONS_MAX: u32 = 50;
/// The most pushes that wait for one account, all its subscriptions together; the oldest go. So the
/// queue is no longer than accounts are many, and nobody fills it for others.
pub(crate) const WAITING_MAX: u32 = 500;
/// How long a push waits for its push service before it is given up: a day later it is no news.
pub(crate) const KEPT_FOR: Duration = Duration::from_hours(24);
/// How long a push service is asked to keep one for a device that is off, since it was made; as
/// Mastodon does.
pub(crate) const LIFETIME: Duration = Duration::from_hours(48);
/// For how long a push is taken, from when it was: longer than the claim, the reading, the request
/// and the settling may take, ten seconds each.
pub(crate) const TAKEN_FOR: Duration = Duration::from_mins(1);
/// How often a push is tried: with the pauses below, for about an hour and a half.
pub(crate) const ATTEMPTS_MAX: i64 = 10;
/// The pause after the first failure, and the longest one.
pub(crate) const PAUSE_MIN: Duration = Duration::from_secs(5);
pub(crate) const PAUSE_MAX: Duration = Duration::from_hours(1);
/// The most pushes to one host, or for one account, of one claim: others have their turn.
pub(crate) const OF_ONE_MAX: usize = 8;
/// How long the server's signed word is good for: half of what is allowed.
pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

/// The bit that says that this is wanted.
pub(crate) const fn bit(alert: Alert) -> i64 {
    1 << alert as u32
}

/// The bits of what is wanted.
pub(crate) fn bits(alerts: &[Alert]) -> i64 {
    alerts.iter().fold(0, |bits, alert| bits | bit(*alert))
}

/// What these bits say is wanted.
pub(crate) fn alerts(bits: i64) -> impl Iterator<Item = Alert> {
    let is_wanted = move |alert: &Alert| bits & bit(*alert) != 0;
    Alert::ALL.into_iter().filter(is_wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_what_was_said() {
        for alert in Alert::ALL {
            assert_eq!(alerts(bit(alert)).collect::<Vec<_>>(), [alert]);
        }
        let some = [Alert::Mention, Alert::Update];
        assert_eq!(alerts(bits(&some)).collect::<Vec<_>>(), some);
        assert_eq!(bits(&[]), 0);
        // Kept in the database: these do not change.
        assert_eq!((bit(Alert::Mention), bit(Alert::AdminReport)), (1, 512));
    }
}
