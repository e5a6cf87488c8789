//! What the doctor finds in the data folder. It opens everything read-only and makes, migrates and
//! writes nothing.

use std::path::Path;

use infra_db::inspect;
use infra_domain::{DatabaseSpec, Finding};
use infra_host::Ballast;

use super::{domains, event_log, has_problem};
use crate::config::Configuration;
use crate::wire::backups;
use crate::wire::data_folder::{self, Contents, Found, causes};
use crate::wire::databases::BUS;
use crate::wire::permissions;

/// Below this many times the reserve, room on the disk will soon be short.
const RESERVES_MIN: u64 = 2;

/// Looks at the folder and all that is in it.
pub(super) async fn findings(configuration: &Configuration) -> Vec<Finding> {
    let path = &configuration.data_dir;
    if !path.is_dir() {
        return vec![Finding::Warning(format!(
            "there is no data folder at {}; `heliograph serve` makes it at the first start",
            path.display()
        ))];
    }
    let mut findings = vec![writable(path)];
    findings.extend(exposed(path));
    findings.extend(space(configuration));
    findings.extend(backups::finding(path));
    let contents = match Contents::look(configuration).await {
        Ok(contents) => contents,
        Err(error) => {
            findings.push(Finding::Problem(format!("{error:#}")));
            return findings;
        }
    };
    if let Err(error) = contents.require_no_other(configuration) {
        findings.push(Finding::Problem(format!("{error:#}")));
    }
    let mut databases = Vec::new();
    for (database, found) in contents.databases() {
        databases.push(self::database(path, database, &found).await);
    }
    let is_whole = !has_problem(&databases);
    findings.extend(databases);
    findings.extend(secret(path, &contents));
    // Domains ask with their own statements, which a damaged or foreign database may not bear.
    if is_whole {
        let bus = domains::file_for_reading(path, &contents, &BUS);
        findings.extend(event_log::findings(configuration, bus).await);
        findings.extend(domains::findings(configuration, &contents).await);
    }
    findings
}

/// Looks at the log of events, if it is on servers. The bus's database, if it is there, says whose.
pub(in crate::commands) async fn log_findings(configuration: &Configuration) -> Vec<Finding> {
    if configuration.bus_url.is_empty() {
        return Vec::new();
    }
    let contents = Contents::look(configuration).await.ok();
    let bus =
        contents.and_then(|found| domains::file_for_reading(&configuration.data_dir, &found, &BUS));
    event_log::findings(configuration, bus).await
}

fn writable(path: &Path) -> Finding {
    use rustix::fs::{Access, access};
    // Execution, too: of a folder it is the right to reach what is in it.
    match access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::Good(format!(
            "the data folder {} can be written to",
            path.display()
        )),
        Err(error) => Finding::Problem(format!(
            "the data folder {} cannot be written to ({error}); give it to the user that runs heliograph",
            path.display()
        )),
    }
}

fn exposed(path: &Path) -> Vec<Finding> {
    match permissions::exposed(path) {
        Ok(exposed) if exposed.is_empty() => {
            vec![Finding::Good("only its owner can read what is in it".to_owned())]
        }
        Ok(exposed) => exposed
            .iter()
            .map(|path| {
                Finding::Warning(format!(
                    "others than its owner may read {}; the next start of `heliograph serve` changes that where it may",
                    path.display()
                ))
            })
            .collect(),
        Err(error) => vec![Finding::Problem(format!(
            "the data folder {} cannot be read: {error}",
            path.display()
        ))],
    }
}

/// Room on the disk of the photos, which may be another than that of the databases, and on that
/// one.
fn space(configuration: &Configuration) -> Vec<Finding> {
    let folder = &configuration.data_dir;
    let files = folder.join(data_folder::MEDIA);
    let mut findings = Vec::new();
    let reserve = configuration.disk_reserve_bytes;
    let photos = if files.is_dir() { &files } else { folder };
    findings.push(match infra_host::available_bytes(photos) {
        Ok(bytes) if bytes < reserve => Finding::Problem(format!(
            "only {} MB are free on the disk of {}, less than the {} MB of disk_reserve_bytes: uploads are refused; make room",
            bytes / 1_000_000,
            photos.display(),
            reserve / 1_000_000,
        )),
        Ok(bytes) if bytes < reserve.saturating_mul(RESERVES_MIN) => Finding::Warning(format!(
            "only {} MB are free on the disk of {}; below {} MB (disk_reserve_bytes) uploads are refused",
            bytes / 1_000_000,
            photos.display(),
            reserve / 1_000_000,
        )),
        Ok(bytes) => Finding::Good(format!("{} GB are free on the disk", bytes / 1_000_000_000)),
        Err(error) => Finding::Warning(format!(
            "the free space of {} cannot be told: {error}",
            photos.display()
        )),
    });
    if Ballast::of(folder).is_released() {
        findings.push(Finding::Problem(format!(
            "the disk of {} was full: until there is room, nothing is taken but what deletes and signs in; make room",
            folder.display()
        )));
    }
    findings
}

async fn database(folder: &Path, database: &DatabaseSpec, found: &Found<'_>) -> Finding {
    let path = folder.join(database.file);
    let pending = match found {
        Found::Ready(pending) => *pending,
        Found::New => {
            return Finding::Good(format!(
                "{} is not there yet; it is made at the next start",
                path.display()
            ));
        }
        Found::Lost if database.is_read_model => {
            return Finding::Warning(data_folder::problem(database, &path, found));
        }
        found => return Finding::Problem(data_folder::problem(database, &path, found)),
    };
    match inspect(&path).await {
        Ok(inspected) if inspected.integrity == "ok" => Finding::Good(format!(
            "{} is sound, {} KB{}",
            path.display(),
            inspected.bytes / 1_000,
            if pending > 0 {
                ", and is brought up to date at the next start"
            } else {
                ""
            }
        )),
        Ok(inspected) => {
            let damaged = Found::Damaged(&inspected.integrity);
            Finding::Problem(data_folder::problem(database, &path, &damaged))
        }
        Err(error) => Finding::Problem(format!(
            "{} cannot be read: {}",
            path.display(),
            causes(&error)
        )),
    }
}

/// The secret is made again where it is lost, at a price.
fn secret(folder: &Path, contents: &Contents) -> Option<Finding> {
    let path = folder.join(data_folder::SECRET);
    let is_in_use = |found: Found<'_>| matches!(found, Found::Ready(_));
    // Where no database is in use there was no start yet, which makes it.
    let lost = !path.exists() && contents.databases().any(|(_, found)| is_in_use(found));
    lost.then(|| {
        Finding::Warning(format!(
            "{} is not there; restore it from a backup, or the next start makes a new one and addresses of photos given out \
             until now stop working",
            path.display()
        ))
    })
}
