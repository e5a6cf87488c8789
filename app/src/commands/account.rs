//! `heliograph account`: what the operator does with accounts.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use business_accounts_gateway::{
    Account, Accounts, CreateAccountRequest, ListAccountsRequest, ResetPasswordRequest, Role,
    SetRoleRequest,
};
use clap::{Subcommand, ValueEnum};
use infra_kernel::AccountId;
use serde_json::json;

use super::Access;
use crate::config::Configuration;

/// The most accounts that one call lists.
const PAGE_ACCOUNTS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Make an account, whether registration is open or not
    Create {
        /// 1 to 30 letters, digits and underscores
        username: String,
        /// Where the person can be written to; without it USERNAME@localhost.invalid, which reaches
        /// nobody
        #[arg(long)]
        email: Option<String>,
        /// Make the account an admin
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input instead of making one up
        #[arg(long)]
        password_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give an account a role
    Promote {
        /// Username of the account
        username: String,
        /// Role to grant
        #[arg(long, value_enum, default_value_t = RoleName::Admin)]
        role: RoleName,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set a new password and sign the account out everywhere
    ResetPassword {
        /// Username of the account
        username: String,
        /// Read the password from standard input instead of making one up
        #[arg(long)]
        password_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List every account, newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl AccountCommand {
    const fn access(&self) -> Access {
        match self {
            Self::List { .. } => Access::Asks,
            Self::Create { .. } | Self::Promote { .. } | Self::ResetPassword { .. } => {
                Access::Changes
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleName {
    /// May post and follow
    Member,
    /// May look after reports
    Moderator,
    /// May do everything
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Moderator => Self::Moderator,
            RoleName::Admin => Self::Admin,
        }
    }
}

pub(super) async fn run(
    command: AccountCommand,
    configuration: &Configuration,
) -> Result<ExitCode> {
    let domains = super::open_existing(configuration, command.access()).await?;
    let accounts = domains.gateways().accounts;
    let context = super::context();
    match command {
        AccountCommand::Create {
            username,
            email,
            admin,
            password_stdin,
            json,
        } => {
            // `.invalid` is nobody's (RFC 2606): no mail goes astray.
            let email = email.unwrap_or_else(|| format!("{username}@localhost.invalid"));
            let role = if admin { Role::Admin } else { Role::Member };
            let password = read_password(password_stdin)?;
            let named = username.clone();
            let request = CreateAccountRequest {
                username,
                email,
                password,
                role: role.into(),
            };
            let reply = accounts
                .create_account(&context, request)
                .await
                .context(named)?;
            let account = reply.account.unwrap_or_default();
            report(json, &account, "made", &reply.generated_password)?;
        }
        AccountCommand::Promote {
            username,
            role,
            json,
        } => {
            let named = username.clone();
            let request = SetRoleRequest {
                username,
                role: Role::from(role).into(),
            };
            let account = accounts.set_role(&context, request).await.context(named)?;
            report(json, &account, &format!("now {}", role_name(&account)), "")?;
        }
        AccountCommand::ResetPassword {
            username,
            password_stdin,
            json,
        } => {
            reset_password(&*accounts, username, read_password(password_stdin)?, json).await?;
        }
        AccountCommand::List { json } => list(&*accounts, json).await?,
    }
    domains.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn reset_password(
    accounts: &dyn Accounts,
    username: String,
    password: String,
    json: bool,
) -> Result<()> {
    let request = ResetPasswordRequest {
        username: username.clone(),
        password,
    };
    let reply = accounts.reset_password(&super::context(), request).await;
    let password = reply.with_context(|| username.clone())?.generated_password;
    let account = Account {
        username,
        ..Account::default()
    };
    report(json, &account, "signed out everywhere", &password)
}

/// The first line of standard input, or nothing, which has one made up.
fn read_password(from_input: bool) -> Result<String> {
    let mut line = String::new();
    if from_input {
        std::io::stdin().read_line(&mut line)?;
        anyhow::ensure!(
            !line.trim_end().is_empty(),
            "standard input holds no password"
        );
    }
    // Only the line's end: a password may end with blanks.
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn report(json: bool, account: &Account, done: &str, generated_password: &str) -> Result<()> {
    if json {
        let password = (!generated_password.is_empty()).then_some(generated_password);
        return super::print_json(
            &json!({"username": account.username, "generated_password": password}),
        );
    }
    println!("{}: {done}", account.username);
    if !generated_password.is_empty() {
        println!("The password is {generated_password} (shown once)");
    }
    Ok(())
}

async fn list(accounts: &dyn Accounts, as_json: bool) -> Result<()> {
    let context = super::context();
    let mut listed = Vec::new();
    let mut before = 0;
    loop {
        let request = ListAccountsRequest {
            before,
            limit: PAGE_ACCOUNTS,
        };
        let page = accounts.list_accounts(&context, request).await?.accounts;
        let Some(last) = page.last() else { break };
        before = last.id;
        listed.extend(page);
    }
    if as_json {
        let rows: Vec<_> = listed
            .iter()
            .map(|account| json!({"id": AccountId::new(account.id), "username": account.username, "role": role_name(account)}))
            .collect();
        return super::print_json(&json!(rows));
    }
    for account in &listed {
        println!(
            "{:<30}  {:<9}  {}",
            account.username,
            role_name(account),
            AccountId::new(account.id)
        );
    }
    Ok(())
}

fn role_name(account: &Account) -> &'static str {
    match account.role() {
        Role::Admin => "admin",
        Role::Moderator => "moderator",
        Role::Member | Role::Unspecified => "member",
    }
}
