//! A copy of a PostgreSQL server and the log that it archives from then on.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use tempfile::TempDir;

use crate::postgres::{Postgres, give_away, make_folder, program};
use crate::process::{LOOK_INTERVAL, START_MAX};

/// What a server can be recovered from, to any moment after it was made.
#[derive(Debug)]
pub struct Archive {
    programs: PathBuf,
    folder: TempDir,
}

/// Where the files of the log are, beside the copy's data.
const LOG: &str = "archive";

impl Postgres {
    /// Has it archive its log from now on, for which it is started again, and copies it.
    ///
    /// # Panics
    /// When it does not, or cannot be copied.
    pub fn archive(&mut self) -> Archive {
        let folder = TempDir::new().expect("a temporary folder");
        let log = folder.path().join(LOG);
        std::fs::create_dir(&log).expect("a folder for the log");
        let data = make_folder(folder.path());
        give_away(&log);
        let command = format!("cp %p {}/%f", log.display());
        self.run("ALTER SYSTEM SET archive_mode = on");
        self.run(&format!("ALTER SYSTEM SET archive_command = '{command}'"));
        self.kill_and_restart();
        let mut copy = program(self.programs(), "pg_basebackup");
        copy.arg(format!("--dbname={}", self.url("postgres")));
        copy.arg("--pgdata").arg(data);
        let copied = copy.args(["--checkpoint=fast", "--no-sync"]).output();
        let copied = copied.expect("pg_basebackup can be started");
        assert!(copied.status.success(), "pg_basebackup failed: {copied:?}");
        Archive {
            programs: self.programs().to_owned(),
            folder,
        }
    }
}

impl Archive {
    /// Starts the copy, and has it come to the restore point of this name and no further.
    ///
    /// # Panics
    /// When it cannot be started, or does not come there within a minute.
    #[must_use]
    pub fn recover_to(self, point: &str) -> Postgres {
        let (data, log) = (
            self.folder.path().join("data"),
            self.folder.path().join(LOG),
        );
        let settings = format!(
            "restore_command = 'cp {}/%f %p'\nrecovery_target_name = '{point}'\n\
             recovery_target_action = 'promote'\narchive_mode = off\n",
            log.display()
        );
        let file = File::options()
            .append(true)
            .open(data.join("postgresql.auto.conf"));
        let written = file.and_then(|mut file| file.write_all(settings.as_bytes()));
        written.expect("its settings can be written");
        let signal = data.join("recovery.signal");
        File::create(&signal).expect("a file that says to recover");
        give_away(&signal);
        let server = Postgres::serve_copy(self.programs, self.folder);
        let begun = Instant::now();
        while server.run("SELECT pg_is_in_recovery()") != "f" {
            assert!(begun.elapsed() < START_MAX, "it does not come to {point}");
            std::thread::sleep(LOOK_INTERVAL);
        }
        server
    }
}
