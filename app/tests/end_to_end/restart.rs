//! Kills: what was acknowledged is there, nothing is there twice. A killed process loses nothing
//! that the kernel has; what a machine without power loses is in
//! [`crate::fixed_shape::power_loss`].

use std::sync::Arc;
use std::time::Duration;

use crate::harness::Server;
use crate::harness::facts::Facts;
use crate::harness::ledger::Ledger;

/// How many kills, unless `HELIOGRAPH_TEST_KILLS` says otherwise.
const KILLS: u64 = 20;

fn kills() -> u64 {
    let set = std::env::var("HELIOGRAPH_TEST_KILLS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_by_a_kill_and_nothing_is_doubled() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    bob.home().await;
    let ledger = Arc::new(Ledger::default());
    let kills = kills();
    for kill in 0..kills {
        let writers = ledger.start_writers(&ada);
        // Anywhere from "nothing is done yet" to "everything is in flight"; the same in every run.
        tokio::time::sleep(Duration::from_millis(5 + kill * 7_919 % 260)).await;
        if kill + 1 == kills {
            ledger.wait_for_an_upload().await;
        }
        server.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        server.start_again().await;
    }
    let posts = ledger.check(&ada, &bob).await;
    println!("{posts} posts and {kills} kills");
}

#[tokio::test]
async fn follows_deletions_profiles_and_sessions_outlive_a_kill() {
    let mut server = Server::start().await;
    let facts = Facts::make(&server).await;
    server.kill();
    server.start_again().await;
    facts.check().await;
}
