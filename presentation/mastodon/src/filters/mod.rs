//! Filters: what one wants to see less of, by keywords and by statuses.

mod change;
mod form;
mod keywords;
mod show;
mod statuses;
mod v1;

use presentation_kit::Api;
use presentation_kit::api::Describe;

use crate::entities::Nothing;
use crate::entities::filter::{Filter, FilterKeyword, FilterStatus, V1Filter};

const NO_FILTER: (u16, &str) = (404, "One has no such filter.");
const NOT_VALID: (u16, &str) = (422, "It is not as a filter can be, or there are too many.");

pub(crate) fn routes() -> Api {
    filters()
        .merge(of_keywords())
        .merge(of_statuses())
        .merge(first_version())
}

fn filters() -> Api {
    Api::new()
        .get(
            "/api/v2/filters",
            show::all,
            Describe::new("Lists one's filters, also those that have ended.")
                .returns::<Vec<Filter>>(),
        )
        .post(
            "/api/v2/filters",
            change::create,
            Describe::new("Makes a filter.")
                .body::<form::FilterForm>()
                .returns::<Filter>()
                .refuses(&[NOT_VALID, (404, "A keyword that is named is none of it.")]),
        )
        .get(
            "/api/v2/filters/{id}",
            show::one,
            Describe::new("Shows one's filter.")
                .returns::<Filter>()
                .refuses(&[NO_FILTER]),
        )
        .put(
            "/api/v2/filters/{id}",
            change::update,
            Describe::new("Changes one's filter and its keywords; what is not sent stays.")
                .body::<form::FilterForm>()
                .returns::<Filter>()
                .refuses(&[
                    (404, "One has no such filter, or it has no such keyword."),
                    NOT_VALID,
                ]),
        )
        .delete(
            "/api/v2/filters/{id}",
            change::delete,
            Describe::new("Deletes one's filter.")
                .returns::<Nothing>()
                .refuses(&[NO_FILTER]),
        )
}

fn of_keywords() -> Api {
    const NO_KEYWORD: (u16, &str) = (404, "One has no such keyword.");
    Api::new()
        .get(
            "/api/v2/filters/{id}/keywords",
            keywords::all,
            Describe::new("Lists the keywords of a filter.")
                .returns::<Vec<FilterKeyword>>()
                .refuses(&[NO_FILTER]),
        )
        .post(
            "/api/v2/filters/{id}/keywords",
            keywords::add,
            Describe::new("Adds a keyword to a filter.")
                .body::<form::KeywordForm>()
                .returns::<FilterKeyword>()
                .refuses(&[NO_FILTER, NOT_VALID]),
        )
        .get(
            "/api/v2/filters/keywords/{id}",
            keywords::one,
            Describe::new("Shows a keyword of one's filters.")
                .returns::<FilterKeyword>()
                .refuses(&[NO_KEYWORD]),
        )
        .put(
            "/api/v2/filters/keywords/{id}",
            keywords::update,
            Describe::new("Changes a keyword; what is not sent stays.")
                .body::<form::KeywordForm>()
                .returns::<FilterKeyword>()
                .refuses(&[NO_KEYWORD, NOT_VALID]),
        )
        .delete(
            "/api/v2/filters/keywords/{id}",
            keywords::remove,
            Describe::new("Removes a keyword from its filter.")
                .returns::<Nothing>()
                .refuses(&[NO_KEYWORD]),
        )
}

fn of_statuses() -> Api {
    const NO_STATUS: (u16, &str) = (404, "One's filters have no such status.");
    Api::new()
        .get(
            "/api/v2/filters/{id}/statuses",
            statuses::all,
            Describe::new("Lists the statuses of a filter.")
                .returns::<Vec<FilterStatus>>()
                .refuses(&[NO_FILTER]),
        )
        .post(
            "/api/v2/filters/{id}/statuses",
            statuses::add,
            Describe::new("Adds a status that one may see to a filter.")
                .body::<form::StatusForm>()
                .returns::<FilterStatus>()
                .refuses(&[
                    NO_FILTER,
                    (
                        422,
                        "There is no such status, it is there already, or there are too many.",
                    ),
                ]),
        )
        .get(
            "/api/v2/filters/statuses/{id}",
            statuses::one,
            Describe::new("Shows a status of one's filters.")
                .returns::<FilterStatus>()
                .refuses(&[NO_STATUS]),
        )
        .delete(
            "/api/v2/filters/statuses/{id}",
            statuses::remove,
            Describe::new("Takes a status out of its filter.")
                .returns::<Nothing>()
                .refuses(&[NO_STATUS]),
        )
}

/// Where each keyword is a filter of its own.
fn first_version() -> Api {
    Api::new()
        .get(
            "/api/v1/filters",
            v1::all,
            Describe::new("Lists the keywords of one's filters as filters of their own.")
                .returns::<Vec<V1Filter>>(),
        )
        .post(
            "/api/v1/filters",
            v1::create,
            Describe::new("Makes a filter of one keyword.")
                .body::<form::V1FilterForm>()
                .returns::<V1Filter>()
                .refuses(&[NOT_VALID]),
        )
        .get(
            "/api/v1/filters/{id}",
            v1::one,
            Describe::new("Shows a keyword as a filter of its own.")
                .returns::<V1Filter>()
                .refuses(&[NO_FILTER]),
        )
        .put(
            "/api/v1/filters/{id}",
            v1::update,
            Describe::new("Changes a keyword and its filter; what is not sent stays.")
                .body::<form::V1FilterForm>()
                .returns::<V1Filter>()
                .refuses(&[
                    NO_FILTER,
                    (
                        422,
                        "Other keywords share what is to be changed, or it is not valid.",
                    ),
                ]),
        )
        .delete(
            "/api/v1/filters/{id}",
            v1::delete,
            Describe::new("Removes a keyword, and with the last one its filter.")
                .returns::<Nothing>()
                .refuses(&[NO_FILTER]),
        )
}
