//! What the domains find in their databases, which are files or on a server. They are only read,
//! beside a serving process or without one.

use std::path::Path;

use infra_db::{Database, DatabaseState, DbError, Migrator, examine_postgres};
use infra_domain::{DatabaseSpec, Finding};

use crate::config::Configuration;
use crate::wire::compose::{DOMAINS, Entry};
use crate::wire::data_folder::{self, Contents, Found, causes};
use crate::wire::photos;

/// What each domain finds in its database, and whether the photos' files are there at all.
pub(super) async fn findings(configuration: &Configuration, contents: &Contents) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in DOMAINS {
        let database = match for_reading(configuration, contents, entry.database).await {
            Ok((database, found)) => {
                findings.extend(found);
                database
            }
            // What is said of the server itself is said once, elsewhere.
            Err(DbError::Connect { .. } | DbError::Role { .. } | DbError::Disconnected(_)) => break,
            Err(error) => {
                findings.push(not_readable(entry.database.name, &error));
                continue;
            }
        };
        let Some(database) = database else { continue };
        let found = domain(configuration, contents, entry, &database).await;
        findings.extend(found.unwrap_or_else(|error| {
            vec![not_readable(&database.path().display().to_string(), &error)]
        }));
        database.close().await;
    }
    findings
}

fn not_readable(database: &str, error: &DbError) -> Finding {
    Finding::Problem(format!("{database} cannot be looked at: {}", causes(error)))
}

async fn domain(
    configuration: &Configuration,
    contents: &Contents,
    entry: &Entry,
    database: &Database,
) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    let folder = configuration.data_dir.as_path();
    let may_miss_files = configuration.media_url.is_empty();
    if may_miss_files && (entry.has_blobs)(database).await? && photos::has_no_files(folder) {
        let files = folder.join(data_folder::MEDIA);
        findings.push(if contents.files_are_given_up() {
            Finding::Warning(format!(
                "the photos' files in {} are lost, as --accept-lost photos said",
                files.display()
            ))
        } else {
            Finding::Problem(photos::no_files(folder))
        });
    }
    findings.extend((entry.check)(database).await?);
    Ok(findings)
}

/// A domain's database for reading, if it is up to date: an older one may lack what is asked for.
/// With what is to be said of one on a server; of files that is said where they are looked at.
async fn for_reading(
    configuration: &Configuration,
    contents: &Contents,
    spec: &DatabaseSpec,
) -> Result<(Option<Database>, Option<Finding>), DbError> {
    let url = configuration.database_url.as_str();
    match spec.postgres_migrations {
        Some(migrations) if !url.is_empty() => {
            let (database, found) = schema_for_reading(url, contents, spec, migrations).await?;
            Ok((database, Some(found)))
        }
        _ => {
            let folder = configuration.data_dir.as_path();
            Ok((file_for_reading(folder, contents, spec), None))
        }
    }
}

/// The same of a file of the folder.
pub(super) fn file_for_reading(
    folder: &Path,
    contents: &Contents,
    spec: &DatabaseSpec,
) -> Option<Database> {
    let mut databases = contents.databases();
    let (_, found) = databases.find(|(database, _)| database.name == spec.name)?;
    let is_up_to_date = matches!(found, Found::Ready(0));
    is_up_to_date.then(|| Database::open_read_only(&folder.join(spec.file)))
}

/// The same of a schema on the server of this URL.
async fn schema_for_reading(
    url: &str,
    contents: &Contents,
    spec: &DatabaseSpec,
    migrations: &Migrator,
) -> Result<(Option<Database>, Finding), DbError> {
    let state = examine_postgres(url, spec.name, migrations).await?;
    let database = Database::open_postgres_read_only(url, spec.name)?;
    let installation = match state {
        DatabaseState::Ready { .. } => database.installation().await?,
        _ => None,
    };
    // What is not there is known by nothing.
    let other = contents.other_than(spec, &installation.unwrap_or_default());
    let found = schema(&database, spec, &state, other);
    let is_up_to_date = state == DatabaseState::Ready { pending: 0 } && !found.is_problem();
    Ok((is_up_to_date.then_some(database), found))
}

/// What to say of a schema; `other` if it is not the one that the folder was used with.
fn schema(
    database: &Database,
    spec: &DatabaseSpec,
    state: &DatabaseState,
    other: Option<String>,
) -> Finding {
    let name = database.path().display();
    match (state, other) {
        (DatabaseState::Newer, _) => Finding::Problem(format!(
            "{name} was brought up to date by a newer heliograph than this one ({}); run that version, or restore a backup \
             that is older than the upgrade",
            env!("CARGO_PKG_VERSION")
        )),
        (DatabaseState::Foreign | DatabaseState::Damaged(_), _) => Finding::Problem(format!(
            "{name} has other tables than those of {}; name the right database in `database_url`",
            spec.name
        )),
        (_, Some(problem)) if spec.is_read_model => Finding::Warning(problem),
        (_, Some(problem)) => Finding::Problem(problem),
        (DatabaseState::Missing | DatabaseState::Empty, None) => {
            Finding::Good(format!("{name} is made at the next start"))
        }
        (DatabaseState::Ready { pending: 0 }, None) => {
            Finding::Good(format!("{name} is there, and up to date"))
        }
        (DatabaseState::Ready { .. }, None) => {
            Finding::Good(format!("{name} is brought up to date at the next start"))
        }
    }
}
