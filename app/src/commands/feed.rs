//! `heliograph feed`: home timelines are a read model; they can be thrown away and made again.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use business_accounts_gateway::FindLocalAccountsRequest;
use clap::Subcommand;
use product_feed_gateway::RebuildHomeRequest;
use serde_json::json;

use super::Access;
use crate::config::Configuration;
use crate::wire::DataFolder;

#[derive(Debug, Subcommand)]
pub(super) enum FeedCommand {
    /// Make home timelines again from the graph and the posts, while nothing serves from the folder
    Rebuild {
        /// Whose; without a name everybody's, each when it is next read
        username: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &FeedCommand, configuration: &Configuration) -> Result<ExitCode> {
    let FeedCommand::Rebuild {
        username,
        json: as_json,
    } = command;
    super::require_folder(configuration)?;
    // A serving process keeps timelines in memory, and would not see what is changed under it.
    let _folder = DataFolder::hold(&configuration.data_dir)?;
    let domains = super::open_existing(configuration, Access::Changes).await?;
    let (gateways, context) = (domains.gateways(), super::context());
    let account_id = match username {
        None => 0,
        Some(name) => {
            let request = FindLocalAccountsRequest {
                usernames: vec![name.clone()],
            };
            let found = gateways
                .accounts
                .find_local_accounts(&context, request)
                .await?
                .accounts;
            found
                .first()
                .with_context(|| format!("there is no account named {name}"))?
                .id
        }
    };
    let count = gateways
        .feed
        .rebuild_home(&context, RebuildHomeRequest { account_id })
        .await?
        .count;
    domains.close().await;
    match (as_json, username) {
        (true, _) => super::print_json(&json!({"count": count}))?,
        (false, Some(name)) => println!("{name}'s home timeline holds {count} posts."),
        (false, None) => {
            println!(
                "{count} home timelines are dropped; each is made again when it is next read."
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
