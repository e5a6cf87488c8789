//! What a profile may hold.

use business_accounts_gateway::{Account, ProfileField, UpdateProfileRequest};

use crate::error::AccountsError;

/// The most characters of a display name.
pub(crate) const DISPLAY_NAME_CHARACTERS_MAX: usize = 30;
/// The most characters of a note.
pub(crate) const NOTE_CHARACTERS_MAX: usize = 500;
/// The most fields of a profile.
pub(crate) const FIELDS_MAX: usize = 4;
/// The most characters of a field's name, and of its value.
pub(crate) const FIELD_CHARACTERS_MAX: usize = 255;
/// The most bytes of a language tag: enough for every registered one (RFC 5646, 4.4.1).
const LANGUAGE_BYTES_MAX: usize = 35;
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
        changed.default_language = check_language(language)?;
    }
    set(&mut changed.avatar_media_id, request.avatar_media_id);
    set(&mut changed.header_media_id, request.header_media_id);
    set(&mut changed.bot, request.bot);
    set(&mut changed.discoverable, request.discoverable);
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

fn check_visibility(visibility: String) -> Result<String, AccountsError> {
    if VISIBILITIES.contains(&visibility.as_str()) {
        return Ok(visibility);
    }
    Err(AccountsError::invalid(
        "default_visibility",
        format!("The visibility must be one of {}.", VISIBILITIES.join(", ")),
    ))
}

fn check_language(language: String) -> Result<String, AccountsError> {
    if language.is_empty() || is_language(&language) {
        return Ok(language);
    }
    Err(AccountsError::invalid(
        "default_language",
        "The language must be a tag such as en, de or pt-BR, or empty.",
    ))
}

/// Whether a text has the form of a language tag (BCP 47), as far as its form alone tells.
pub(crate) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().is_some_and(|part| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let is_subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= LANGUAGE_BYTES_MAX && primary && parts.all(is_subtag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_told_by_their_form() {
        for text in [
            "en",
            "de-DE",
            "zh-Hant-TW",
            "sr-Latn-RS",
            "gsw",
            "de-1996",
            "sl-rozaj-biske",
        ] {
            assert!(is_language(text), "`{text}` was refused");
        }
        for text in [
            "",
            "e",
            "en_US",
            "en-",
            "-en",
            "12",
            "en--us",
            "deutschland",
            "en-ü",
        ] {
            assert!(!is_language(text), "`{text}` was taken");
        }
    }
}
