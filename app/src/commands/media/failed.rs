//! `heliograph media failed`: photos that could not be processed.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use business_media_gateway::{
    DropFailedRequest, FailedItem, GivenUpAlternates, ListFailedReply, ListFailedRequest, Media,
    MediaId, RetryFailedRequest,
};
use clap::{Args, Subcommand};
use infra_kernel::{AccountId, ErrorCode};
use serde_json::json;

use crate::commands::Access;
use crate::config::Configuration;

/// The most photos that one call lists.
const PAGE_ITEMS: u32 = 500;

const EXAMPLES: &str = "Examples:
  heliograph media failed list                the newest first, with what was wrong
  heliograph media failed show 123456         the whole story of one
  heliograph media failed retry --all         process again whatever still has its file
  heliograph media failed drop 123456         delete one, and its file";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) enum FailedCommand {
    /// List photos that have failed, newest first
    List {
        /// Only those before the one with this id: the last of the page before
        #[arg(long, value_name = "ID", default_value_t = 0)]
        before: u64,
        /// How many at most, and as many ready photos whose smaller forms were given up
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Print JSON: `what` distinguishes photos that failed from ready ones whose smaller forms
        /// were given up
        #[arg(long)]
        json: bool,
    },
    /// Show one with the whole story of its failure
    Show {
        /// Id of the photo
        id: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let one, or all, be processed again; of ready photos, the smaller forms that were given up
    Retry(Which),
    /// Delete one, or all, for good, but no photo that is ready. A post that shows it continues
    /// without it
    Drop(Which),
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Which {
    /// Id of the photo
    #[arg(required_unless_present = "all")]
    id: Option<u64>,
    /// All that have failed
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

pub(super) async fn run(command: FailedCommand, configuration: &Configuration) -> Result<ExitCode> {
    let access = match command {
        FailedCommand::List { .. } | FailedCommand::Show { .. } => Access::Asks,
        FailedCommand::Retry(_) | FailedCommand::Drop(_) => Access::Changes,
    };
    let domains = crate::commands::open_existing(configuration, access).await?;
    let media = domains.gateways().media;
    match command {
        FailedCommand::List {
            before,
            limit,
            json,
        } => list(&*media, before, limit, json).await?,
        FailedCommand::Show { id, json } => show(&*media, id, json).await?,
        FailedCommand::Retry(Which { id: Some(id), .. }) => {
            retry(&*media, id).await?;
            println!("Photo {id} will be processed again.");
        }
        FailedCommand::Retry(_) => retry_all(&*media).await?,
        FailedCommand::Drop(Which { id: Some(id), .. }) => {
            if !drop_one(&*media, id).await? {
                refuse_to_drop(&*media, id).await?;
            }
            println!("Photo {id} is deleted.");
            super::delete_queued(&domains, configuration).await?;
        }
        FailedCommand::Drop(_) => {
            drop_all(&*media).await?;
            super::delete_queued(&domains, configuration).await?;
        }
    }
    domains.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn page(media: &dyn Media, before_id: u64, limit: u32) -> Result<Vec<FailedItem>> {
    Ok(ask(media, before_id, limit).await?.items)
}

/// Ready photos before this one whose smaller forms were given up, newest first.
async fn page_of_forms(
    media: &dyn Media,
    before_id: u64,
    limit: u32,
) -> Result<Vec<GivenUpAlternates>> {
    Ok(ask(media, before_id, limit).await?.alternates)
}

async fn ask(media: &dyn Media, before_id: u64, limit: u32) -> Result<ListFailedReply> {
    let request = ListFailedRequest { before_id, limit };
    Ok(media
        .list_failed(&crate::commands::context(), request)
        .await?)
}

fn id_of(failed: &FailedItem) -> u64 {
    failed.item.as_ref().map_or(0, |item| item.id)
}

async fn list(media: &dyn Media, before: u64, limit: u32, as_json: bool) -> Result<()> {
    let failed = |before, limit| page(media, before, limit);
    let listed = in_pages(before, limit, id_of, failed).await?;
    let forms = |before, limit| page_of_forms(media, before, limit);
    let alternates = in_pages(before, limit, |left| left.media_id, forms).await?;
    if as_json {
        let photos = listed.iter().map(self::as_json);
        return crate::commands::print_json(
            &photos.chain(alternates.iter().map(forms_as_json)).collect(),
        );
    }
    if listed.is_empty() {
        println!("No photos have failed.");
    } else {
        print_failed(&listed);
    }
    if !alternates.is_empty() {
        print_given_up(&alternates);
    }
    Ok(())
}

/// So many of what comes before an id, which one call returns only in pages.
async fn in_pages<T, Page: Future<Output = Result<Vec<T>>>>(
    mut before: u64,
    limit: u32,
    id_of: impl Fn(&T) -> u64,
    page: impl Fn(u64, u32) -> Page,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let left @ 1.. = limit.saturating_sub(u32::try_from(all.len())?) {
        let items = page(before, left.min(PAGE_ITEMS)).await?;
        let Some(last) = items.last() else { break };
        before = id_of(last);
        all.extend(items);
    }
    Ok(all)
}

fn print_failed(listed: &[FailedItem]) {
    println!(
        "{:<20} {:<25} {:<20} {:<10} {:>8} {:<8} cause",
        "id", "failed at", "owner", "code", "attempts", "file"
    );
    for failed in listed {
        let Some(item) = &failed.item else { continue };
        println!(
            "{:<20} {:<25} {:<20} {:<10} {:>8} {:<8} {}",
            MediaId::new(item.id),
            failed_at(failed),
            AccountId::new(item.owner_id),
            item.failure_code,
            failed.attempts,
            if failed.has_original { "kept" } else { "gone" },
            first_line(&failed.cause),
        );
    }
}

/// Nothing is wrong with these photos but that they are sent as JPEG to everyone.
fn print_given_up(alternates: &[GivenUpAlternates]) {
    println!(
        "\nReady photos whose smaller forms (WebP, AVIF) were given up; `retry` tries them again:"
    );
    println!("{:<20} {:<25} {:>8} cause", "id", "given up at", "attempts");
    for left in alternates {
        println!(
            "{:<20} {:<25} {:>8} {}",
            MediaId::new(left.media_id),
            moment(left.given_up_at_us),
            left.attempts,
            first_line(&left.cause),
        );
    }
}

fn failed_at(failed: &FailedItem) -> String {
    moment(failed.failed_at_us)
}

/// A moment to the second: "2026-01-31T12:00:00Z".
fn moment(microseconds: i64) -> String {
    let seconds = jiff::Timestamp::from_second(microseconds.div_euclid(1_000_000));
    seconds.unwrap_or_default().to_string()
}

/// A cause may have several lines; a table has one for each photo.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The photo, if only its smaller forms were given up.
async fn given_up(media: &dyn Media, id: u64) -> Result<Option<GivenUpAlternates>> {
    // The page that begins at this one: there is no call for a single one.
    let found = page_of_forms(media, id.saturating_add(1), 1).await?.pop();
    Ok(found.filter(|left| left.media_id == id))
}

async fn show(media: &dyn Media, id: u64, as_json: bool) -> Result<()> {
    // The page that begins at this one: there is no call for a single one.
    let found = page(media, id.saturating_add(1), 1).await?.pop();
    let Some(failed) = found.filter(|failed| id_of(failed) == id) else {
        let left = given_up(media, id).await?;
        let left = left.with_context(|| format!("there is no failed photo {id}"))?;
        if as_json {
            return crate::commands::print_json(&forms_as_json(&left));
        }
        print_given_up(&[left]);
        return Ok(());
    };
    if as_json {
        return crate::commands::print_json(&self::as_json(&failed));
    }
    let item = failed.item.clone().unwrap_or_default();
    println!("photo        {}", MediaId::new(item.id));
    println!("owner        {}", AccountId::new(item.owner_id));
    println!("uploaded at  {}", moment(item.created_at_us));
    println!("failed at    {}", failed_at(&failed));
    println!(
        "file         {}, {} x {} pixels, {} bytes, {}",
        item.content_type,
        item.width,
        item.height,
        item.original_bytes,
        if failed.has_original { "kept" } else { "gone" }
    );
    println!("attempts     {}", failed.attempts);
    println!("in a post    {}", if item.attached { "yes" } else { "no" });
    println!("code         {}", item.failure_code);
    println!("told owner   {}", item.failure);
    println!("cause        {}", failed.cause);
    Ok(())
}

async fn retry(media: &dyn Media, id: u64) -> Result<()> {
    again(media, id)
        .await
        .with_context(|| format!("photo {id}"))
}

async fn again(media: &dyn Media, id: u64) -> infra_kernel::Result<()> {
    let request = RetryFailedRequest { id };
    media
        .retry_failed(&crate::commands::context(), request)
        .await?;
    Ok(())
}

/// Every failed photo once, newest first; more may fail meanwhile.
async fn retry_all(media: &dyn Media) -> Result<()> {
    let (mut before, mut again, mut gone) = (0, 0_u64, 0_u64);
    loop {
        let items = page(media, before, PAGE_ITEMS).await?;
        let Some(last) = items.last() else { break };
        before = id_of(last);
        for failed in &items {
            if !failed.has_original {
                gone += 1;
                continue;
            }
            match self::again(media, id_of(failed)).await {
                Ok(()) => again += 1,
                // Its file is not where it should be.
                Err(error) if error.code() == ErrorCode::Gone => gone += 1,
                // Dropped or retried by another meanwhile.
                Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Conflict) => {
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    println!("{again} photos will be processed again.");
    if gone > 0 {
        println!("{gone} cannot be: their files are gone.");
    }
    let forms = retry_all_forms(media).await?;
    if forms > 0 {
        println!("The smaller forms of {forms} photos will be made again.");
    }
    Ok(())
}

/// Of every photo whose smaller forms were given up; returns of how many.
async fn retry_all_forms(media: &dyn Media) -> Result<u64> {
    let (mut before, mut again) = (0, 0);
    loop {
        let alternates = page_of_forms(media, before, PAGE_ITEMS).await?;
        let Some(last) = alternates.last() else {
            return Ok(again);
        };
        // Not from the beginning again: one that cannot be retried would come for ever.
        before = last.media_id;
        for left in &alternates {
            match self::again(media, left.media_id).await {
                Ok(()) => again += 1,
                Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Conflict) => {
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

async fn refuse_to_drop(media: &dyn Media, id: u64) -> Result<()> {
    if given_up(media, id).await?.is_some() {
        bail!(
            "photo {id} has not failed: only its smaller forms were given up; `retry` makes them again"
        );
    }
    bail!("there is no failed photo {id}");
}

async fn drop_one(media: &dyn Media, id: u64) -> Result<bool> {
    let request = DropFailedRequest { id };
    Ok(media
        .drop_failed(&crate::commands::context(), request)
        .await?
        .dropped)
}

async fn drop_all(media: &dyn Media) -> Result<()> {
    let (mut before, mut dropped) = (0, 0_u64);
    loop {
        let items = page(media, before, PAGE_ITEMS).await?;
        let Some(last) = items.last() else { break };
        // Not from the beginning again: one that is not dropped would come for ever.
        before = id_of(last);
        for failed in &items {
            dropped += u64::from(drop_one(media, id_of(failed)).await?);
        }
    }
    println!("{dropped} photos are deleted.");
    Ok(())
}

fn forms_as_json(left: &GivenUpAlternates) -> serde_json::Value {
    json!({
        "what": "forms",
        "id": MediaId::new(left.media_id).to_string(),
        "failed_at": moment(left.given_up_at_us),
        "attempts": left.attempts,
        "cause": left.cause,
    })
}

fn as_json(failed: &FailedItem) -> serde_json::Value {
    let item = failed.item.clone().unwrap_or_default();
    json!({
        "what": "photo",
        "id": MediaId::new(item.id).to_string(),
        "owner": AccountId::new(item.owner_id).to_string(),
        "failed_at": failed_at(failed),
        "code": item.failure_code,
        "told_owner": item.failure,
        "cause": failed.cause,
        "attempts": failed.attempts,
        "has_original": failed.has_original,
        "attached": item.attached,
        "content_type": item.content_type,
        "original_bytes": item.original_bytes,
    })
}
