//! What moderators do: looking after reports. Everything here takes a scope that anyone may grant,
//! and a role that few have: the domain refuses those who have none.

mod change;
mod history;
mod list;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::{AdminReport, ReportEvent};

pub(crate) fn routes() -> Api {
    looks().merge(changes()).merge(history())
}

fn looks() -> Api {
    Api::new()
        .get(
            "/api/v1/admin/reports",
            list::list,
            Describe::new(
                "Lists reports, the latest first, for moderators: the open ones, or the closed.",
            )
            .query::<PageQuery>()
            .query::<list::ReportsQuery>()
            .returns::<Vec<AdminReport>>(),
        )
        .get(
            "/api/v1/admin/reports/{id}",
            list::show,
            Describe::new("Shows a report, for moderators.").returns::<AdminReport>(),
        )
}

fn changes() -> Api {
    Api::new()
        .put(
            "/api/v1/admin/reports/{id}",
            change::update,
            Describe::new("Changes the category of a report.")
                .body::<change::ReportForm>()
                .returns::<AdminReport>(),
        )
        .post(
            "/api/v1/admin/reports/{id}/assign_to_self",
            change::assign_to_self,
            Describe::new("Takes a report to look after it.").returns::<AdminReport>(),
        )
        .post(
            "/api/v1/admin/reports/{id}/unassign",
            change::unassign,
            Describe::new("Gives a report back, so that nobody looks after it.")
                .returns::<AdminReport>(),
        )
        .post(
            "/api/v1/admin/reports/{id}/resolve",
            change::resolve,
            Describe::new("Closes a report.").returns::<AdminReport>(),
        )
        .post(
            "/api/v1/admin/reports/{id}/reopen",
            change::reopen,
            Describe::new("Opens a closed report again.").returns::<AdminReport>(),
        )
}

fn history() -> Api {
    Api::new()
        .get(
            "/api/heliograph/v1/admin/reports/{id}",
            history::at,
            Describe::new("Shows a report as it was at a time, or as it is. Not in Mastodon.")
                .query::<history::AtQuery>()
                .returns::<AdminReport>(),
        )
        .get(
            "/api/heliograph/v1/admin/reports/{id}/history",
            history::list,
            Describe::new(
                "Lists everything that happened to a report, in order: who did what, when, on which statuses. \
                 Not in Mastodon.",
            )
            .returns::<Vec<ReportEvent>>(),
        )
        .post(
            "/api/heliograph/v1/admin/reports/{id}/notes",
            history::note,
            Describe::new("Adds a note to a report, for other moderators. Not in Mastodon.")
                .body::<history::NoteForm>()
                .returns::<AdminReport>(),
        )
}
