//! What follows a commit: when it runs, when it does not, and in which order.

use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use infra_db::{BoxFuture, CommitMoment, CommitVersion, CommitWatch};
use tokio::sync::oneshot;

use super::*;

on_each_engine! {
    hooks_run_in_the_order_of_the_commits_and_before_their_callers_are_answered,
    a_hook_sees_its_commit_and_the_version_counts_it,
    the_hook_runs_also_when_the_caller_has_gone,
    the_hook_of_a_write_that_fails_or_panics_does_not_run,
    no_hook_of_a_group_that_is_not_committed_runs,
    a_hook_that_panics_harms_nobody,
    what_a_hook_holds_is_free_before_its_caller_goes_on,
    a_process_that_dies_after_the_commit_runs_no_hook_and_answers_nobody,
}

/// What hooks noted, in their order.
#[derive(Default, Clone)]
pub(crate) struct Notes(Arc<Mutex<Vec<(i64, CommitVersion)>>>);

impl Notes {
    pub(crate) fn hook(&self) -> impl FnOnce(&i64, CommitVersion) + Send + 'static {
        let notes = self.0.clone();
        move |id, version| notes.lock().unwrap().push((*id, version))
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.0.lock().unwrap().iter().map(|(id, _)| *id).collect()
    }

    fn versions(&self) -> Vec<u64> {
        let notes = self.0.lock().unwrap();
        notes.iter().map(|(_, version)| version.get()).collect()
    }
}

pub(crate) fn insert_work(
    id: i64,
) -> impl for<'c> FnOnce(&'c mut infra_db::Connection) -> BoxFuture<'c, Result<i64, DbError>>
+ Send
+ 'static {
    move |connection| {
        Box::pin(async move {
            infra_db::query("INSERT INTO things (id, name) VALUES ($1, CAST($1 AS TEXT))")
                .bind(id)
                .execute(connection)
                .await?;
            Ok(id)
        })
    }
}

fn panicking_work(_: &mut infra_db::Connection) -> BoxFuture<'_, Result<i64, DbError>> {
    Box::pin(async { panic!("on purpose") })
}

pub(crate) async fn insert_noted(
    database: &Database,
    id: i64,
    notes: &Notes,
) -> Result<i64, DbError> {
    database.write_then(insert_work(id), notes.hook()).await
}

async fn hooks_run_in_the_order_of_the_commits_and_before_their_callers_are_answered(
    store: &Store,
) {
    let database = store.open().await;
    let (notes, works) = (Notes::default(), Arc::new(Mutex::new(Vec::new())));
    let writes = (1..=200).map(async |id| {
        let works = works.clone();
        let write = database.write_then(
            move |connection| {
                works.lock().unwrap().push(id);
                insert_work(id)(connection)
            },
            notes.hook(),
        );
        assert_eq!(write.await.unwrap(), id);
        assert!(notes.ids().contains(&id), "answered before its hook ran");
    });
    futures::future::join_all(writes).await;
    assert_eq!(notes.ids(), *works.lock().unwrap());
    assert_eq!(notes.versions(), (1..=200).collect::<Vec<_>>());
    assert_eq!(database.commit_version().get(), 200);
}

async fn a_hook_sees_its_commit_and_the_version_counts_it(store: &Store) {
    let database = store.open().await;
    let reads = database.clone();
    let hook = move |_: &i64, version| assert_eq!(reads.commit_version(), version);
    database.write_then(insert_work(1), hook).await.unwrap();
    assert_eq!(database.commit_version().get(), 1);
}

async fn the_hook_runs_also_when_the_caller_has_gone(store: &Store) {
    let database = store.open().await;
    let (ran, has_run) = oneshot::channel();
    // One step hands it in; then the caller is gone.
    let hook = move |id: &i64, _| ran.send(*id).unwrap();
    let write = database.write_then(insert_work(1), hook).now_or_never();
    assert!(write.is_none());
    assert_eq!(has_run.await.unwrap(), 1);
    assert_eq!(count(&database).await, 1);
}

async fn the_hook_of_a_write_that_fails_or_panics_does_not_run(store: &Store) {
    let database = store.open().await;
    let notes = Notes::default();
    // Alone, and in a group with one that is committed.
    insert_noted(&database, 1, &notes).await.unwrap();
    insert_noted(&database, 1, &notes).await.unwrap_err();
    let writes = async {
        tokio::join!(
            biased;
            insert_noted(&database, 1, &notes),
            database.write_then(panicking_work, notes.hook()),
            insert_noted(&database, 2, &notes),
        )
    };
    let (refused, panicked, written) = in_one_group(&database, writes).await;
    assert!(refused.unwrap_err().is_unique_violation());
    assert!(matches!(panicked, Err(DbError::Refused(_))));
    written.unwrap();
    assert_eq!(notes.ids(), [1, 2]);
    let versions = notes.versions();
    assert!(versions[0] < versions[1], "{versions:?}");
}

async fn no_hook_of_a_group_that_is_not_committed_runs(store: &Store) {
    let database = store.open().await;
    let notes = Notes::default();
    let before = database.commit_version();
    let writes = async {
        tokio::join!(
            biased;
            insert_noted(&database, 1, &notes),
            insert_stray_part(&database, 1),
            insert_noted(&database, 2, &notes),
        )
    };
    let (first, stray, last) = in_one_group(&database, writes).await;
    for result in [first.map(drop), stray, last.map(drop)] {
        assert!(
            matches!(result, Err(DbError::NotCommitted(_))),
            "{result:?}"
        );
    }
    assert_eq!(notes.ids(), Vec::<i64>::new());
    // The write that kept the writer busy is the only one that counts.
    assert_eq!(database.commit_version().get(), before.get() + 1);
    insert_noted(&database, 1, &notes).await.unwrap();
    assert_eq!(notes.ids(), [1]);
}

async fn a_hook_that_panics_harms_nobody(store: &Store) {
    let database = store.open().await;
    let notes = Notes::default();
    let panics = database.write_then(insert_work(1), |_, _| panic!("on purpose"));
    let (panicked, written) = tokio::join!(panics, insert_noted(&database, 2, &notes));
    assert_eq!((panicked.unwrap(), written.unwrap()), (1, 2));
    assert_eq!(notes.ids(), [2]);
    assert_eq!(count(&database).await, 2);
    insert_noted(&database, 3, &notes).await.unwrap();
}

async fn what_a_hook_holds_is_free_before_its_caller_goes_on(store: &Store) {
    let database = store.open().await;
    let lock = Arc::new(tokio::sync::Mutex::new(()));
    for expected in [true, false] {
        let held = lock.clone().try_lock_owned().unwrap();
        let write = database.write_then(insert_work(1), move |_, _| drop(held));
        assert_eq!(write.await.is_ok(), expected);
        assert!(lock.try_lock().is_ok());
    }
}

async fn a_process_that_dies_after_the_commit_runs_no_hook_and_answers_nobody(store: &Store) {
    let (died, death) = oneshot::channel();
    let died = Mutex::new(Some(died));
    let watch: CommitWatch = Arc::new(move |moment| {
        if moment == CommitMoment::After {
            died.lock().unwrap().take().unwrap().send(()).unwrap();
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    });
    let (watched, notes) = (store.open_watched(watch).await, Notes::default());
    tokio::select! {
        _ = insert_noted(&watched, 1, &notes) => panic!("answered by the dead"),
        dead = death => dead.unwrap(),
    }
    assert_eq!(notes.ids(), Vec::<i64>::new());
    assert_eq!(count(&watched).await, 1);
}
