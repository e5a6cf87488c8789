//! Two processes that want the database of notifications on a server (ADR 0026).

use std::time::Duration;

use business_graph_gateway::topics;
use product_notifications::{DATABASE, NotificationsCore, Settings};
use testing_databases::{Contest, compete};

use crate::support::{deliver, followed, over};

fn core(database: infra_db::Database) -> NotificationsCore {
    over(database, Settings::default(), Duration::from_hours(24))
}

#[tokio::test]
async fn notifications_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let follow = async |core: &NotificationsCore, number: u64| {
        let event = followed(number, 1_000_000 + number, 1 + number % 10);
        deliver(core, topics::FOLLOWED, &event).await
    };
    let ids = "SELECT id FROM notifications WHERE id > $1 ORDER BY id";
    compete(&contest, core, follow, ids).await;
}
