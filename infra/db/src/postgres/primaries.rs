//! Several hosts that all say to be the primary: which of them is.

use super::Session;

/// A session with a server, and what the server says of itself.
pub(crate) struct Found {
    pub(crate) session: Session,
    /// Its host and port.
    pub(crate) host: String,
    /// The timeline that it writes; each promotion begins one.
    pub(crate) timeline: i64,
    /// When it was started, to the microsecond: two addresses may lead to one server.
    pub(crate) started: String,
}

/// The primary of the last timeline, if there is any.
///
/// # Errors
/// A sentence, when two servers write the same one.
pub(crate) fn latest(primaries: Vec<Found>) -> Result<Option<Found>, String> {
    let last = primaries.iter().map(|found| found.timeline).max();
    let (mut those, old): (Vec<_>, Vec<_>) = primaries
        .into_iter()
        .partition(|found| Some(found.timeline) == last);
    for found in old {
        tracing::warn!(host = %found.host, timeline = found.timeline, last, "this host says to be the primary, and another one was promoted since; it is not used, and must be made a standby");
    }
    let hosts: Vec<_> = those.iter().map(|found| found.host.as_str()).collect();
    let is_one = those.windows(2).all(|two| two[0].started == two[1].started);
    if !is_one {
        return Err(format!(
            "{} all say to be the primary, of the same timeline {}, so nobody can tell which has what was acknowledged; stop those \
             that were not in use last, or make them standbys of the one that was",
            hosts.join(" and "),
            last.unwrap_or_default()
        ));
    }
    Ok((!those.is_empty()).then(|| those.swap_remove(0)))
}
