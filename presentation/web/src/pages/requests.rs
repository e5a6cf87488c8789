//! `/requests`: who asks to follow, and letting them in or turning them away.

use askama::Template;
use business_graph_gateway::{AcceptFollowRequest, RejectFollowRequest};
use infra_kernel::{Error, Result};
use presentation_kit::Problem;
use presentation_kit::extract::QueryOf;
use serde::Deserialize;

use crate::guard::Form;
use crate::page_context::PageContext;
use crate::pages::{ListQuery, older};
use crate::respond::{PageError, PageResult, PathOf, page, redirect};
use crate::view::{PersonView, Shell};

/// People on a page.
const PEOPLE: u32 = 40;
/// This page's own address.
const HERE: &str = "/requests";

#[derive(Template)]
#[template(path = "requests.html")]
pub(crate) struct RequestsPage {
    pub(crate) shell: Shell,
    pub(crate) people: Vec<PersonView>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    /// "accept" or "reject".
    answer: String,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> PageResult {
    let viewer = page_context.member()?;
    let query = query.map_err(|problem| PageError(problem.0))?.0;
    let reader = &page_context.surface.reader;
    let asking = reader.asking(&page_context.context, viewer, query.page(PEOPLE)?);
    let asking = asking.await?;
    let people = asking.items.iter();
    Ok(page(&RequestsPage {
        shell: Shell::of(&page_context, ""),
        people: people
            .map(|person| PersonView::of(page_context.site(), person))
            .collect(),
        is_first: query.is_first(),
        older: older(HERE, asking.cursors),
    }))
}

/// What is answered already is no error: both ways lead back to the list, where it is gone.
pub(crate) async fn answer(
    page_context: PageContext,
    PathOf(name): PathOf<String>,
    Form(form): Form<AnswerForm>,
) -> PageResult {
    let account_id = page_context.member()?.get();
    let (reader, context) = (&page_context.surface.reader, &page_context.context);
    let domain = &page_context.site().domain;
    let follower_id = reader
        .person_named(context, &name, domain)
        .await?
        .account
        .id;
    let graph = &page_context.surface.gateways.graph;
    match form.answer.as_str() {
        "accept" => {
            let request = AcceptFollowRequest {
                account_id,
                follower_id,
            };
            graph.accept_follow(context, request).await.map(drop)?;
        }
        "reject" => {
            let request = RejectFollowRequest {
                account_id,
                follower_id,
            };
            graph.reject_follow(context, request).await.map(drop)?;
        }
        _ => {
            let sentence = "Somebody who asks is let in or turned away.";
            return Err(Error::invalid("answer", sentence).into());
        }
    }
    Ok(redirect(HERE))
}
