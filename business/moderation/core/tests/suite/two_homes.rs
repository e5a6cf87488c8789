//! Two processes that want the database of moderation on a server (ADR 0026).

use std::sync::Arc;

use business_moderation::{DATABASE, ModerationCore, Settings};
use infra_domain::Domain as _;
use infra_kernel::{ManualClock, Timestamp};
use testing_databases::{Contest, compete};

use crate::support::{MEMBERS, START_US, over, reporting, signed_in};

fn core(database: infra_db::Database) -> ModerationCore {
    let start = Timestamp::from_microseconds(START_US);
    let settings = Settings {
        reports_per_day_max: u32::MAX,
    };
    over(
        database,
        &Arc::default(),
        &Arc::new(ManualClock::at(start)),
        settings,
    )
}

#[tokio::test]
async fn cases_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let report = async |core: &ModerationCore, number: u64| {
        // Not the account that is reported.
        let reporter = 10 + number % (MEMBERS - 10);
        let (moderation, context) = (core.gateway(), signed_in(reporter));
        let reported = moderation.report(&context, reporting(reporter)).await;
        reported.map(drop)
    };
    let ids = "SELECT id FROM cases WHERE id > $1 ORDER BY id";
    compete(&contest, core, report, ids).await;
}
