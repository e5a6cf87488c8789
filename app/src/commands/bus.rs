//! `heliograph bus`: how far each subscription is, and the events that could not be handled.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Subcommand;
use infra_bus::{DeadLetter, DeadLetters, Status};
use infra_kernel::SystemClock;
use serde_json::{Value, json};

use super::Access;
use crate::config::Configuration;
use crate::wire::Domains;

#[derive(Debug, Subcommand)]
pub(super) enum BusCommand {
    /// Say how far each subscription is
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a subscription that is in this program no more
    ///
    /// The log keeps what a subscription has not passed. One that was removed from the program, or
    /// whose domain is gone, passes nothing any more, and everything is kept for it; `heliograph
    /// bus status` says which does. What waits to be tried again for it is deleted. Its dead
    /// letters stay.
    ///
    /// It works alongside a running server.
    Forget {
        /// The subscription
        name: String,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Look at what could not be handled, and decide about it
    #[command(subcommand)]
    Dead(DeadCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// List dead letters, oldest first
    List {
        /// Only of this subscription
        #[arg(long)]
        subscription: Option<String>,
        /// Only those with a higher number than this
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one with the whole story of its failure
    Show {
        /// Number of the dead letter
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Hand one, or all of a subscription, back to be retried
    Replay {
        /// Number of the dead letter
        #[arg(required_unless_present = "subscription")]
        id: Option<i64>,
        /// All of this subscription
        #[arg(long, conflicts_with = "id")]
        subscription: Option<String>,
    },
    /// Delete one for good
    Drop {
        /// Number of the dead letter
        id: i64,
    },
}

pub(super) async fn run(command: BusCommand, configuration: &Configuration) -> Result<ExitCode> {
    // All that these commands change is in the bus's database, which is always in the folder.
    let domains = super::open_existing(configuration, Access::Asks).await?;
    match command {
        BusCommand::Status { json } => status(&domains, json).await?,
        BusCommand::Forget { name, yes } => forget(&domains, &name, yes).await?,
        BusCommand::Dead(command) => {
            let letters = DeadLetters::new(domains.bus_database().clone(), Arc::new(SystemClock));
            dead(command, &letters).await?;
        }
    }
    domains.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn status(domains: &Domains, as_json: bool) -> Result<()> {
    let statuses = domains.bus().statuses().await?;
    let names = domains.subscriptions();
    let is_read = |status: &Status| names.contains(&&*status.subscription);
    if as_json {
        let rows = statuses.iter().map(|status| {
            json!({
                "subscription": status.subscription, "position": status.position, "behind": status.behind,
                "waiting": status.waiting, "dead_letters": status.dead_letters, "is_read": is_read(status),
            })
        });
        return super::print_json(&rows.collect());
    }
    println!(
        "{:<28} {:>10} {:>8} {:>8} {:>6}",
        "subscription", "position", "behind", "waiting", "dead"
    );
    for status in &statuses {
        println!(
            "{:<28} {:>10} {:>8} {:>8} {:>6}",
            status.subscription,
            status.position,
            status.behind,
            status.waiting,
            status.dead_letters
        );
    }
    for status in statuses.iter().filter(|status| !is_read(status)) {
        let name = &status.subscription;
        println!(
            "Nobody reads {name} any more, and the log keeps every event from there on for it: `heliograph bus forget {name}`"
        );
    }
    Ok(())
}

async fn forget(domains: &Domains, name: &str, is_sure: bool) -> Result<()> {
    let statuses = domains.bus().statuses().await?;
    let known = statuses.iter().find(|status| status.subscription == name);
    let known = known.with_context(|| {
        format!("there is no subscription {name}; `heliograph bus status` lists all")
    })?;
    ensure!(
        !domains.subscriptions().contains(&name),
        "{name} is a subscription of this program, and would begin again at the beginning of the log: it is not forgotten"
    );
    ensure!(
        is_sure,
        "{name} would be forgotten, with {} events that wait to be tried again and {} that it has not come to; say so with --yes",
        known.waiting,
        known.behind
    );
    infra_bus::forget(domains.bus_database(), name).await?;
    println!("{name} is forgotten, and the log keeps nothing for it any more.");
    if known.dead_letters > 0 {
        println!(
            "Its dead letters stay ({}): `heliograph bus dead list --subscription {name}`",
            known.dead_letters
        );
    }
    Ok(())
}

async fn dead(command: DeadCommand, letters: &DeadLetters) -> Result<()> {
    match command {
        DeadCommand::List {
            subscription,
            after,
            limit,
            json,
        } => {
            let listed = letters.list(subscription.as_deref(), after, limit).await?;
            if json {
                return super::print_json(&listed.iter().map(as_json).collect());
            }
            if listed.is_empty() {
                println!("There are no dead letters.");
            }
            for letter in listed {
                println!(
                    "{:>6}  {:<28} {:<22} {}",
                    letter.id, letter.subscription, letter.event.topic, letter.error
                );
            }
        }
        DeadCommand::Show { id, json } => {
            let Some(letter) = letters.show(id).await? else {
                bail!("there is no dead letter {id}")
            };
            if json {
                return super::print_json(&as_json(&letter));
            }
            print_letter(&letter);
        }
        DeadCommand::Replay { id: Some(id), .. } => {
            if !letters.replay(id).await? {
                bail!("there is no dead letter {id}, or its subscription is not known any more");
            }
            println!("Dead letter {id} will be tried again.");
        }
        DeadCommand::Replay { subscription, .. } => {
            let replayed = letters
                .replay_all(&subscription.unwrap_or_default())
                .await?;
            println!("{replayed} dead letters will be tried again.");
        }
        DeadCommand::Drop { id } => {
            if !letters.drop(id).await? {
                bail!("there is no dead letter {id}");
            }
            println!("Dead letter {id} is deleted.");
        }
    }
    Ok(())
}

fn print_letter(letter: &DeadLetter) {
    let event = &letter.event;
    println!("dead letter     {}", letter.id);
    println!("subscription    {}", letter.subscription);
    println!("topic           {}", event.topic);
    println!("event           {} about {}", event.id, event.key);
    println!("correlation id  {}", event.headers.correlation_id);
    println!("headers         {}", event.headers);
    println!("attempts        {}", letter.attempts);
    println!("error           {}", letter.error);
}

fn as_json(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "subscription": letter.subscription,
        "topic": letter.event.topic,
        "event_id": letter.event.id,
        "key": letter.event.key.to_string(),
        "correlation_id": letter.event.headers.correlation_id,
        "headers": letter.event.headers,
        "attempts": letter.attempts,
        "error": letter.error,
        "died_at_us": letter.died_at.microseconds(),
    })
}
