//! `heliograph media formats`: which picture formats are taken.

use std::process::ExitCode;

use anyhow::Result;
use business_media_gateway::{FormatStatus, ListFormatsRequest, SwitchFormatRequest};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::commands::Access;
use crate::config::Configuration;

/// Say which picture formats are taken, and switch them off and on
///
/// What is not taken is shown with the reason. A running server follows a switch within seconds: it
/// refuses uploads of a format that is off, and does not advertise it. Photos that are here stay.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct FormatsArguments {
    #[command(subcommand)]
    command: Option<FormatsCommand>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  heliograph media formats                    what is taken
  heliograph media formats off heic           take no HEIC pictures from now on
  heliograph media formats on heic            take them again";

#[derive(Debug, Subcommand)]
enum FormatsCommand {
    /// Take a format no longer
    Off {
        /// jpeg, png, webp, gif, avif or heic
        format: String,
    },
    /// Take a format again
    On {
        /// jpeg, png, webp, gif, avif or heic
        format: String,
    },
}

pub(super) async fn run(
    arguments: FormatsArguments,
    configuration: &Configuration,
) -> Result<ExitCode> {
    let access = match arguments.command {
        None => Access::Asks,
        Some(_) => Access::Changes,
    };
    let domains = crate::commands::open_with_codecs(configuration, access).await?;
    let (media, context) = (domains.gateways().media, crate::commands::context());
    let switch = match arguments.command {
        None => None,
        Some(FormatsCommand::Off { format }) => Some((format, false)),
        Some(FormatsCommand::On { format }) => Some((format, true)),
    };
    let reply = match switch {
        None => media.list_formats(&context, ListFormatsRequest {}).await,
        Some((content_type, on)) => {
            let request = SwitchFormatRequest { content_type, on };
            media.switch_format(&context, request).await
        }
    }?;
    domains.close().await;
    if arguments.json {
        let rows = reply.formats.iter().map(as_json);
        crate::commands::print_json(&rows.collect())?;
    } else {
        for format in &reply.formats {
            let taken = if format.taken { "taken" } else { "not taken" };
            println!(
                "{}",
                format!("{:<12} {taken:<10} {}", format.content_type, format.reason).trim_end()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(format: &FormatStatus) -> serde_json::Value {
    json!({"content_type": format.content_type, "taken": format.taken, "reason": format.reason})
}
