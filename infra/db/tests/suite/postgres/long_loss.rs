//! What the log says of a session that is lost for long.

use std::io::Write;
use std::sync::{Arc, Mutex};

use testing_engines::Postgres;

use super::*;

/// How long a test waits for a line.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was logged by the whole process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Waits for a line with all of these in it.
    async fn line(&self, parts: &[&str]) -> String {
        let begun = Instant::now();
        loop {
            let log = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
            let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
            if let Some(line) = log.lines().find(has_all) {
                return line.to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "no line with {parts:?}: {log}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_operator_reads_why_a_session_stays_lost_and_when_it_is_back() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    let log = Log::default();
    let writer = log.clone();
    let collector = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: a collector of one thread alone may not be asked.
    tracing::subscriber::set_global_default(collector).unwrap();
    let url = server.create_database("photos");
    let port = url.rsplit_once('/').unwrap().0.rsplit_once(':').unwrap().1;
    let database = open_postgres(&url).await;
    server.kill();
    let warning = log.line(&["WARN", port, "still lost"]).await;
    assert!(warning.contains("refused"), "no cause: {warning}");
    server.restart();
    log.line(&["INFO", port, "is restored"]).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    assert!(database.close().await);
}
