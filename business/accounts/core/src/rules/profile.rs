//! What a profile may hold.

use business_accounts_gateway::{Account, ProfileField, UpdateProfileRequest};
use infra_kernel::canonical_language;

use super::registration::is_domain;
use crate::error::AccountsError;

/// The most characters of a display name.
pub(crate) const DISPLAY_NAME_CHARACTERS_MAX: usize = 30;
/// The most characters of a note.
pub(crate) const NOTE_CHARACTERS_MAX: usize = 500;
/// The most fields of a profile.
pub(crate) const FIELDS_MAX: usize = 4;
/// The most characters of a field's name, and of its value.
pub(crate) const FIELD_CHARACTERS_MAX: usize = 255;
/// The most websites that may name an account, as many as Mastodon takes.
const ATTRIBUTION_DOMAINS_MAX: usize = 100;
/// The most bytes of a domain name (RFC 1035, 2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;
/// Who may see a post.
const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];

/// The account as the request wants it; the same as before when the request asks for nothing new.
pub(crate) fn apply(
    account: &Account,
    request: UpdateProfileRequest,
) -> Result<Account, AccountsError> {
    let mut changed = account.clone();
    if let Some(name) = request.display_name {
        changed.display_name =
            check_line("display_name", name.trim(), DISPLAY_NAME_CHARACTERS_MAX)?;
    }
    if let Some(note) = request.note {
        changed.note = check_text("note", &note, NOTE_CHARACTERS_MAX)?;
    }
    if request.replace_fields {
        changed.fields = check_fields(request.fields)?;
    }
    if let Some(visibility) = request.default_visibility {
        changed.default_visibility = check_visibility(visibility)?;
    }
    if let Some(language) = request.default_language {
        changed.default_language = check_language(&language)?;
    }
    if request.replace_attribution_domains {
        changed.attribution_domains = check_domains(request.attribution_domains)?;
    }
    set(&mut changed.indexable, request.indexable);
    set(&mut changed.avatar_media_id, request.avatar_media_id);
    set(&mut changed.header_media_id, request.header_media_id);
    set(&mut changed.bot, request.bot);
    set(&mut changed.discoverable, request.discoverable);
    set(&mut changed.locked, request.locked);
    set(&mut changed.default_sensitive, request.default_sensitive);
    set(
        &mut changed.default_originals_shared,
        request.default_originals_shared,
    );
    set(
        &mut changed.default_camera_shown,
        request.default_camera_shown,
    );
    Ok(changed)
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn check_line(
    field: &'static str,
    text: &str,
    characters_max: usize,
) -> Result<String, AccountsError> {
    if text.chars().any(char::is_control) {
        return Err(AccountsError::invalid(
            field,
            format!(
                "The {} must be one line without control characters.",
                words(field)
            ),
        ));
    }
    check_text(field, text, characters_max)
}

fn check_text(
    field: &'static str,
    text: &str,
    characters_max: usize,
) -> Result<String, AccountsError> {
    // Forms send the end of a line as two characters, and their own counters count one.
    let text = text.replace("\r\n", "\n");
    let characters = text.chars().count();
    if characters > characters_max {
        return Err(AccountsError::invalid(
            field,
            format!(
                "The {} may be {characters_max} characters long and has {characters}.",
                words(field)
            ),
        ));
    }
    if text.contains('\0') {
        return Err(AccountsError::invalid(
            field,
            format!(
                "The {} holds a character that cannot be shown.",
                words(field)
            ),
        ));
    }
    Ok(text)
}

fn words(field: &str) -> &str {
    match field {
        "display_name" => "display name",
        "fields" => "name or value of a profile field",
        other => other,
    }
}

/// Forms send every row, so rows that are empty are left out before they are counted.
fn check_fields(fields: Vec<ProfileField>) -> Result<Vec<ProfileField>, AccountsError> {
    let filled =
        |field: &ProfileField| !field.name.trim().is_empty() || !field.value.trim().is_empty();
    let fields: Vec<_> = fields.into_iter().filter(filled).collect();
    if fields.len() > FIELDS_MAX {
        return Err(AccountsError::invalid(
            "fields",
            format!(
                "A profile may have {FIELDS_MAX} fields and these are {}.",
                fields.len()
            ),
        ));
    }
    fields.iter().map(check_field).collect()
}

fn check_field(field: &ProfileField) -> Result<ProfileField, AccountsError> {
    if field.name.trim().is_empty() {
        return Err(AccountsError::invalid(
            "fields",
            "Every profile field needs a name.",
        ));
    }
    Ok(ProfileField {
        name: check_line("fields", field.name.trim(), FIELD_CHARACTERS_MAX)?,
        value: check_line("fields", field.value.trim(), FIELD_CHARACTERS_MAX)?,
    })
}

/// Domains as people write them: in any case, one with the address round it, some twice. Empty ones
/// are left out.
fn check_domains(domains: Vec<String>) -> Result<Vec<String>, AccountsError> {
    let mut kept: Vec<String> = Vec::new();
    for written in domains {
        let domain = domain_of(&written);
        if domain.is_empty() || kept.contains(&domain) {
            continue;
        }
        if !domain.contains('.') || !is_domain(&domain) || domain.len() > DOMAIN_BYTES_MAX {
            return Err(AccountsError::invalid(
                "attribution_domains",
                "Each website must be a domain name, such as example.org.",
            ));
        }
        kept.push(domain);
    }
    if kept.len() > ATTRIBUTION_DOMAINS_MAX {
        return Err(AccountsError::invalid(
            "attribution_domains",
            format!(
                "At most {ATTRIBUTION_DOMAINS_MAX} websites may name you and these are {}.",
                kept.len()
            ),
        ));
    }
    Ok(kept)
}

fn domain_of(written: &str) -> String {
    let text = written.trim().to_lowercase();
    let text = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(&text);
    let domain = text.split(['/', '?', '#']).next().unwrap_or_default();
    domain.strip_prefix("*.").unwrap_or(domain).to_owned()
}

fn check_visibility(visibility: String) -> Result<String, AccountsError> {
    if VISIBILITIES.contains(&visibility.as_str()) {
        return Ok(visibility);
    }
    Err(AccountsError::invalid(
        "default_visibility",
        format!("The visibility must be one of {}.", VISIBILITIES.join(", ")),
    ))
}

fn check_language(written: &str) -> Result<String, AccountsError> {
    if written.trim().is_empty() {
        return Ok(String::new());
    }
    canonical_language(written).ok_or_else(|| {
        AccountsError::invalid(
            "default_language",
            "The language must be a tag such as en, de or pt-BR, or empty.",
        )
    })
}
