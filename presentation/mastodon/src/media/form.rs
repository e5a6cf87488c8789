//! Forms with files. A file goes on to the media domain as it arrives and is never held: what is in
//! memory are a few chunks of it.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{FromRequest as _, Request};
use business_media_gateway::{MediaItem, UploadHeader};
use http::header;
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result};
use infra_rpc::within_deadline;
use presentation_kit::extract::{decoded, is_text, parse_pairs_over, push_pair};
use presentation_kit::upload::{FileField, FileForm, upload};
use presentation_kit::{Problem, Surface};
use serde::de::DeserializeOwned;

/// The most fields of a form, files included.
const FIELDS_MAX: usize = 200;
/// The most bytes of a form's texts together.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The most characters of a file's name that are passed to the media domain.
const FILE_NAME_CHARACTERS_MAX: usize = 200;

/// Which files a form may have.
pub(crate) struct FileRules {
    /// The names of the fields that hold files; each may come once.
    pub(crate) names: &'static [&'static str],
    /// Whose the files become.
    pub(crate) owner: AccountId,
    /// What is said of a file by the address and the fields that came before it.
    pub(crate) describe: fn(&ReadForm) -> std::result::Result<UploadHeader, Problem>,
}

/// A form that was read to its end.
#[derive(Debug, Default)]
pub(crate) struct ReadForm {
    /// The request's query: what is said there counts unless the form says it, too.
    query: Option<String>,
    /// The text fields as an encoded form.
    pairs: Vec<u8>,
    /// The files, by the names of their fields.
    pub(crate) files: Vec<(&'static str, MediaItem)>,
    /// How much of `pairs` came before the last file.
    pairs_before_file: usize,
}

impl ReadForm {
    /// What the address and the form's texts say.
    pub(crate) fn said<T: DeserializeOwned>(&self) -> std::result::Result<T, Problem> {
        parse_pairs_over(self.query.as_deref(), &self.pairs)
    }

    /// The same, without the texts that came after the last file.
    pub(crate) fn said_before_file<T: DeserializeOwned>(&self) -> std::result::Result<T, Problem> {
        parse_pairs_over(self.query.as_deref(), &self.pairs[..self.pairs_before_file])
    }
}

/// Whether a request's body is a multipart form.
pub(crate) fn is_multipart(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| {
        let value = value.as_bytes();
        let name = b"multipart/form-data";
        value.len() >= name.len() && value[..name.len()].eq_ignore_ascii_case(name)
    })
}

/// Reads a form, and uploads the files in it as they come.
pub(crate) async fn read(
    surface: &Surface,
    context: &Context,
    request: Request,
    rules: &FileRules,
) -> std::result::Result<ReadForm, Problem> {
    let mut form = ReadForm {
        query: request.uri().query().map(str::to_owned),
        ..ReadForm::default()
    };
    let multipart = FileForm::from_request(request, surface).await;
    let mut multipart = multipart.map_err(no_form)?;
    let mut count = 0;
    while let Some(field) = within_deadline(context, multipart.next_field()).await? {
        if count == FIELDS_MAX {
            let text = format!("A form may have at most {FIELDS_MAX} fields.");
            return Err(Error::new(ErrorCode::Invalid, text).into());
        }
        count += 1;
        take_field(surface, context, field, rules, &mut form).await?;
    }
    Ok(form)
}

async fn take_field(
    surface: &Surface,
    context: &Context,
    field: FileField<'_>,
    rules: &FileRules,
    form: &mut ReadForm,
) -> std::result::Result<(), Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    if !is_file(&field, rules) {
        let content_type = field.content_type().map(str::to_owned);
        let text = within_deadline(context, read_text(field, form.pairs.len())).await?;
        if let Some(expected) = rules.names.iter().find(|known| **known == name) {
            // A browser sends nothing, without a name, for a file that was not chosen. Anything
            // else would be lost.
            if !text.is_empty() {
                return Err(not_a_file(expected).into());
            }
        } else {
            if !form.pairs.is_empty() {
                form.pairs.push(b'&');
            }
            let text = decoded(content_type.as_deref(), text);
            push_pair(&name, &text, &mut form.pairs);
        }
        return Ok(());
    }
    let name = file_field(&name, rules, form)?;
    // Of what came before: the upload begins with its header, and cannot wait for the rest of the
    // form.
    let described = (rules.describe)(form)?;
    let file_name = field.file_name().unwrap_or_default();
    let header = UploadHeader {
        owner_id: rules.owner.get(),
        file_name: file_name.chars().take(FILE_NAME_CHARACTERS_MAX).collect(),
        ..described
    };
    let upload = upload(context, &*surface.gateways.media, header, field);
    let item = within_deadline(context, upload).await?;
    // If the rest of the form is refused, it stays behind and is deleted as what no post uses.
    form.files.push((name, item));
    form.pairs_before_file = form.pairs.len();
    Ok(())
}

/// A file was expected in this field, and something else came.
pub(crate) fn not_a_file(field: &'static str) -> Error {
    let text = format!(
        "`{field}` is taken as a file only: send it as a part of a multipart form, with a file name or a type."
    );
    Error::invalid(field, text)
}

/// Whether a part is a file: where one is expected, anything that has a name or says that it is no
/// text; elsewhere only what does both, because many programs give the texts of a form a type, and
/// some a name.
fn is_file(field: &FileField<'_>, rules: &FileRules) -> bool {
    let expected = field.name().is_some_and(|name| rules.names.contains(&name));
    let (is_text, file_name) = (is_text(field.content_type()), field.file_name());
    match (expected, file_name) {
        (_, Some("")) => false,
        (true, None) => !is_text,
        (true, Some(_)) => true,
        (false, None) => false,
        (false, Some(_)) => !is_text,
    }
}

/// The file field of this name, which must be one that is taken and not have come before.
fn file_field(name: &str, rules: &FileRules, form: &ReadForm) -> Result<&'static str> {
    let known = rules.names.iter().copied().find(|known| *known == name);
    let Some(known) = known else {
        let shown: String = name.chars().take(64).collect();
        let taken = rules.names.join("`, `");
        let text = format!("A file in the field `{shown}` is not taken here, only in `{taken}`.");
        return Err(Error::invalid(shown, text));
    };
    if form.files.iter().any(|(before, _)| *before == known) {
        let text = format!("The field `{known}` may hold one file, and came twice.");
        return Err(Error::invalid(known, text));
    }
    Ok(known)
}

async fn read_text(mut field: FileField<'_>, bytes_before: usize) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        if bytes_before + text.len() + chunk.len() > TEXT_BYTES_MAX {
            let words = format!("The texts of a form may have {TEXT_BYTES_MAX} bytes together.");
            return Err(Error::new(ErrorCode::TooLarge, words));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn no_form(rejection: MultipartRejection) -> Error {
    let text = "The multipart form could not be read: its content type names no boundary. Please send it again.";
    Error::new(ErrorCode::Invalid, text).with_source(rejection)
}
