//! Losses of power: what was acknowledged is there although everything that was not synced is gone,
//! or any part of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testing_power_loss::{JOURNAL_VARIABLE, Journal, Loss};

use crate::harness::Server;
use crate::harness::facts::Facts;
use crate::harness::ledger::Ledger;

/// How many losses of each kind, unless `HELIOGRAPH_TEST_POWER_LOSSES` says otherwise.
const LOSSES: u64 = 6;
/// How many first starts are cut off, each a little later than the one before.
const FIRST_STARTS: u64 = 12;
/// The longest that a start may take on a busy machine until it has made its first file.
const START_MAX: Duration = Duration::from_secs(60);

/// A server on a disk that holds, when the power is lost, what was synced.
struct Machine {
    server: Server,
    journal: Journal,
    _journal_folder: TempDir,
}

impl Machine {
    async fn start() -> Self {
        let mut machine = Self::start_without_waiting();
        machine.server.wait_until_it_listens().await;
        machine
    }

    fn start_without_waiting() -> Self {
        let journal_folder = TempDir::new().unwrap();
        let journal = Journal::open(journal_folder.path()).unwrap();
        let folder = TempDir::new().unwrap();
        journal.record_all(folder.path()).unwrap();
        let library = testing_power_loss::library();
        let settings = [
            ("LD_PRELOAD", library.to_str().unwrap()),
            (JOURNAL_VARIABLE, journal_folder.path().to_str().unwrap()),
        ];
        Self {
            server: Server::begin(folder, &settings),
            journal,
            _journal_folder: journal_folder,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.server.folder().join(name).exists()
    }

    async fn wait_until_it_has(&self, name: &str) {
        let appears = async {
            while !self.has(name) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let appeared = tokio::time::timeout(START_MAX, appears).await;
        appeared.unwrap_or_else(|_| panic!("{name} is not there"));
    }

    /// The server goes, and with it what its disk had not.
    fn lose_power(&mut self, loss: Loss) {
        self.server.kill();
        let disk = TempDir::new().unwrap();
        self.journal
            .restore(self.server.folder(), disk.path(), loss)
            .unwrap();
        self.journal.record_all(disk.path()).unwrap();
        self.server.move_to(disk);
    }
}

fn losses() -> u64 {
    let set = std::env::var("HELIOGRAPH_TEST_POWER_LOSSES").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(LOSSES)
}

async fn nothing_acknowledged_is_lost(loss: impl Fn(u64) -> Loss) {
    let mut machine = Machine::start().await;
    let (ada, bob) = (
        machine.server.person("ada").await,
        machine.server.person("bob").await,
    );
    bob.follow(&ada).await;
    bob.home().await;
    let ledger = Arc::new(Ledger::default());
    let losses = losses();
    for number in 0..losses {
        let writers = ledger.start_writers(&ada);
        tokio::time::sleep(Duration::from_millis(40 + number * 7_919 % 600)).await;
        if number + 1 == losses {
            ledger.wait_for_an_upload().await;
        }
        machine.lose_power(loss(number));
        for writer in writers {
            writer.await.unwrap();
        }
        machine.server.start_again().await;
    }
    let posts = ledger.check(&ada, &bob).await;
    println!("{posts} posts and {losses} losses of power");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_all_that_was_not_synced() {
    nothing_acknowledged_is_lost(|_| Loss::All).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_any_part_of_what_was_not_synced() {
    nothing_acknowledged_is_lost(Loss::Any).await;
}

#[tokio::test]
async fn follows_deletions_profiles_and_sessions_outlive_a_loss_of_power() {
    let mut machine = Machine::start().await;
    let facts = Facts::make(&machine.server).await;
    machine.lose_power(Loss::All);
    machine.server.start_again().await;
    facts.check().await;
}

/// A first start that was cut off anywhere is no reason to refuse the next one. Some are cut off as
/// soon as the folder has its list of databases, so that not all of them lose their power before
/// the first file or after the last.
#[tokio::test]
async fn a_first_start_that_lost_its_power_is_made_up_for_by_the_next() {
    let begun = Instant::now();
    drop(Machine::start().await);
    let whole = begun.elapsed();
    let mut unfinished = 0;
    for number in 0..FIRST_STARTS {
        let mut machine = Machine::start_without_waiting();
        if number % 3 == 0 {
            machine.wait_until_it_has("databases.list").await;
        } else {
            tokio::time::sleep(whole * u32::try_from(number).unwrap() / FIRST_STARTS as u32).await;
        }
        // Before it is looked at: a server that still ran could finish in between.
        machine.server.kill();
        unfinished += u32::from(machine.has("databases.list") && !machine.has("posts.db-wal"));
        let loss = if number % 2 == 0 {
            Loss::All
        } else {
            Loss::Any(number)
        };
        machine.lose_power(loss);
        machine.server.start_again().await;
        machine.server.person("ada").await;
    }
    assert!(
        unfinished > 0,
        "no first start was cut off between its first and its last database"
    );
    println!("{unfinished} of {FIRST_STARTS} first starts had begun and not made every database");
}

/// The test can fail: what nobody has synced is gone.
#[tokio::test]
async fn what_is_written_beside_the_server_and_not_synced_is_gone() {
    let mut machine = Machine::start().await;
    let beside = |machine: &Machine| machine.server.folder().join("beside");
    std::fs::write(beside(&machine), "not synced").unwrap();
    machine.lose_power(Loss::All);
    assert!(!beside(&machine).exists());
    assert!(machine.server.folder().join("posts.db").exists());
}
