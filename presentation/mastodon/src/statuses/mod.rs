//! Statuses: posting, reading and deleting, liking, resharing and bookmarking.

mod bookmark;
mod context;
mod create;
mod delete;
mod edit;
mod favourite;
mod favourited_by;
pub(crate) mod find;
mod history;
mod marked;
mod pin;
mod reblog;
mod reblogged_by;
mod show;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::{Account, Status, StatusContext, StatusEdit, StatusSource};
use crate::ids::IdsQuery;

pub(crate) fn routes() -> Api {
    posts()
        .merge(edits())
        .merge(likes())
        .merge(reshares())
        .merge(bookmarks())
        .merge(pins())
}

fn posts() -> Api {
    Api::new()
        .post(
            "/api/v1/statuses",
            create::create,
            Describe::new(
                "Posts a status. With the header `Idempotency-Key`, the same key answers the same status again.",
            )
            .body::<create::StatusForm>()
            .returns::<Status>()
            .refuses(&[(404, "The status to answer is not there, or not for whom asks.")]),
        )
        .get(
            "/api/v1/statuses",
            show::list,
            Describe::new("Lists statuses by their ids; those that one may not see are left out.")
                .query::<IdsQuery>()
                .returns::<Vec<Status>>(),
        )
        .get(
            "/api/v1/statuses/{id}",
            show::show,
            Describe::new("Shows a status.").returns::<Status>(),
        )
        .delete(
            "/api/v1/statuses/{id}",
            delete::delete,
            Describe::new(
                "Deletes one's own status; answers it with its `text`, to write it again. A token without \
                 `read:statuses` hears which status it was, and nothing of what stood in it.",
            )
                .returns::<Status>(),
        )
        .get(
            "/api/v1/statuses/{id}/context",
            context::show,
            Describe::new("Shows what a status answers, and what answers it.")
                .returns::<StatusContext>(),
        )
}

fn edits() -> Api {
    Api::new()
        .put(
            "/api/v1/statuses/{id}",
            edit::edit,
            Describe::new(
                "Changes one's own status, at most a hundred times. Who may see it and what it answers stay; \
                 what it said before can be read by those who may see it.",
            )
            .body::<edit::EditForm>()
            .returns::<Status>(),
        )
        .get(
            "/api/v1/statuses/{id}/source",
            history::source,
            Describe::new("Shows a status as it was written.").returns::<StatusSource>(),
        )
        .get(
            "/api/v1/statuses/{id}/history",
            history::history,
            Describe::new("Shows what a status said, oldest first; last as it is now.")
                .returns::<Vec<StatusEdit>>(),
        )
}

fn likes() -> Api {
    Api::new()
        .post(
            "/api/v1/statuses/{id}/favourite",
            favourite::favourite,
            Describe::new("Likes a status; liking it again changes nothing.").returns::<Status>(),
        )
        .post(
            "/api/v1/statuses/{id}/unfavourite",
            favourite::unfavourite,
            Describe::new("Takes a like back.").returns::<Status>(),
        )
        .get(
            "/api/v1/statuses/{id}/favourited_by",
            favourited_by::list,
            Describe::new("Lists who likes a status, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
        .get(
            "/api/v1/favourites",
            marked::favourites,
            Describe::new("Lists the statuses that one likes, the latest like first.")
                .query::<PageQuery>()
                .returns::<Vec<Status>>(),
        )
}

fn reshares() -> Api {
    Api::new()
        .post(
            "/api/v1/statuses/{id}/reblog",
            reblog::reblog,
            Describe::new(
                "Reshares a status, once; answers the reshare, with the status in it. A status for followers is \
                 reshared by its author alone, and for them.",
            )
            .body::<reblog::ReblogForm>()
            .returns::<Status>(),
        )
        .post(
            "/api/v1/statuses/{id}/unreblog",
            reblog::unreblog,
            Describe::new("Takes a reshare back; answers the status itself.").returns::<Status>(),
        )
        .get(
            "/api/v1/statuses/{id}/reblogged_by",
            reblogged_by::list,
            Describe::new("Lists who reshared a status, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
}

fn pins() -> Api {
    Api::new()
        .post(
            "/api/v1/statuses/{id}/pin",
            pin::pin,
            Describe::new("Puts one of one's own statuses on top of one's page; at most five.")
                .returns::<Status>(),
        )
        .post(
            "/api/v1/statuses/{id}/unpin",
            pin::unpin,
            Describe::new("Takes a status off the top of one's page.").returns::<Status>(),
        )
}

fn bookmarks() -> Api {
    Api::new()
        .post(
            "/api/v1/statuses/{id}/bookmark",
            bookmark::bookmark,
            Describe::new("Bookmarks a status; nobody else learns of it.").returns::<Status>(),
        )
        .post(
            "/api/v1/statuses/{id}/unbookmark",
            bookmark::unbookmark,
            Describe::new("Removes a bookmark.").returns::<Status>(),
        )
        .get(
            "/api/v1/bookmarks",
            marked::bookmarks,
            Describe::new("Lists the statuses that one has bookmarked, the latest bookmark first.")
                .query::<PageQuery>()
                .returns::<Vec<Status>>(),
        )
}
