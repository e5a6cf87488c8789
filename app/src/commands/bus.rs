//! `heliograph bus`: how far each subscription is, and the events that could not be handled.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Subcommand;
use infra_bus::{Bus, DeadLetter, DeadLetters};
use infra_kernel::SystemClock;
use serde_json::{Value, json};

use crate::config::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum BusCommand {
    /// Say how far each subscription is
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
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
    let domains = super::open_existing(configuration).await?;
    match command {
        BusCommand::Status { json } => status(domains.bus(), json).await?,
        BusCommand::Dead(command) => {
            let letters = DeadLetters::new(domains.bus_database().clone(), Arc::new(SystemClock));
            dead(command, &letters).await?;
        }
    }
    domains.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn status(bus: &dyn Bus, as_json: bool) -> Result<()> {
    let statuses = bus.statuses().await?;
    if as_json {
        let rows = statuses.iter().map(|status| {
            json!({
                "subscription": status.subscription, "position": status.position, "behind": status.behind,
                "waiting": status.waiting, "dead_letters": status.dead_letters,
            })
        });
        return super::print_json(&rows.collect());
    }
    println!(
        "{:<28} {:>10} {:>8} {:>8} {:>6}",
        "subscription", "position", "behind", "waiting", "dead"
    );
    for status in statuses {
        println!(
            "{:<28} {:>10} {:>8} {:>8} {:>6}",
            status.subscription,
            status.position,
            status.behind,
            status.waiting,
            status.dead_letters
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
