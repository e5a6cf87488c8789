//! Lists of accounts that one follows, and who is on them.

mod change;
mod members;
mod show;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::{Account, List, Nothing};

pub(crate) fn routes() -> Api {
    lists().merge(members())
}

fn lists() -> Api {
    Api::new()
        .get(
            "/api/v1/lists",
            show::all,
            Describe::new("Lists one's lists, the oldest first.").returns::<Vec<List>>(),
        )
        .post(
            "/api/v1/lists",
            change::create,
            Describe::new("Makes a list of accounts that one follows, with nobody on it.")
                .body::<change::ListForm>()
                .returns::<List>()
                .refuses(&[(422, "It has no title, or one has too many lists.")]),
        )
        .get(
            "/api/v1/lists/{id}",
            show::one,
            Describe::new("Shows one's list.")
                .returns::<List>()
                .refuses(&[(404, "One has no such list.")]),
        )
        .put(
            "/api/v1/lists/{id}",
            change::update,
            Describe::new("Changes one's list; what is not sent stays.")
                .body::<change::ListForm>()
                .returns::<List>()
                .refuses(&[(404, "One has no such list."), (422, "It has no title.")]),
        )
        .delete(
            "/api/v1/lists/{id}",
            change::delete,
            Describe::new("Deletes one's list; the accounts on it stay followed.")
                .returns::<Nothing>()
                .refuses(&[(404, "One has no such list.")]),
        )
}

fn members() -> Api {
    Api::new()
        .get(
            "/api/v1/lists/{id}/accounts",
            members::list,
            Describe::new(
                "Lists who is on one's list, the latest first; all of them with a limit of 0.",
            )
            .query::<PageQuery>()
            .returns::<Vec<Account>>()
            .refuses(&[(404, "One has no such list.")]),
        )
        .get(
            "/api/v1/accounts/{id}/lists",
            show::with_account,
            Describe::new("Lists one's lists that an account is on.").returns::<Vec<List>>(),
        )
        .post(
            "/api/v1/lists/{id}/accounts",
            members::add,
            Describe::new("Puts accounts that one follows on a list: all of them or none.")
                .body::<members::AccountsForm>()
                .returns::<Nothing>()
                .refuses(&[
                    (404, "One has no such list, or does not follow one of them."),
                    (422, "One of them is on it already, or too many would be."),
                ]),
        )
        .delete(
            "/api/v1/lists/{id}/accounts",
            members::remove,
            Describe::new("Takes accounts off a list.")
                .body::<members::AccountsForm>()
                .returns::<Nothing>()
                .refuses(&[(404, "One has no such list.")]),
        )
}
