//! Reports and accounts, as moderators see them.

use business_moderation_gateway::CaseId;
use infra_kernel::AccountId;
use presentation_kit::reader::CaseFile;
use presentation_kit::{Person, Site};
use schemars::JsonSchema;
use serde::Serialize;

use super::account::Role;
use super::{Account, Empty, Status, moment, status};

/// An account, as moderators see it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminAccount")]
#[allow(clippy::struct_excessive_bools)] // The shape is Mastodon's.
pub(crate) struct AdminAccount {
    id: AccountId,
    username: String,
    /// The server where it is at home; none for this one.
    domain: (),
    created_at: String,
    /// Always empty: moderators are not told the addresses of members here.
    email: &'static str,
    ip: (),
    ips: Empty,
    locale: String,
    invite_request: (),
    role: Role,
    confirmed: bool,
    approved: bool,
    disabled: bool,
    silenced: bool,
    suspended: bool,
    sensitized: bool,
    account: Account,
}

/// A report, as moderators see it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminReport")]
pub(crate) struct AdminReport {
    #[serde(flatten)]
    beginning: Beginning,
    /// The statuses that are reported, as far as they are still there; also private ones.
    statuses: Vec<Status>,
}

/// All but the statuses.
#[derive(Debug, Serialize, JsonSchema)]
struct Beginning {
    id: CaseId,
    /// Whether it is closed.
    action_taken: bool,
    action_taken_at: Option<String>,
    /// "other", "spam", "legal" or "violation".
    category: &'static str,
    comment: String,
    /// Whether another server was told; there is none yet.
    forwarded: bool,
    created_at: String,
    updated_at: String,
    /// Who sent it.
    account: AdminAccount,
    /// Who is reported.
    target_account: AdminAccount,
    /// Who looks after it.
    assigned_account: Option<AdminAccount>,
    /// Who closed it.
    action_taken_by_account: Option<AdminAccount>,
    /// The rules that are broken; this server has none to name.
    rules: Empty,
}

impl AdminAccount {
    fn of(site: &Site, person: &Person) -> Self {
        let account = &person.account;
        // A text, for clients that do without none.
        let locale = match &*account.default_language {
            "" => "en",
            language => language,
        };
        Self {
            id: AccountId::new(account.id),
            username: account.username.clone(),
            domain: (),
            created_at: moment::date_time(account.created_at_us),
            email: "",
            ip: (),
            ips: [],
            locale: locale.to_owned(),
            invite_request: (),
            role: Role::of(account.role()),
            confirmed: true,
            approved: true,
            disabled: false,
            silenced: false,
            suspended: false,
            sensitized: false,
            account: Account::of(site, person),
        }
    }
}

impl Beginning {
    fn of(site: &Site, file: &CaseFile) -> Self {
        let case = &file.case;
        let account = |person: &Person| AdminAccount::of(site, person);
        Self {
            id: case.case(),
            action_taken: case.resolved,
            action_taken_at: moment::optional(case.resolved_at_us),
            category: case.category().name(),
            comment: case.comment.clone(),
            forwarded: false,
            created_at: moment::date_time(case.created_at_us),
            updated_at: moment::date_time(case.updated_at_us),
            account: account(&file.reporter),
            target_account: account(&file.target),
            assigned_account: file.assignee.as_deref().map(account),
            action_taken_by_account: file.resolver.as_deref().map(account),
            rules: [],
        }
    }
}

/// A report as JSON: an [`AdminReport`] whose statuses are JSON already.
///
/// # Errors
/// When it cannot be written, which would be a fault of this program.
pub(crate) fn write(site: &Site, file: &CaseFile, json: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *json, &Beginning::of(site, file))?;
    json.pop();
    json.extend_from_slice(b",\"statuses\":");
    json.extend_from_slice(&status::list(site, &file.posts));
    json.push(b'}');
    Ok(())
}

/// Reports as a list.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn list(site: &Site, files: &[CaseFile]) -> serde_json::Result<Vec<u8>> {
    super::list(files, |file, json| write(site, file, json))
}
