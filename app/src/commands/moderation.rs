//! `heliograph moderation`: what happened to a report and what it was at any time, and the list of
//! reports, which can be thrown away and made again.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use business_accounts_gateway::{Accounts, GetAccountsRequest};
use business_moderation_gateway::case_event::What;
use business_moderation_gateway::{
    Case, CaseEvent, CaseId, GetCaseRequest, ListCaseEventsRequest, RebuildCasesRequest,
};
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Access;
use crate::config::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum ModerationCommand {
    /// Show what happened to a report, and what it came to
    Case {
        /// The report's id
        id: CaseId,
        /// As it was at this time: 2026-12-01T10:30:00Z
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the list of reports again from what happened to each
    Rebuild {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(
    command: &ModerationCommand,
    configuration: &Configuration,
) -> Result<ExitCode> {
    match command {
        ModerationCommand::Case { id, at, json } => show(configuration, *id, *at, *json).await,
        ModerationCommand::Rebuild { json } => rebuild(configuration, *json).await,
    }
}

async fn rebuild(configuration: &Configuration, as_json: bool) -> Result<ExitCode> {
    // Each part of it is one transaction, so a serving process may go on.
    let domains = super::open_existing(configuration, Access::Changes).await?;
    let (moderation, context) = (domains.gateways().moderation, super::context());
    let rebuilt = moderation.rebuild_cases(&context, RebuildCasesRequest {});
    let count = rebuilt.await?.count;
    domains.close().await;
    if as_json {
        super::print_json(&json!({"count": count}))?;
    } else {
        println!("{count} reports are listed again as their histories say.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(
    configuration: &Configuration,
    id: CaseId,
    at: Option<Timestamp>,
    as_json: bool,
) -> Result<ExitCode> {
    let domains = super::open_existing(configuration, Access::Asks).await?;
    let (gateways, context) = (domains.gateways(), super::context());
    let at_us = at.map(Timestamp::as_microsecond);
    let request = GetCaseRequest {
        case_id: id.get(),
        at_us,
        ..GetCaseRequest::default()
    };
    let case = gateways.moderation.get_case(&context, request).await;
    let case = case.with_context(|| format!("report {id}"))?;
    let request = ListCaseEventsRequest {
        case_id: id.get(),
        ..ListCaseEventsRequest::default()
    };
    let events = gateways.moderation.list_case_events(&context, request);
    let mut events = events.await?.events;
    events.truncate(usize::try_from(case.events_count)?);
    let names = Names::of(&*gateways.accounts, &case, &events).await?;
    domains.close().await;
    if as_json {
        let events: Vec<_> = events.iter().map(|event| names.event_json(event)).collect();
        super::print_json(&json!({"report": names.case_json(&case), "events": events}))?;
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", names.case_line(&case));
    for event in &events {
        let (who, what) = (names.of_account(event.actor_id), names.what(event));
        println!(
            "{:>4}  {}  {who} {what}",
            event.number,
            time(event.occurred_at_us)
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn time(microseconds: i64) -> String {
    let at = Timestamp::from_microsecond(microseconds).unwrap_or_default();
    format!("{at:.6}")
}

/// What the accounts that a case names are called.
struct Names(HashMap<u64, String>);

impl Names {
    async fn of(accounts: &dyn Accounts, case: &Case, events: &[CaseEvent]) -> Result<Self> {
        let actors = events.iter().map(|event| event.actor_id);
        let mut ids: Vec<u64> = actors.chain(case.account_ids()).collect();
        ids.sort_unstable();
        ids.dedup();
        let request = GetAccountsRequest { ids };
        let reply = accounts.get_accounts(&super::context(), request).await?;
        let accounts = reply.accounts.into_iter();
        Ok(Self(
            accounts
                .map(|account| (account.id, account.username))
                .collect(),
        ))
    }

    /// The account's name, or its id when it is not there any more.
    fn of_account(&self, id: u64) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn case_line(&self, case: &Case) -> String {
        let state = match case.resolved {
            true => format!("closed by {}", self.of_account(case.resolver_id)),
            false => "open".to_owned(),
        };
        let assignee = match case.assignee_id {
            0 => String::new(),
            id => format!(", looked after by {}", self.of_account(id)),
        };
        format!(
            "report {} about {}: {state}, {}{assignee}",
            case.id,
            self.of_account(case.target_id),
            case.category().name()
        )
    }

    /// What somebody did, in words that follow their name.
    fn what(&self, event: &CaseEvent) -> String {
        match &event.what {
            Some(What::Opened(opened)) => {
                let mut line = format!(
                    "reported {} ({})",
                    self.of_account(opened.target_id),
                    opened.category().name()
                );
                for post in &opened.evidence {
                    line += &format!(", post {} at revision {}", post.post_id, post.revision);
                }
                if !opened.comment.is_empty() {
                    line += &format!(": {:?}", opened.comment);
                }
                line
            }
            Some(What::Assigned(assigned)) => {
                format!("gave it to {}", self.of_account(assigned.assignee_id))
            }
            Some(What::Unassigned(_)) => "gave it to nobody".to_owned(),
            Some(What::Resolved(_)) => "closed it".to_owned(),
            Some(What::Reopened(_)) => "opened it again".to_owned(),
            Some(What::Categorised(to)) => format!("called it {}", to.category().name()),
            Some(What::NoteAdded(note)) => format!("noted {:?}", note.text),
            None => "did what this version does not know".to_owned(),
        }
    }

    fn event_json(&self, event: &CaseEvent) -> Value {
        json!({
            "number": event.number, "at": time(event.occurred_at_us),
            "by": self.of_account(event.actor_id), "what": self.what(event),
        })
    }

    fn case_json(&self, case: &Case) -> Value {
        let known = |id: u64| (id != 0).then(|| self.of_account(id));
        json!({
            "id": case.id.to_string(), "reported_by": self.of_account(case.reporter_id),
            "about": self.of_account(case.target_id), "category": case.category().name(),
            "comment": case.comment, "posts": case.post_ids().map(|id| id.to_string()).collect::<Vec<_>>(),
            "opened_at": time(case.created_at_us), "changed_at": time(case.updated_at_us),
            "looked_after_by": known(case.assignee_id), "closed": case.resolved,
            "closed_by": known(case.resolver_id), "notes": case.notes_count,
        })
    }
}
