//! What the doctor finds in the bucket that `media_url` names. It writes an object of its own there
//! and deletes it; nothing else changes.

use infra_blob::{S3Facts, S3Store};
use infra_domain::Finding;

use super::clock_difference;
use crate::config::Configuration;
use crate::wire::data_folder::causes;
use crate::wire::photos;

/// Looks at the bucket, if there is one.
pub(in crate::commands) async fn findings(configuration: &Configuration) -> Vec<Finding> {
    let checked = photos::require_known_place(configuration);
    let bucket = checked.and_then(|()| photos::bucket(configuration));
    match bucket {
        Ok(None) => Vec::new(),
        Ok(Some(store)) => of_bucket(configuration, &store).await,
        Err(error) => vec![Finding::Problem(format!("{error:#}"))],
    }
}

async fn of_bucket(configuration: &Configuration, store: &S3Store) -> Vec<Finding> {
    let place = store.location();
    let found = match store.identity().await {
        Ok(found) => found,
        Err(error) => {
            return vec![Finding::Problem(format!(
                "`media_url` leads to no photos, {place}: {}",
                causes(&error)
            ))];
        }
    };
    let mut findings = vec![
        match photos::place_problem(configuration, store, found.as_deref()) {
            Err(error) => Finding::Problem(format!("{error:#}")),
            Ok(Some(problem)) => Finding::Problem(problem),
            Ok(None) => identity(store, found.as_deref()),
        },
    ];
    match store.inspect().await {
        Ok(facts) => findings.extend(of_facts(store, &facts)),
        Err(error) => findings.push(Finding::Problem(format!("{place}: {}", causes(&error)))),
    }
    findings
}

fn identity(store: &S3Store, found: Option<&str>) -> Finding {
    let place = store.location();
    Finding::Good(match found {
        Some(id) => format!("{place} is the place of this folder's photos; it is known by {id}"),
        None => {
            format!("{place} is nobody's yet; the next start takes it for this folder's photos")
        }
    })
}

fn of_facts(store: &S3Store, facts: &S3Facts) -> Vec<Finding> {
    let place = store.location();
    let mut findings = vec![Finding::Good(format!(
        "{place} can be written to, read and listed"
    ))];
    let ahead_us = facts.clock_ahead_s.map(|seconds| seconds * 1_000_000);
    findings.extend(ahead_us.and_then(|ahead_us| clock_difference(&place.to_string(), ahead_us)));
    findings.push(if facts.keeps_versions {
        Finding::Warning(format!(
            "{place} keeps a version of what is deleted: photos that people delete stay there, until a rule of the bucket \
             removes versions that are not current; see \"Photos in a bucket\" in docs/operators-guide.md"
        ))
    } else {
        Finding::Good(format!(
            "{place} keeps no versions: what is deleted there is gone"
        ))
    });
    findings
}
