//! What a disk that does not answer holds up, and what not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use infra_blob::{READS_AT_ONCE_MAX, WORK_READS_AT_ONCE_MAX};
use tokio::task::JoinSet;

use super::*;
use crate::fixture::name_of;

/// A blob whose file is a pipe: a process that opens it waits until this is dropped. So does the
/// end of a test that fails, which would else wait for threads that wait here.
struct Stalled(PathBuf);

impl Stalled {
    fn new(fixture: &Fixture, key: BlobKey) -> Self {
        let path = fixture.folder().join(name_of(key));
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        Self(path)
    }
}

impl Drop for Stalled {
    /// Lets those go on that wait, and anyone who comes later.
    fn drop(&mut self) {
        // For reading too: else it would wait itself where nobody does.
        let pipe = fs::OpenOptions::new().read(true).write(true).open(&self.0);
        // Anyone who comes later finds an empty file; anyone who waits, the end of the pipe.
        let empty = self.0.with_extension("empty");
        let replaced = fs::write(&empty, b"").and_then(|()| fs::rename(&empty, &self.0));
        drop(pipe);
        if let Err(error) = replaced {
            eprintln!("a pipe is left: {error}");
        }
    }
}

#[tokio::test]
async fn reads_that_a_slow_disk_holds_up_are_few_and_writing_goes_on_beside_them() {
    let fixture = Fixture::directory().await;
    let store = &fixture.store;
    let slow = store.put(content(1_000)).await.unwrap().key;
    let stalled = Stalled::new(&fixture, slow);
    let mut reads = JoinSet::new();
    for _ in 0..READS_AT_ONCE_MAX + 10 {
        let store = Arc::clone(store);
        reads.spawn(async move { store.read_all(slow, 1_000).await });
    }
    // This server's own work continues beside them, and waits where its own turns are taken.
    let written = store.put(content(3_000)).await.unwrap();
    let own = store.read_all_for_work(written.key, 3_000).await;
    assert_eq!(own.unwrap(), content(3_000));
    let mut work = JoinSet::new();
    for _ in 0..WORK_READS_AT_ONCE_MAX + 10 {
        let store = Arc::clone(store);
        work.spawn(async move { store.read_all_for_work(slow, 1_000).await });
    }
    // Those that had no turn are told so; the others wait for the disk.
    for _ in 0..10 {
        let refused = reads.join_next().await.unwrap().unwrap().unwrap_err();
        assert!(matches!(refused, BlobError::Busy), "{refused:?}");
        assert!(refused.is_transient());
        let response = Error::from(refused);
        assert_eq!(response.code(), ErrorCode::Unavailable);
        assert!(response.retry_after().is_some());
    }
    let another = store.put(content(4_000)).await.unwrap();
    assert!(store.exists(another.key).await.unwrap());
    assert_eq!(reads.len(), READS_AT_ONCE_MAX);
    assert!(work.try_join_next().is_none(), "one gave up");
    // The disk answers again, and the turns are released.
    drop(stalled);
    while let Some(read) = reads.join_next().await {
        assert!(read.unwrap().is_ok());
    }
    while let Some(read) = work.join_next().await {
        assert!(read.unwrap().is_ok());
    }
    read(&**store, written.key, ByteRange::ALL).await.unwrap();
}

/// A lower bound of time alone: it holds on any machine.
#[tokio::test]
async fn work_reads_again_what_the_disk_says_it_has_lost() {
    let fixture = Fixture::directory().await;
    let key = fixture.store.put(content(10)).await.unwrap().key;
    let path = fixture.folder().join(name_of(key));
    fs::remove_file(&path).unwrap();
    // What the system cannot read, as it cannot read a sector that is lost.
    std::os::unix::fs::symlink("/proc/self/mem", &path).unwrap();
    let begun = Instant::now();
    let lost = fixture.store.read_all_for_work(key, 10).await;
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "it was read once"
    );
    assert!(matches!(lost, Err(BlobError::Io { .. })), "{lost:?}");
    // Somebody who waits for a photo is told at once.
    let lost = fixture.store.read_all(key, 10).await;
    assert!(matches!(lost, Err(BlobError::Io { .. })), "{lost:?}");
}
